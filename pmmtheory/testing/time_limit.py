"""A limit on the time of a computation in Python, whatever thread it runs in."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from typing import TypeVar

_Result = TypeVar("_Result")

_AGAIN = 0.5
"""Seconds after which a computation that swallowed the exception is asked again."""

_LOOK = 0.02
"""Seconds between two looks at the clock."""


class TimeIsUp(BaseException):
    """Raised in a computation whose time is up; no Exception, so that what it calls does not catch it."""


def limited(seconds: float | None, work: Callable[[], _Result]) -> _Result:
    """What `work` returns; raise TimeIsUp in it, between two operations of Python, once the time is up; None for no limit.

    A single call into compiled code is not interrupted: the exception comes when it returns.

    Examples
    --------
    >>> limited(60.0, lambda: 3)
    3
    """
    if seconds is None:
        return work()
    if seconds <= 0:
        raise TimeIsUp
    flags = {"finished": False, "begun": False, "sent": False, "ended": False}
    thread = ctypes.c_ulong(threading.get_ident())

    def send() -> None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(TimeIsUp))

    def watch() -> None:
        flags["begun"], due = True, time.monotonic() + seconds
        while not flags["finished"]:
            if time.monotonic() >= due:
                flags["sent"] = True
                send()
                due += _AGAIN
            time.sleep(_LOOK)
        flags["ended"] = True

    try:
        threading.Thread(target=watch, daemon=True).start()
        return work()
    finally:
        while True:  # no locks: an exception that comes while one is taken would leave it taken
            try:
                flags["finished"] = True
                while flags["begun"] and not flags["ended"]:
                    time.sleep(_LOOK / 10)
                if flags["sent"]:
                    # What may not have come is sent anew and waited for. Taken back by sending nothing, it would leave the interpreter looking
                    # for it between any two operations: all that follows is slowed, and CPython 3.11 never gets past a call that is traced.
                    flags["sent"] = False
                    send()
                    while True:
                        time.sleep(0)
                break
            except TimeIsUp:
                continue
