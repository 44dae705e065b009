"""A user's step in the plane, with a noise of its own on each axis, shared or not: laws along directions against particles."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from pmmtheory.dynamics import Overdamped
from pmmtheory.harness.hunt.chains import rounded
from pmmtheory.harness.hunt.compared import Compared
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.sampled import distance
from pmmtheory.laws import transient_law
from pmmtheory.particles import simulate
from pmmtheory.schemes import EulerMaruyama, RandomizedMidpoint, Scheme
from pmmtheory.targets import Gaussian, GaussianMixture

DIRECTIONS = ([1.0, 0.0], [0.0, 1.0], [0.6, 0.8])


def draw(draw: Draw) -> dict[str, Any]:
    return {
        "name": draw.one_of(["EulerMaruyama", "EulerMaruyama", "RandomizedMidpoint"]),
        "factors": [draw.real(1.0, 0.6), draw.real(1.0, 1.4)] if draw.chance(0.7) else [1.0, 1.0],
        "force": draw.real(1.0, 0.5),
        "means": [[draw.place(1.5), draw.place(1.5)] for _ in range(2)],
        "step": rounded(draw.real(0.4, 0.1)),
        "steps": draw.whole(1, 3),
        "seed": draw.seed(),
    }


def check(name: str, factors: list[float], force: float, means: list[list[float]], step: float, steps: int, seed: int) -> Iterator[Compared]:
    target = GaussianMixture([0.5, 0.5], means, [1.0, 1.0])
    scheme = _scheme(name, factors, force)(Overdamped(target), step)
    initial = Gaussian([0.0, 0.5], 0.5)
    law = transient_law(scheme, initial, steps, rtol=1e-3)
    found = simulate(scheme, 40_000, steps, seed=seed, dtype=torch.float64, initial=initial)
    for direction in DIRECTIONS:
        unit = torch.tensor(direction, dtype=torch.float64)
        yield distance(f"projection on {direction}", found @ (unit / math.hypot(*direction)), law.along(direction), len(DIRECTIONS))


def _scheme(name: str, factors: list[float], force: float) -> type[Scheme]:
    base: Any = {"EulerMaruyama": EulerMaruyama, "RandomizedMidpoint": RandomizedMidpoint}[name]

    class Stretched(base):  # type: ignore[misc]
        def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
            mean, factor = base.step(self, x, t, draws)
            wide = factor if factors[0] == factors[1] else factor * torch.tensor(factors, dtype=x.dtype)
            return x + force * (mean - x), wide

    return Stretched
