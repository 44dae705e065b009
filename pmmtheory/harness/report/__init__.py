"""A report of stored results: one HTML page that needs nothing else, and tables for LaTeX."""
