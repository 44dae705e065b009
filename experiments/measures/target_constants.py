"""The constants of a target on the line that theorems ask for, next to what its force and its spectrum say."""

from __future__ import annotations

import numpy as np
import torch

from pmmtheory import targets
from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import TARGETS, build_target
from pmmtheory.laws import spectral_gap
from pmmtheory.targets.line import LineTarget

_POINTS = 40_001
_NEAR, _LITTLE = 1e-3, 1e-6


def measure(device: str, target: str, spectrum: bool = True) -> dict[str, Estimate]:
    """The declared constants times 0.999 and 1.001, and what they are compared with.

    `force` : the largest difference of the force from -F', by differences of F, over its largest value; `little`, 1e-6.
    `bend` and `least` : the largest |F''| and the least F'', by differences of the force; the latter goes with the declared one less and more 0.001 L.
    `gap` : that of the generator, with a spectrum.
    """
    goal: LineTarget = build_target(target) if target in TARGETS else getattr(targets, target)()
    x = torch.linspace(goal.quadrature.low, goal.quadrature.high, _POINTS, dtype=torch.float64)
    force = goal.drift(x).numpy()
    curvatures = -np.diff(force) / float(x[1] - x[0])
    slopes = np.abs(curvatures)
    bend, least = float(slopes.max()), float(curvatures.min())
    change = float(np.abs(np.diff(slopes)).max())  # between neighbours: at a maximum F'' is off by less
    slope = -torch.diff(goal.potential(x)).numpy() / float(x[1] - x[0])
    off = float(np.abs(slope - (force[1:] + force[:-1]) / 2).max() / np.abs(force).max())  # by a second difference of the force
    found = {"force": Estimate(off, 0.0, "differences of F"), "little": Estimate(_LITTLE, 0.0, "declared")}
    if goal.superlinear:
        return found
    error, smooth = min(change, 1e-5 * bend), float(goal.smoothness)
    found |= {"bend": Estimate(bend, error, "differences of the force"), "least": Estimate(least, error, "differences of the force")}
    told = {"less than L": (1 - _NEAR) * smooth, "more than L": (1 + _NEAR) * smooth}
    told |= {"less convex": goal.strong_convexity - _NEAR * smooth, "more convex": goal.strong_convexity + _NEAR * smooth}
    if spectrum:
        gap = float(spectral_gap(goal))
        found["gap"] = Estimate(gap, 1e-6 * gap, "spectrum of the generator")
    told |= {name: (1 - _NEAR) * float(value) for name in ("poincare", "lsi") if (value := getattr(goal, name)) is not None}
    return found | {name: Estimate(value, 0.0, "declared") for name, value in told.items()}
