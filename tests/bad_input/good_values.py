"""Good values of the parameters of public callables, by their names."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch

from pmmtheory.dynamics import Overdamped, ProbabilityFlow, ReverseDiffusion, Underdamped
from pmmtheory.images import Architecture, FeatureNet
from pmmtheory.laws import stationary_law
from pmmtheory.schedulers import ExactPredictor, NoiseSchedule
from pmmtheory.schemes import EulerMaruyama, Scheme
from pmmtheory.targets import Cosine, Gaussian
from pmmtheory.testing.check_scheme import JUMPING_LAWS, LAWS

POINTS = torch.tensor([0.1, 0.2], dtype=torch.float64)


def square(x: torch.Tensor) -> torch.Tensor:
    return x**2 / 2


@lru_cache(maxsize=1)
def good_values() -> dict[str, tuple[Any, ...]]:
    """By the name of a parameter: values that fit, the first that a callable takes is used."""
    line, scheme = Gaussian(), EulerMaruyama(Overdamped(Gaussian()), 0.1)
    return {**_of_chains(line, scheme), **_of_laws_and_samples(line, scheme), **_numbers_and_names()}


def _of_chains(line: Gaussian, scheme: Scheme) -> dict[str, tuple[Any, ...]]:
    schedule = NoiseSchedule(np.linspace(1e-3, 0.2, 20))
    return {
        "target": (line, Gaussian(dim=2)),
        "dynamics": (Overdamped(line), Underdamped(line, 2.0), ReverseDiffusion(line, 1.0, 0.1), ProbabilityFlow(line, 1.0, 0.1)),
        "scheme": (scheme, EulerMaruyama, "LMC"),
        "step_size": (0.1,),
        "friction": (2.0,),
        "schedule": (schedule,),
        "predictor": (ExactPredictor(line, schedule),),
        "steps": (4, [1, 2]),
        "times": ([15, 10, 5, 0],),
        "initial": (line,),
        "start": (line,),
        "fine": (EulerMaruyama(scheme.dynamics, 0.05),),
        "path": ("coarse",),
        "particles": (5, 8),
        "burn_in": (1,),
        "draws": ({},),
        "state": (POINTS,),
        "position": (POINTS,),
        "integrator": ("euler",),
        "network": (lambda x, t: x,),
        "forward_times": ([0.1, 0.5, 2.0],),
        "spacing": ("uniform",),
        "end": (0,),
        "substeps": (4,),
        "growth_of_substeps": (0.5,),
        "event_shape": (None,),
        "potential": (square,),
        "factors": ([line, Cosine()],),
        "means": ([-1.0, 1.0],),
        "variances": ([1.0, 1.0],),
        "weights": ([0.5, 0.5],),
        "horizon": (1.0,),
        "stop": (0.1,),
        "betas": (np.linspace(1e-3, 0.2, 20),),
        "log_alpha": (np.linspace(-0.001, -3.0, 20),),
    }


def _of_laws_and_samples(line: Gaussian, scheme: Scheme) -> dict[str, tuple[Any, ...]]:
    law, spread = stationary_law(scheme), torch.arange(200.0, dtype=torch.float64)
    images = torch.linspace(-1, 1, 48).sin().reshape(3, 1, 4, 4)
    return {
        "law": (law, torch.stack([torch.cos(spread), torch.sin(3 * spread)], -1), stationary_law(scheme, engine="gaussian")),
        "other": (line, law, images, scheme),
        "points": ((0.5,), POINTS),
        "x": (POINTS, spread.reshape(-1, 2), spread, torch.sin(torch.arange(480.0))),
        "y": (torch.cos(spread).reshape(-1, 2), spread[:100] % 2, torch.cos(spread)),
        "reference": (torch.cos(torch.arange(480.0)),),
        "f": (torch.cos,),
        "function": (torch.cos,),
        "functions": (torch.cos,),
        "b": (POINTS,),
        "images": (images,),
        "train": (images,),
        "test": (images + 0.1,),
        "net": (FeatureNet((1, 4, 4), classes=2, size=2),),
        "architecture": (Architecture((1, 4, 4), widths=(16, 16)),),
        "shape": ((1, 4, 4),),
        "source": ("digits",),
        "generator": (torch.Generator(),),
        "direction": ([1.0],),
        "moments": (lambda p: 0.1**p,),
    }


def _numbers_and_names() -> dict[str, tuple[Any, ...]]:
    return {
        "order": (2.0, 2),
        "step_sizes": ([0.4, 0.2, 0.1, 0.05],),
        "estimates": ([0.4, 0.2, 0.1, 0.05],),
        "tolerance": (0.5,),
        "t": (0.5, 5, 0),
        "h": (0.1,),
        "k": (2,),
        "n": (3,),
        "u": (0.3,),
        "q": (0.3,),
        "alpha": (0.5,),
        "size": (0.1,),
        "nodes": (3,),
        "kind": ("asymptotic", "bernoulli", "wave"),
        "time": (0.5,),
        "number": (0,),
        "seed": (0,),
        "device": ("cpu",),
        "distance": ("tv",),
        "centre": (0.0,),
        "i": (1, 0),
        "j": (1, 0),
        "step": (0.1,),
        "value": (1.0,),
        "error": (0.1,),
        "method": ("given",),
        "skip": ([law for law in {**LAWS, **JUMPING_LAWS} if law not in ("shapes", "stationary Gaussian", "weak order")],),
        "name": ("images",),
        "value_of": (1.0,),
        "dim": (2, 1),
        **dict.fromkeys(("lsi", "smoothness", "initial_kl", "initial_w2", "initial_energy", "initial_velocity", "condition", "radius"), (1.0,)),
        **dict.fromkeys(("accuracy", "variance", "bias"), (0.1,)),
    }
