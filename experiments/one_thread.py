"""What the last bits of a number depend on besides its code: the threads that share a sum, and the order of sets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_LIBRARIES = ("OMP", "MKL", "OPENBLAS", "BLIS", "NUMEXPR", "NUMBA")
ALONE = {f"{library}_NUM_THREADS": "1" for library in _LIBRARIES} | {"VECLIB_MAXIMUM_THREADS": "1", "PYTHONHASHSEED": "0"}
"""The environment of a worker. Libraries read it when they are loaded."""


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
