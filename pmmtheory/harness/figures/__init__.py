"""Figures from stored results: one a file, found by their folder."""
