"""Nothing depends on the direction of the axis: x -> -x."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pmmtheory.harness.hunt.compared import Compared
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.relations._moved import check_moved, draw_chain


def draw(draw: Draw) -> dict[str, Any]:
    return draw_chain(draw)


def check(**case: Any) -> Iterator[Compared]:
    yield from check_moved(**case, mirror=True)
