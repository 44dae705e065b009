"""Loaded by name, where processes are to be copied from: see `prepare` in experiments.pool."""

from experiments.preloaded import load

load()
