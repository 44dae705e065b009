"""Cases that take too long, or kill their process."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw


def draw(draw: Draw) -> dict[str, Any]:
    return {"what": draw.one_of(["sleep", "die", "live"])}


def check(what: str) -> Iterator[Compared]:
    if what == "sleep":
        time.sleep(100)
    if what == "die":
        os._exit(3)
    yield compare("one", 1.0, 1.0)
