"""A law against particles: the distribution functions of positions and velocities, where one false alarm in 1e9 cases is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from pmmtheory.harness.hunt import chains, targets
from pmmtheory.harness.hunt.compared import Compared
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.sampled import distance
from pmmtheory.particles import simulate

PARTICLES = 40_000


def draw(draw: Draw) -> dict[str, Any]:
    if draw.chance(0.12):
        chain = chains.underdamped(draw, stationary=0.0, names=("EulerMaruyama", *chains.SPLITTINGS, "RandomizedMidpoint", "PoissonMidpoint"))
    else:
        chain = chains.overdamped(draw, stationary=0.0, names=chains.LINE)
    return {"chain": chain, "rtol": 1e-4, "seed": draw.seed()}


def check(chain: chains.Chain, rtol: float, seed: int) -> Iterator[Compared]:
    law, scheme = chains.law(chain, rtol), chains.build(chain)
    initial = targets.build(chain["initial"])
    found = simulate(scheme, PARTICLES, chain["steps"], seed=seed, dtype=torch.float64, initial=initial)
    if chain["friction"] is None:
        yield distance("position", found, law, 1)
        return
    yield distance("position", found[:, 0], law.position, 2)
    yield distance("velocity", found[:, 1], law.velocity, 2)
