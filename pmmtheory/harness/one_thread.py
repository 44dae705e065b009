"""The environment of a worker: what the last bits of a number depend on besides its code, the threads that share a sum and the order of sets;
and memory that is kept where it was freed, as handing it back and asking for it anew takes longer than filling it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_LIBRARIES = ("OMP", "MKL", "OPENBLAS", "BLIS", "NUMEXPR", "NUMBA")
_KEPT = {"MALLOC_MMAP_THRESHOLD_": str(2**25), "MALLOC_TRIM_THRESHOLD_": str(2**31), "MALLOC_TOP_PAD_": str(2**26)}
ALONE = {f"{library}_NUM_THREADS": "1" for library in _LIBRARIES} | {"VECLIB_MAXIMUM_THREADS": "1", "PYTHONHASHSEED": "0"} | _KEPT
"""Libraries read it when they are loaded."""


@contextmanager
def alone() -> Iterator[None]:
    """Let the processes started here compute with one thread each, whatever the user's environment says."""
    before = {name: os.environ.get(name) for name in ALONE}
    os.environ.update(ALONE)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
