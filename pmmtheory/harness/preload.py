"""Loaded by name, where processes are to be copied from: see `prepare` in pmmtheory.harness.apart."""

from pmmtheory.harness.preloaded import load

load()
