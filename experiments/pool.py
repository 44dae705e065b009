"""Compute cells in worker processes, of which any may die without stopping the others.

The pools of the standard library give up all work when one worker is killed (say, for memory) and cannot tell which cell it held.
Here each worker has its own pipe, so a death is one failed cell and a new worker.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait

from experiments.compute import Computed, compute
from experiments.study import Cell

_SPAWN = multiprocessing.get_context("spawn")


def compute_all(cells: Sequence[Cell], device: str, workers: int, measures: str) -> Generator[Computed]:
    """Yield the outcome of every cell as it comes; one worker means this process. Closing the iterator ends the workers."""
    if workers == 1:
        yield from (compute(cell, device, measures) for cell in cells)
        return
    waiting = deque(cells)
    team: list[_Worker] = []
    try:
        for _ in range(min(workers, len(cells))):
            team.append(_Worker(device, measures))
            team[-1].give(waiting.popleft())
        while busy := {worker.pipe: worker for worker in team if worker.cell is not None}:
            for pipe in wait(list(busy)):
                worker = busy[pipe]  # type: ignore[index]
                computed = worker.take()
                if waiting:
                    worker.give(waiting.popleft())
                yield computed
    finally:
        for worker in team:
            worker.end()


class _Worker:
    """A process that computes one cell at a time."""

    def __init__(self, device: str, measures: str) -> None:
        self.device = device
        self.measures = measures
        self.cell: Cell | None = None
        self._start()

    def give(self, cell: Cell) -> None:
        """Send a cell; a worker that died meanwhile is noticed by `take`."""
        self.cell = cell
        with suppress(OSError):
            self.pipe.send(cell)

    def take(self) -> Computed:
        """Receive the outcome; where the process has died that is a failure, and a new process takes its place."""
        assert self.cell is not None
        cell, self.cell = self.cell, None
        try:
            computed: Computed = self.pipe.recv()
            return computed
        except (EOFError, OSError):
            self.process.join()
            code = self.process.exitcode or 0
            how = f"was killed by signal {-code} (9 often means out of memory)" if code < 0 else f"ended with status {code}"
            self.end()
            self._start()
            return Computed(cell, reason=f"The worker process {how} while it computed this cell.")

    def end(self) -> None:
        """Stop the process at once."""
        self.process.kill()
        self.process.join()
        self.pipe.close()

    def _start(self) -> None:
        self.pipe, theirs = _SPAWN.Pipe()
        self.process = _SPAWN.Process(target=_serve, args=(theirs, self.device, self.measures), daemon=True)
        with _one_thread(), _no_interrupt():
            self.process.start()
        theirs.close()


def _serve(pipe: Connection, device: str, measures: str) -> None:
    """The worker's life: cells in, outcomes out."""
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    with suppress(EOFError, OSError):
        while True:
            pipe.send(compute(pipe.recv(), device, measures, one_thread=True))


def _leave_with_parent() -> None:
    """End the process when its parent is gone, in the middle of a cell too: the same command may already run again."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let the processes started here use one thread each; numerical libraries read this when they are loaded."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        del os.environ["OMP_NUM_THREADS"]
        if before is not None:
            os.environ["OMP_NUM_THREADS"] = before


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Let the processes started here ignore Ctrl-C, which the terminal sends to all: the parent alone answers it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
