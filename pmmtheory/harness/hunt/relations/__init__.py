"""Relations of the hunt: one a file."""
