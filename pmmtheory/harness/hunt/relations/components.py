"""The components of a mixture have no order, and one of them may be written as several of the same place and width."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pmmtheory.harness.hunt import chains, targets
from pmmtheory.harness.hunt.compared import Compared, both
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.features import on_line, ways


def draw(draw: Draw) -> dict[str, Any]:
    chain = chains.overdamped(draw, targets.mixture)
    return {"chain": chain, "rtol": chains.tolerance(draw, chain), "parts": draw.one_of([1, 2, 5, 20]), "turn": draw.whole(1, 2), "distances": ways(draw)}


def check(chain: chains.Chain, rtol: float, parts: int, turn: int, distances: list[str]) -> Iterator[Compared]:
    spec, n = chain["target"], len(chain["target"]["weights"])
    order = [(k + turn) % n for k in range(n)]
    order = [order[0]] * parts + order[1:]
    other = spec | {name: [spec[name][k] for k in order] for name in ("means", "variances")}
    other["weights"] = [spec["weights"][k] / (parts if k == order[0] else 1) for k in order]
    again = chain | {"target": other}
    laws = both(lambda: chains.law(chain, rtol), lambda: chains.law(again, rtol))
    yield from on_line(*laws, 1.0, 0.0, False, (targets.build(spec), targets.build(other)), distances)
