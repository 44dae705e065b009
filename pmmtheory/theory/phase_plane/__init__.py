"""The leading error of underdamped schemes on the line, derived from their own steps."""
