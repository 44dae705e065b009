"""Samplers of diffusion models as chains over a noise predictor: one scheduler a file."""

from typing import TYPE_CHECKING

from pmmtheory.discover import lookup
from pmmtheory.dynamics.network_predictor import NetworkPredictor
from pmmtheory.dynamics.noise_prediction import NoisePrediction
from pmmtheory.dynamics.predictor import ExactPredictor, NoiseFunction, NoisyPredictor, PerturbedPredictor, Predictor
from pmmtheory.noise.levels import NoiseLevels
from pmmtheory.noise.schedule import NoiseSchedule
from pmmtheory.schedulers.ddim import DDIM
from pmmtheory.schedulers.ddpm import DDPM
from pmmtheory.schedulers.dpm_solver import DPMSolver
from pmmtheory.schedulers.dpm_solver_multistep import DPMSolverMultistep
from pmmtheory.schedulers.dpm_solver_plus_plus import DPMSolverPlusPlus2M
from pmmtheory.schedulers.heun import Heun
from pmmtheory.schedulers.poisson import PoissonMidpointScheduler
from pmmtheory.schedulers.randomized_midpoint import RandomizedMidpointScheduler
from pmmtheory.schedulers.scheduler import Scheduler

__all__ = [
    "DDIM",
    "DDPM",
    "DPMSolver",
    "DPMSolverMultistep",
    "DPMSolverPlusPlus2M",
    "ExactPredictor",
    "Heun",
    "NetworkPredictor",
    "NoiseFunction",
    "NoiseLevels",
    "NoisePrediction",
    "NoiseSchedule",
    "NoisyPredictor",
    "PerturbedPredictor",
    "PoissonMidpointScheduler",
    "Predictor",
    "RandomizedMidpointScheduler",
    "Scheduler",
]

if not TYPE_CHECKING:  # which would let a misspelt name pass

    def __getattr__(name: str) -> type:
        """A class of a new file in this folder, by its name."""
        return lookup(__name__, Scheduler, name)
