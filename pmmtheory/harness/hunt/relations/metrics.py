"""tv and w2 between laws on the line: symmetric, and the triangle inequality; kl of one law to itself is zero."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pmmtheory.divergences import Estimate, kl, tv, w2
from pmmtheory.harness.hunt import chains, targets
from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw


def draw(draw: Draw) -> dict[str, Any]:
    names = ("EulerMaruyama",)
    target = draw.one_of([targets.gaussian, lambda d: targets.mixture(d, 3.0), targets.potential])
    return {
        "three": [chains.overdamped(draw, target, names=names) for _ in range(3)],
        "rtol": draw.one_of([1e-5, 1e-6]),
        "names": ["tv"] if draw.unit() < 0.8 else ["w2"],
    }


def check(three: list[chains.Chain], rtol: float, names: list[str]) -> Iterator[Compared]:
    laws = [chains.law(chain, rtol) for chain in three]
    if any(law.truncated for law in laws):
        return
    for name in names:
        distance = {"tv": tv, "w2": w2}[name]
        first, second, third = (distance(laws[i], laws[j]) for i, j in ((0, 1), (1, 2), (0, 2)))
        yield compare(f"{name} the other way round", first, distance(laws[1], laws[0]))
        if third.value > first.value + second.value:
            yield compare(f"triangle of {name}", third, Estimate(first.value + second.value, first.error + second.error, ""))
    yield compare("kl to itself", kl(laws[0], laws[0]), 0.0)
