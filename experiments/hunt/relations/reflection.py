"""Nothing depends on the direction of the axis: x -> -x."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from experiments.hunt.compared import Compared
from experiments.hunt.draw import Draw
from experiments.hunt.relations._moved import check_moved, draw_chain


def draw(draw: Draw) -> dict[str, Any]:
    return draw_chain(draw)


def check(**case: Any) -> Iterator[Compared]:
    yield from check_moved(**case, mirror=True)
