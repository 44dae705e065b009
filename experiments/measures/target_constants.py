"""The constants of a target on the line that theorems ask for, next to what its force and its spectrum say."""

from __future__ import annotations

import numpy as np
import torch

from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import build_target
from pmmtheory.laws import spectral_gap

_POINTS = 40_001
_NEAR = 1e-3


def measure(device: str, target: str, spectrum: bool = True) -> dict[str, Estimate]:
    """`bend`, the largest |F''| by differences of the force; 0.999 and 1.001 times L; with a spectrum its `gap`, and 0.999 times what is declared."""
    goal = build_target(target)
    x = torch.linspace(goal.quadrature.low, goal.quadrature.high, _POINTS, dtype=torch.float64)
    force = goal.drift(x).numpy()
    slopes = np.abs(np.diff(force)) / float(x[1] - x[0])
    bend = float(slopes.max())
    change = float(np.abs(np.diff(slopes)).max())  # between neighbours: at a maximum F'' is off by less
    found = {"bend": Estimate(bend, min(change, 1e-5 * bend), "differences of the force")}
    told = {"less than L": (1 - _NEAR) * float(goal.smoothness), "more than L": (1 + _NEAR) * float(goal.smoothness)}
    if spectrum:
        gap = float(spectral_gap(goal))
        found["gap"] = Estimate(gap, 1e-6 * gap, "spectrum of the generator")
    told |= {name: (1 - _NEAR) * float(value) for name in ("poincare", "lsi") if (value := getattr(goal, name)) is not None}
    return found | {name: Estimate(value, 0.0, "declared") for name, value in told.items()}
