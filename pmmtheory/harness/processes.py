"""Ask processes beside this one, of which any may die or hang without stopping the others.

Each thread that asks has a pool of one process: in a pool of several a process that is killed while it holds the lock of their common pipe stops
all, and a process for each question would forget what those before it have in common.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import wait
from contextlib import contextmanager
from typing import Any

from pebble import ProcessExpired, ProcessPool

from pmmtheory.harness.one_thread import alone

COPIED = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
"""How processes start here: as copies of one that has loaded what they need."""
PRELOADED = ["pmmtheory.harness.preload"]
"""The modules that load it."""
_LOOK = 0.2
"""Seconds between looks at whether a pool is still there."""
_starting = threading.Lock()


class Ended(Exception):
    """Nobody waits for the answer any more."""


class Died(Exception):
    """The process is gone; the text says how it ended."""


class Processes:
    """Processes, one for each thread that asks.

    Parameters
    ----------
    method : str
        How they start, as multiprocessing names it.
    begin : callable
        Called in each of them, with these arguments, before its first question.
    """

    def __init__(self, method: str, begin: Callable[..., None], *arguments: Any) -> None:
        self._context: Any = multiprocessing.get_context(method)
        self._begin = begin, arguments
        self._pools: dict[int, ProcessPool] = {}
        self._ended = False

    def ask(self, function: Callable[[Any], Any], argument: Any, limit: float | None) -> Any:
        """function(argument), computed by this thread's process in at most so many seconds. After a failure the next question goes to a new one.

        Raises
        ------
        TimeoutError
            It took longer; the process is killed.
        Died
            The process died meanwhile.
        Ended
            `close` was called.
        Exception
            Whatever the function raises, or its answer, where that cannot be sent.
        """
        try:
            return self._asked(function, argument, limit)
        except (Ended, TimeoutError):
            self._drop()
            raise
        except ProcessExpired as death:
            how = _said(death.exitcode or 0)
        except (RuntimeError, OSError, SystemExit):
            how = "ended"
        self._drop()
        if self._ended:
            raise Ended
        raise Died(how)

    def close(self) -> None:
        """Stop all of them at once."""
        with _starting:
            self._ended, pools = True, list(self._pools.values())
        for pool in pools:
            pool.stop()
        for pool in pools:
            pool.join()

    def _asked(self, function: Callable[[Any], Any], argument: Any, limit: float | None) -> Any:
        with _starting, alone():  # the first question to a pool starts its process
            if self._ended:
                raise Ended
            pool = self._pools.get(threading.get_ident())
            if pool is None:
                pool = ProcessPool(1, initializer=_ready, initargs=(dict(os.environ), *self._begin), context=self._context)
                self._pools[threading.get_ident()] = pool
            future = pool.schedule(function, args=(argument,), timeout=limit)
        while not wait([future], _LOOK).done and pool.active:
            pass
        if not future.done():
            raise RuntimeError("the pool is gone")
        return future.result()

    def _drop(self) -> None:
        """Give this thread's pool up: whatever it went through, its next one knows nothing of it."""
        if (pool := self._pools.pop(threading.get_ident(), None)) is not None:
            pool.stop()
            pool.join()


def prepare(modules: list[str] | None = None) -> None:
    """Begin to load what the processes need, by these modules in place of PRELOADED, in one that they will be copies of; what else there is to do goes on
    meanwhile."""
    if COPIED == "forkserver":
        from multiprocessing import forkserver

        with alone(), uninterrupted():
            forkserver.set_forkserver_preload(PRELOADED if modules is None else modules)
            forkserver.ensure_running()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let the processes started here ignore Ctrl-C, which the terminal sends to all: the parent alone answers it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _ready(environment: Mapping[str, str], begin: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """The environment is what answers may depend on: the process that this one is a copy of may have been started under another."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # in the middle of a long call of a library too
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    os.environ.update(environment)
    begin(*arguments)


def _leave_with_parent() -> None:
    """End the process when its parent is gone, in the middle of a question too: the same command may already run again."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _said(code: int) -> str:
    """How a process ended."""
    return f"was killed by signal {-code} (9 often means out of memory)" if code < 0 else f"ended with status {code}"
