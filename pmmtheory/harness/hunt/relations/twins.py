"""Schemes that are one: K = 1 is Euler-Maruyama, K = 2 has one kind of midpoints, one midpoint with K = inf is the randomized midpoint method."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from pmmtheory.harness.hunt import chains, targets
from pmmtheory.harness.hunt.compared import Compared
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.features import on_line, ways

PAIRS: dict[str, tuple[tuple[str, dict[str, Any]], tuple[str, dict[str, Any]]]] = {
    "one substep": (("EulerMaruyama", {}), ("PoissonMidpoint", {"substeps": 1, "midpoints": "bernoulli"})),
    "one single": (("EulerMaruyama", {}), ("PoissonMidpoint", {"substeps": 1, "midpoints": "single"})),
    "two substeps": (
        ("PoissonMidpoint", {"substeps": 2, "midpoints": "single"}),
        ("PoissonMidpoint", {"substeps": 2, "midpoints": "bernoulli"}),
    ),
    "randomized": (("RandomizedMidpoint", {}), ("PoissonMidpoint", {"substeps": math.inf, "midpoints": "single"})),
}


def draw(draw: Draw) -> dict[str, Any]:
    pair = draw.one_of(list(PAIRS))
    name = PAIRS[pair][1][0] if pair in ("two substeps", "randomized") else "EulerMaruyama"
    chain = chains.overdamped(draw, chains.nearer(targets.any_target), names=(name,))
    return {"pair": pair, "chain": chain, "rtol": chains.tolerance(draw, chain), "distances": ways(draw)}


def check(pair: str, chain: chains.Chain, rtol: float, distances: list[str]) -> Iterator[Compared]:
    laws = [chains.law(chain | {"scheme": name, "options": options}, rtol) for name, options in PAIRS[pair]]
    target = targets.build(chain["target"])
    yield from on_line(laws[0], laws[1], 1.0, 0.0, False, (target, target), distances)
