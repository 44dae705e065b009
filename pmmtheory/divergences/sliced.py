"""The sliced Wasserstein distance in the plane."""

from __future__ import annotations

import math
from typing import Any

import torch

from pmmtheory.divergences.comparison import pair_of
from pmmtheory.divergences.plane import InPlane
from pmmtheory.divergences.samples import as_sample, is_sample, w2_samples
from pmmtheory.errors import InvalidParameter, count
from pmmtheory.estimate import Estimate
from pmmtheory.laws.law import side_of


def between(law: Any, target: Any, directions: int) -> Estimate:
    """The root mean square over directions, equally spaced in the half circle, of W2 between the marginals."""
    directions = count("directions", directions, most=100_000)
    reference = side_of(target, InPlane.targets)
    if reference is None or reference.dim != 2:
        raise InvalidParameter("target", getattr(target, "name", target), "a Gaussian or a mixture of Gaussians in the plane")
    points = as_sample(law, "law", 2) if is_sample(law) else None
    if points is None and side_of(law, InPlane.laws) is None:
        raise InvalidParameter("law", type(law).__name__, "a law in the plane, or a sample of shape (n, 2)")
    angles = [math.pi * (k + 0.5) / directions for k in range(directions)]
    found = []
    for angle in angles:
        unit = [math.cos(angle), math.sin(angle)]
        if points is None:
            found.append(pair_of(law.along(unit), target.along(unit), "w2").w2())
        else:
            found.append(w2_samples(points @ torch.tensor(unit, dtype=torch.float64), target.along(unit)))
    value = math.sqrt(sum(part.value**2 for part in found) / directions)
    error = math.sqrt(sum(part.error**2 for part in found) / directions)  # of a root mean square, by the triangle inequality
    return Estimate(value, error, found[0].method.replace("on the line", "in the plane"))
