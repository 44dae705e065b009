"""Laws of chains on the line whose steps depend on time."""
