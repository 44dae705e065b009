"""Laws of chains on products of targets on the line, one coordinate at a time."""
