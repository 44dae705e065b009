"""Simulation of many chains at once."""

from pmmtheory.particles.simulate import sample_step, simulate
from pmmtheory.particles.starts import stream

__all__ = ["sample_step", "simulate", "stream"]
