"""Simulation of many chains at once, and estimates from them."""

from pmmtheory.particles.coupled import CoupledDifference, coupled_difference
from pmmtheory.particles.expectations import Expectations, expectations
from pmmtheory.particles.multilevel import Bias, bias
from pmmtheory.particles.simulate import sample_step, simulate, stream

__all__ = ["Bias", "CoupledDifference", "Expectations", "bias", "coupled_difference", "expectations", "sample_step", "simulate", "stream"]
