"""Join stores that were filled apart."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from pmmtheory.harness.store import open_store


def merge(stores: Sequence[Path], into: Path) -> None:
    """Add the rows of stores to one, which is created where it is missing, and say how many. Those that are read are left as they are.

    Raises
    ------
    StoreError
        One of them is missing or no store; nothing is written then.
    """
    with ExitStack() as opened:
        others = {path: opened.enter_context(open_store(path, must_exist=True)).everything()[1] for path in dict.fromkeys(stores)}
        target = opened.enter_context(open_store(into))
        for path, rows in others.items():
            print(f"{path}: {len(rows)} rows, {target.take_in(rows)} more")
        print(f"{into}: {len(target.everything()[1])} rows")
