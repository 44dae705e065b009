"""Every sampler on Gaussian data: the law on a moving grid against that by moments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pmmtheory.divergences import w2
from pmmtheory.errors import PmmError
from pmmtheory.harness.hunt import samplers, targets
from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.relations.engines import moments
from pmmtheory.laws import transient_law
from pmmtheory.schedulers import ExactPredictor


def draw(draw: Draw) -> dict[str, Any]:
    data = {"kind": "gaussian", "mean": draw.place(2.0), "variance": draw.log(1.0, 0.05) if draw.chance(0.6) else draw.log(1.0, 4.0)}
    return {"sampler": samplers.sampler(draw), "data": data, "rtol": draw.one_of([1e-4, 1e-5])}


def check(sampler: dict[str, Any], data: Any, rtol: float) -> Iterator[Compared]:
    made = samplers.build(sampler)
    target = targets.build(data)
    chain, goal = made.chain(ExactPredictor(target, made.schedule)), made.schedule.marginal(target, made.end)
    linear = transient_law(chain, rtol=1e-8, engine="gaussian")
    law = transient_law(chain, rtol=rtol, engine="inhomogeneous")
    yield from moments(law, linear)
    try:
        other = w2(linear, goal)
    except PmmError:  # moments do not give the distance of a scale mixture with another mean
        return
    yield compare("w2", w2(law, goal), other)
