"""Laws of chains in R^2."""
