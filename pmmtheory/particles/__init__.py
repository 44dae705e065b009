"""Simulation of many chains at once."""

from pmmtheory.particles.simulate import sample_step, simulate, stream

__all__ = ["sample_step", "simulate", "stream"]
