"""Laws of underdamped chains on the line, in the phase plane of position and velocity."""
