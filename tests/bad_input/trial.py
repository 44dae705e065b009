"""One call under a limit of time and of memory, and what came of it."""

from __future__ import annotations

import dataclasses
import math
import os
import resource
import signal
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pmmtheory.errors import PmmError
from pmmtheory.testing import BrokenScheme

SECONDS, MEMORY = 4.0, 2 * 2**30
"""What one call may take: processor time, and memory beyond what the process has."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """`kind` is "refused" (by an error of pmmtheory), "accepted", or what must not be: "not a number", "traceback" or "hang".

    The verdict that a scheme is broken is an answer: accepted.
    """

    kind: str
    said: str


class _OutOfTime(BaseException):
    """Nothing that a call may catch."""


def tried(call: Callable[[], Any]) -> Outcome:
    """What comes of a call."""
    try:
        with _limits(), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = call()
        where = missing(found)
        return Outcome("not a number", where) if where else Outcome("accepted", type(found).__name__)
    except PmmError as error:
        return Outcome("refused", str(error))
    except BrokenScheme as verdict:
        return Outcome("accepted", str(verdict))
    except _OutOfTime:
        return Outcome("hang", f"no answer in {SECONDS:g} s")
    except Exception as error:
        return Outcome("traceback", f"{type(error).__name__}: {str(error)[:200]}")


@contextmanager
def _limits() -> Iterator[None]:
    def stop(number: int, frame: Any) -> None:
        raise _OutOfTime

    pages = Path("/proc/self/statm")
    used = int(pages.read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE") if pages.exists() else math.inf
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGVTALRM, stop)
    if used < math.inf:
        resource.setrlimit(resource.RLIMIT_AS, (int(used) + MEMORY, hard))
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.signal(signal.SIGVTALRM, before)


def missing(found: Any, depth: int = 2, at: str = "the result") -> str:
    """Where a result holds NaN; empty where it does not. Attributes are looked at two levels deep."""
    if isinstance(found, float | np.floating):
        return at if math.isnan(found) else ""
    if isinstance(found, torch.Tensor | np.ndarray):
        values = torch.as_tensor(found) if isinstance(found, torch.Tensor) or found.dtype.kind in "fc" else torch.zeros(1)
        return at if bool(torch.isnan(values).any()) else ""
    if depth == 0:
        return ""
    if isinstance(found, Mapping):
        inner = {f"[{key!r}]": value for key, value in found.items()}
    elif isinstance(found, list | tuple):
        inner = {f"[{i}]": value for i, value in enumerate(found)}
    elif getattr(found, "reason", ""):  # a RateFit says why it has no rate
        return ""
    elif type(found).__module__.startswith("pmmtheory."):
        inner = {f".{name}": value for name, value in getattr(found, "__dict__", {}).items() if not name.startswith("_")}
    else:
        return ""
    return next((where for name, value in inner.items() if (where := missing(value, depth - 1, at + name))), "")
