"""Nothing depends on the origin: chains shifted by up to 1e6."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pmmtheory.harness.hunt.compared import Compared
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.relations._moved import check_moved, draw_chain


def draw(draw: Draw) -> dict[str, Any]:
    return draw_chain(draw) | {"shift": float(draw.one_of([8, 1000, 30, 100_000, 1_000_000]) * (-1 if draw.chance(0.5) else 1))}


def check(**case: Any) -> Iterator[Compared]:
    yield from check_moved(**case)
