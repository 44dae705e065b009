"""Loaded by name, where processes are to be copied from: see `prepare` in pmmtheory.harness.processes."""

from pmmtheory.harness.preloaded import load

load()
