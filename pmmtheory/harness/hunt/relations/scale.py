"""Nothing depends on the unit of length: x -> c x with a step of c^2 h (underdamped c h, and the friction over c), c from 1e-4 to 1e4."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pmmtheory.harness.hunt.compared import Compared
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.relations._moved import check_moved, draw_chain


def draw(draw: Draw) -> dict[str, Any]:
    return draw_chain(draw) | {"scale": 2.0 ** draw.one_of([1, -1, 4, -4, 8, -8, 13, -13])}


def check(**case: Any) -> Iterator[Compared]:
    yield from check_moved(**case)
