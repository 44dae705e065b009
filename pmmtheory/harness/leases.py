"""Which cells this run has in hand, told to other runs on the same store by locks of the system, which end with the process that holds them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pmmtheory.harness.errors import StoreError

try:
    import fcntl
except ImportError:  # no such locks here: every run computes what it lacks
    fcntl = None  # type: ignore[assignment]


class Leases:
    """A lock for each cell: one byte, whose place is the key of the cell, of one empty file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def take(self, key: str) -> bool:
        """Have the cell of this key from now on; False where another run has it."""
        if fcntl is None:
            return True
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _place(key))
        except (BlockingIOError, PermissionError):
            return False
        return True

    def give_back(self, key: str) -> None:
        """Leave the cell to others."""
        if fcntl is not None:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _place(key))


@contextmanager
def leases(store: Path) -> Iterator[Leases]:
    """The leases of one run on a store; they end with the block. The file stays beside the store, so that all runs mean the same.

    Raises
    ------
    StoreError
        The file cannot be created.
    """
    path = Path(f"{store}-cells")
    try:
        file = path.open("ab")
    except OSError as error:
        raise StoreError(f"the file {path}, by which runs on one store share their work, cannot be opened: {error.strerror}.") from error
    with file:
        yield Leases(file)


def _place(key: str) -> int:
    """A byte below 2^60."""
    return int(key[:15], 16)
