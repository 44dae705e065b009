"""What is said at a loose `rtol` is within its error of what is said at a tight one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.features import attempt
from pmmtheory.harness.hunt.pairs import DISTANCES, KINDS

_LOOSE = 1e-2, 1e-1, 1e-3, 1e-4


def draw(draw: Draw) -> dict[str, Any]:
    kind = draw.one_of(list(KINDS))
    case = KINDS[kind].draw(draw)
    return {"kind": kind, "case": case, "rtol": draw.one_of(_LOOSE), "distances": [name for name in DISTANCES if draw.chance(0.5)]}


def check(kind: str, case: dict[str, Any], rtol: float, distances: list[str]) -> Iterator[Compared]:
    tight, loose = (KINDS[kind].pairs(case, accuracy) for accuracy in (KINDS[kind].tight, rtol))
    for (name, one, other), (_, again, same) in zip(loose, tight, strict=True):
        for distance in distances:
            found, finer = (attempt(distance, *pair, DISTANCES) for pair in ((one, other), (again, same)))
            if found is not None and finer is not None:
                yield compare(f"{distance} {name}", found, finer)
