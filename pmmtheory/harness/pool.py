"""Compute cells in worker processes, of which any may die without stopping the others.

The pools of the standard library give up all work when one worker is killed (say, for memory) and cannot tell which cell it held.
Here each worker has its own pipe, so a death is one failed cell and a new worker.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from typing import Any

from pmmtheory.harness.compute import Computed, compute
from pmmtheory.harness.one_thread import alone
from pmmtheory.harness.preloaded import BYTES
from pmmtheory.harness.project import Project, use
from pmmtheory.harness.source import Sources
from pmmtheory.harness.source_file import SourceFile
from pmmtheory.harness.study import Cell

_CONTEXT: Any = multiprocessing.get_context("forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn")
_EDITED = "its code was edited while the run began; the same command computes it."


def prepare() -> None:
    """Begin to load what workers need, in a process that they will be copies of; what else there is to do goes on meanwhile."""
    if _CONTEXT.get_start_method() == "forkserver":
        from multiprocessing import forkserver

        with alone(), _no_interrupt():
            forkserver.set_forkserver_preload(["pmmtheory.harness.preload"])
            forkserver.ensure_running()


def compute_all(cells: Sequence[Cell], device: str, workers: int, sources: Sources) -> Generator[Computed]:
    """Yield the outcome of every cell as it comes. Closing the iterator ends the workers.

    One worker is a process of its own too, with one thread: so a number has the same last bits whatever the number of workers.
    """
    waiting, files = deque(cells), {cell.measure: sources.files(cell.measure) for cell in cells}
    team: list[_Worker] = []
    try:
        for _ in range(min(workers, len(cells))):
            team.append(_Worker(device, sources.project, files))
            team[-1].give(waiting.popleft())
        while busy := {worker.pipe: worker for worker in team if worker.cell is not None}:
            for pipe in wait(list(busy)):
                worker = busy[pipe]
                computed = worker.take()
                if waiting:
                    worker.give(waiting.popleft())
                yield computed
    finally:
        for worker in team:
            worker.end()


class _Worker:
    """A process that computes one cell at a time."""

    def __init__(self, *needs: Any) -> None:
        self.needs = needs
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
        self.pipe, theirs = _CONTEXT.Pipe()
        with alone(), _no_interrupt():
            self.process = _CONTEXT.Process(target=_serve, args=(theirs, dict(os.environ), *self.needs), daemon=True)
            self.process.start()
        theirs.close()


def _serve(pipe: Connection, environment: Mapping[str, str], device: str, project: Project, files: Mapping[str, Sequence[SourceFile]]) -> None:
    """The worker's life: cells in, outcomes out."""
    os.environ.update(environment)  # the process it is a copy of may have been started under another
    use(project)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    edited = _load(files)
    with suppress(EOFError, OSError):
        while True:
            cell: Cell = pipe.recv()
            pipe.send(Computed(cell, reason=_EDITED) if cell.measure in edited else compute(cell, device, project.measures))


def _load(files: Mapping[str, Sequence[SourceFile]]) -> set[str]:
    """Load all that the measures need, so that edits from now on change nothing; return those whose files are no longer as their keys say."""
    every = {file.name: file for group in files.values() for file in group}
    for name in sorted(every):
        with suppress(Exception):  # what is wrong with it is the reason of the cells that need it
            importlib.import_module(name)
    edited = {name for name, file in every.items() if not file.unchanged() or BYTES.get(name, file.bytes) != file.bytes}
    return {measure for measure, group in files.items() if any(file.name in edited for file in group)}


def _leave_with_parent() -> None:
    """End the process when its parent is gone, in the middle of a cell too: the same command may already run again."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Let the processes started here ignore Ctrl-C, which the terminal sends to all: the parent alone answers it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
