"""w2 of a sample on the line to a Gaussian or a mixture against quadrature cell by cell: far and rare modes are seen or stated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from pmmtheory.divergences import w2
from pmmtheory.harness.hunt import targets
from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.transport import w2_of_sample


def draw(draw: Draw) -> dict[str, Any]:
    far = draw.one_of([4.0, 100.0, 1000.0])
    weight = draw.one_of([draw.real(0.5, 0.9), draw.log(1e-2, 1e-6)])
    target = {"kind": "mixture", "weights": [1 - weight, weight], "means": [0.0, draw.place(far)], "variances": [1.0, draw.log(1.0, 0.1)]}
    return {"target": target, "own": draw.chance(0.5), "points": draw.one_of([200, 1000, 3000]), "seed": draw.seed()}


def check(target: Any, own: bool, points: int, seed: int) -> Iterator[Compared]:
    goal = targets.build(target)
    sample = goal.sample(points, seed=seed) if own else torch.as_tensor(np.random.default_rng(seed).standard_normal(points))
    fine, coarse = (w2_of_sample(sample.numpy(), target, n) for n in (60, 40))
    yield compare("w2", w2(sample, goal), fine, abs(fine - coarse) + 1e-9)
