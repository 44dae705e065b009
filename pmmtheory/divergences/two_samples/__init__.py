"""Distances of laws from samples of them, in any dimension, less what samples of one law differ by."""
