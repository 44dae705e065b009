"""What a run has done so far, in a file that is whole at every moment."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter

_EVERY = 10.0
"""Seconds between two checkpoints, at least; longer where writing one takes long."""


class Checkpoint:
    """The number of chunks done and what was made of them, at `path` (None: nowhere).

    A checkpoint is written to another file, which then takes the name: a run that is killed leaves the last one whole.
    """

    def __init__(self, path: Any, run: str):
        if path is not None and not isinstance(path, str | os.PathLike):
            raise InvalidParameter("checkpoint", path, "a path")
        self._path = None if path is None else Path(path)
        self._run, self._last, self._took = run, time.monotonic(), 0.0
        if self._path is not None and not self._path.parent.is_dir():
            raise InvalidParameter("checkpoint", str(path), "a file in a folder that exists")

    def found(self) -> tuple[int, Tensor | None]:
        """How many chunks are done, and what was made of them."""
        if self._path is None or not self._path.exists():
            return 0, None
        try:
            saved = torch.load(self._path, weights_only=True)
            run, done, made = saved["run"], int(saved["done"]), saved["made"]
        except Exception:
            raise InvalidParameter("checkpoint", str(self._path), "a checkpoint of this run, or a path at which there is no file") from None
        if run != self._run:
            raise InvalidParameter("checkpoint", str(self._path), "a checkpoint of this run: another scheme, target, seed, dtype, size or start wrote it")
        return done, made

    def save(self, done: int, made: Tensor, now: bool = False) -> None:
        """Write, where it is time to or `now`."""
        if self._path is None or not (now or time.monotonic() - self._last > max(_EVERY, 10 * self._took)):
            return
        start, other = time.monotonic(), self._path.with_name(f"{self._path.name}.{os.getpid()}.part")
        with other.open("wb") as file:
            torch.save({"run": self._run, "done": done, "made": made.clone()}, file)
            file.flush()
            os.fsync(file.fileno())
        other.replace(self._path)
        self._last = time.monotonic()
        self._took = self._last - start
