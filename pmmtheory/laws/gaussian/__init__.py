"""Laws of chains on Gaussian targets, in any dimension."""
