"""Each kind of outcome by its number, and a line in a log for every case that is run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from pmmtheory.errors import NotConverged
from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw


def draw(draw: Draw) -> dict[str, Any]:
    return {"kind": draw.one_of(["held", "refusal", "held", "crash", "violation", "held"]), "size": draw.real(0.0, 10.0), "other": draw.real(0.0, 1.0)}


def check(kind: str, size: float, other: float) -> Iterator[Compared]:
    with open(os.environ["HUNT_LOG"], "a") as log:
        log.write(f"{kind}\n")
    if kind == "refusal":
        raise NotConverged("a law", 1e-3, 1e-9)
    if kind == "crash":
        raise RuntimeError("no number")
    yield compare("size", size if kind == "violation" else 0.0, 0.0, 1.5)
