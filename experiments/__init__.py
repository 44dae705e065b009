"""The studies that check the theory, and the command line that runs them."""
