"""Every sampler, and chains of the reverse diffusion, on two modes: the law on a moving grid against particles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from pmmtheory import schemes
from pmmtheory.chain import Chain
from pmmtheory.dynamics import ReverseDiffusion
from pmmtheory.harness.hunt import samplers, targets
from pmmtheory.harness.hunt.chains import poisson
from pmmtheory.harness.hunt.compared import Compared
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.sampled import distance
from pmmtheory.laws import transient_law
from pmmtheory.particles import simulate
from pmmtheory.schedulers import ExactPredictor

PARTICLES = 20_000


def draw(draw: Draw) -> dict[str, Any]:
    case: dict[str, Any] = {"data": samplers.data(draw), "seed": draw.seed()}
    if draw.chance(0.25):
        name = draw.one_of(["EulerMaruyama", "RandomizedMidpoint", "PoissonMidpoint"])
        options = poisson(draw) if name == "PoissonMidpoint" else {}
        return case | {"sampler": None, "reverse": {"name": name, "options": options, "steps": draw.whole(6, 12), "horizon": draw.real(1.0, 2.0)}}
    return case | {"sampler": samplers.sampler(draw, samplers.NOISY + samplers.DETERMINISTIC, 8), "reverse": None}


def check(data: Any, seed: int, sampler: Any, reverse: Any) -> Iterator[Compared]:
    target = targets.build(data)
    if sampler is not None:
        made = samplers.build(sampler)
        chain = made.chain(ExactPredictor(target, made.schedule))
    else:
        steps = reverse["steps"]
        system = ReverseDiffusion(target, horizon=reverse["horizon"], stop=0.05)
        scheme = getattr(schemes, reverse["name"])(system, system.duration / steps, **reverse["options"])
        chain = Chain(scheme, system.marginal(reverse["horizon"]), steps)
    law = transient_law(chain, rtol=1e-3)
    found = chain.scheme.dynamics.position(simulate(chain, PARTICLES, seed=seed, dtype=torch.float64))
    yield distance("sample", found, law)
