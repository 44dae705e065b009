"""Laws of overdamped chains in R^2, for any smooth potential."""
