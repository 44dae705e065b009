"""One case of a relation, from its numbers to its outcome."""

from __future__ import annotations

import hashlib
import importlib
import json
import pkgutil
import re
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from pmmtheory.errors import NotNormalisable, PmmError
from pmmtheory.harness.hunt.compared import Compared, Lopsided
from pmmtheory.harness.hunt.draw import Draw, replay

RELATIONS = "pmmtheory.harness.hunt.relations"

HELD, VIOLATION, REFUSAL, CRASH, TIMEOUT, DEATH = "held", "violation", "refusal", "crash", "time limit", "death"
FAULTS = (VIOLATION, CRASH, DEATH)
"""The kinds of outcome after which a hunt has not ended clean."""


@dataclass(frozen=True)
class Outcome:
    """What became of a case.

    Attributes
    ----------
    kind : str
        "held"; "violation"; "refusal" by pmmtheory in a sentence of its own; "crash" by any other error; "time limit"; "death" of the process.
    reason : str
        The quantity that was violated, or why there is none.
    compared : int
        How many quantities were compared.
    worst : Compared or None
        The one with the largest excess.
    """

    kind: str
    reason: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    worst: Compared | None = None
    compared: int = 0
    numbers: tuple[float, ...] = ()
    seconds: float = 0.0


@cache
def relations(package: str = RELATIONS) -> dict[str, ModuleType]:
    """The relations of a package by name; a leading underscore hides a file of helpers."""
    folders = importlib.import_module(package).__path__
    names = sorted(module.name for module in pkgutil.iter_modules(folders) if not module.name.startswith("_"))
    return {name: importlib.import_module(f"{package}.{name}") for name in names}


def numbers_of(seed: int, relation: str, number: int) -> Draw:
    """The draw of a case: it depends on nothing but these three."""
    key = int.from_bytes(hashlib.blake2b(f"{seed}/{relation}/{number}".encode(), digest_size=16).digest(), "big")
    return Draw(np.random.default_rng(key).random)


def run_case(relation: ModuleType, numbers: Draw | Sequence[float]) -> Outcome:
    """Draw a case, check it, and never raise."""
    draw = numbers if isinstance(numbers, Draw) else replay(numbers)
    start = time.perf_counter()
    parameters: dict[str, Any] = {}
    seen: list[Compared] = []
    kind, reason = HELD, ""
    try:
        parameters = relation.draw(draw)
        for compared in relation.check(**parameters):
            seen.append(compared)
    except NotNormalisable as error:  # every target that is drawn is normalisable
        kind, reason = VIOLATION, f"a target that is fine is refused: {error}"
    except PmmError as error:
        kind, reason = REFUSAL, f"{type(error).__name__}: {error}"
    except Lopsided as error:
        kind, reason = VIOLATION, str(error)
    except Exception as error:  # whatever else is raised is a fault of pmmtheory, or of the relation
        kind, reason = CRASH, f"{type(error).__name__}: {error} ({_where(error)})"
    worst = max(seen, key=lambda compared: compared.excess, default=None)
    if worst is not None and not worst.holds:
        kind, reason = VIOLATION, worst.quantity
    return Outcome(kind, " ".join(reason.split())[:400], parameters, worst, len(seen), tuple(draw.taken), time.perf_counter() - start)


def short_reason(reason: str) -> str:
    """A reason without its numbers, so that like reasons can be counted."""
    plain = re.sub(r"\[[^\]]*\]|\([^)]*\)", "", reason)
    return re.sub(r"\s+", " ", re.sub(r"[-+]?(\d[\d.,]*(e[-+]?\d+)?|\binf\b|\bnan\b)", "#", plain))[:110].strip()


def as_json(parameters: Any) -> str:
    """Parameters as strict JSON."""
    return json.dumps(parameters, default=_plain, allow_nan=True)


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)


def _where(error: Exception) -> str:
    """The innermost line of this project in a traceback."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
    return f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else "nowhere"
