"""Noise schedules and levels, and the coefficients of the samplers of diffusion models: numbers only."""

from pmmtheory.noise.levels import NoiseLevels
from pmmtheory.noise.schedule import NoiseSchedule

__all__ = ["NoiseLevels", "NoiseSchedule"]
