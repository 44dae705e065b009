"""Compute cells in processes beside this one, of which any may die without stopping the others.

Each thread that asks has a pool of one process: in a pool of several a process that is killed while it holds the lock of their common pipe stops
all, and a process for each cell would forget what the cells before it have in common.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from typing import Any

from pebble import ProcessExpired, ProcessPool

from pmmtheory.harness import worker
from pmmtheory.harness.compute import Computed, sentence
from pmmtheory.harness.job import Hands, Job
from pmmtheory.harness.one_thread import alone
from pmmtheory.harness.source import Sources
from pmmtheory.harness.study import Cell

COPIED = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
"""How processes start here: as copies of one that has loaded what they need."""
_LOOK = 0.2
"""Seconds between looks at whether a pool is still there."""
_starting = threading.Lock()


class Ended(Exception):
    """Nobody waits for the cell any more."""


class Apart:
    """Processes for the cells of one job, one for each thread that calls `compute`.

    Parameters
    ----------
    job : Job
    sources : Sources
        Of the job's project.
    method : str
        How the processes start, as multiprocessing names it.
    """

    def __init__(self, job: Job, sources: Sources, method: str) -> None:
        self.job = job
        self._context: Any = multiprocessing.get_context(method)
        self._files = {measure: sources.files(measure) for measure in job.measures}
        self._pools: dict[int, ProcessPool] = {}
        self._ended = False

    def compute(self, cell: Cell) -> Computed:
        """The outcome of a cell. One that took too long, or whose process died twice, is a failure that says so; the second process is a new one.

        Raises
        ------
        Ended
            `close` was called meanwhile.
        """
        for _ in range(2):
            try:
                return self._asked(cell)
            except Ended:
                raise
            except TimeoutError:
                self._drop()
                return Computed(cell, reason=f"It took longer than the {self.job.limit:g} s that --cell-limit allows.")
            except ProcessExpired as death:
                how = _said(death.exitcode or 0)
            except (RuntimeError, OSError, SystemExit):
                how = "ended"
            except Exception as error:  # the answer could not be sent
                return Computed(cell, reason=sentence(error))
            self._drop()
        if self._ended:
            raise Ended
        return Computed(cell, reason=f"Two worker processes died while they computed this cell; the second {how}.")

    def close(self) -> None:
        """Stop all processes at once."""
        with _starting:
            self._ended, pools = True, list(self._pools.values())
        for pool in pools:
            pool.stop()
        for pool in pools:
            pool.join()

    def _asked(self, cell: Cell) -> Computed:
        """What this thread's process answers."""
        with _starting, alone():  # the first cell of a pool starts its process
            if self._ended:
                raise Ended
            pool = self._pools.get(threading.get_ident())
            if pool is None:
                environment = dict(os.environ)
                pool = ProcessPool(1, initializer=worker.begin, initargs=(environment, self.job, self._files), context=self._context)
                self._pools[threading.get_ident()] = pool
            future = pool.schedule(worker.computed, args=(cell,), timeout=self.job.limit)
        while not wait([future], _LOOK).done and pool.active:
            pass
        if not future.done():
            raise BrokenProcessPool
        answer: Computed = future.result()
        return answer

    def _drop(self) -> None:
        """Give this thread's pool up: whatever it went through, its next one knows nothing of it."""
        if (pool := self._pools.pop(threading.get_ident(), None)) is not None:
            pool.stop()
            pool.join()


def prepare() -> None:
    """Begin to load what the processes need, in one that they will be copies of; what else there is to do goes on meanwhile."""
    if COPIED == "forkserver":
        from multiprocessing import forkserver

        with alone(), uninterrupted():
            forkserver.set_forkserver_preload(["pmmtheory.harness.preload"])
            forkserver.ensure_running()


@contextmanager
def processes(job: Job, sources: Sources, workers: int) -> Iterator[Hands]:
    """So many processes on this machine, which end with the block.

    One is a process of its own too, with one thread: so a number has the same last bits whatever their number.
    """
    prepare()
    threads = ThreadPoolExecutor(workers, "cell")
    with closing(Apart(job, sources, COPIED)) as apart:
        try:
            yield Hands(lambda cell: threads.submit(apart.compute, cell), lambda: workers)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let the processes started here ignore Ctrl-C, which the terminal sends to all: the parent alone answers it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _said(code: int) -> str:
    """How a process ended."""
    return f"was killed by signal {-code} (9 often means out of memory)" if code < 0 else f"ended with status {code}"
