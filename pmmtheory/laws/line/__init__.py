"""Laws of chains on the line whose steps do not depend on time."""
