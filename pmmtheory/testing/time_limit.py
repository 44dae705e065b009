"""A limit on the time of a computation in Python, whatever thread it runs in."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_AGAIN = 0.5
"""Seconds after which a computation that swallowed the exception is asked again."""


class TimeIsUp(BaseException):
    """Raised in a computation whose time is up; no Exception, so that what it calls does not catch it."""


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raise TimeIsUp in the body, between two operations of Python, once the time is up; None for no limit.

    A single call into compiled code is not interrupted: the exception comes when it returns.
    """
    if seconds is None:
        yield
        return
    if seconds <= 0:
        raise TimeIsUp
    finished, lock, thread = threading.Event(), threading.Lock(), ctypes.c_ulong(threading.get_ident())

    def watch() -> None:
        pause = seconds
        while not finished.wait(pause):
            with lock:
                if not finished.is_set():
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(TimeIsUp))
            pause = _AGAIN

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        with lock:
            finished.set()
            ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, None)
        watcher.join()
