"""The SDEs and their affine integrators."""

from pmmtheory.dynamics.block_factor import BlockFactor
from pmmtheory.dynamics.dynamics import Dynamics
from pmmtheory.dynamics.noise_prediction import NoisePrediction
from pmmtheory.dynamics.overdamped import Overdamped
from pmmtheory.dynamics.probability_flow import ProbabilityFlow
from pmmtheory.dynamics.reverse_diffusion import ReverseDiffusion
from pmmtheory.dynamics.underdamped import Underdamped

__all__ = ["BlockFactor", "Dynamics", "NoisePrediction", "Overdamped", "ProbabilityFlow", "ReverseDiffusion", "Underdamped"]
