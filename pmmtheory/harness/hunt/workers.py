"""Processes that run one case at a time, each of which is killed and replaced when its case takes too long or it dies."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from pmmtheory.harness.hunt.case import DEATH, RELATIONS, TIMEOUT, Outcome, numbers_of, relations, run_case

_SPAWN = get_context("spawn")
_START = 300.0
"""Seconds for a process to load the numerics."""


@dataclass(frozen=True)
class Task:
    """A case: by its number under a seed, or by the numbers that it is drawn from."""

    relation: str
    seed: int
    number: int
    numbers: tuple[float, ...] | None = None
    package: str = RELATIONS


@dataclass
class Team:
    """So many workers; `run` may be called again and again, `close` ends them."""

    workers: int
    limit: float
    members: list[_Worker] = field(default_factory=list)

    def run(self, tasks: Iterator[Task]) -> Generator[tuple[Task, Outcome]]:
        """The outcome of each task, as it comes."""
        more = True
        while True:
            while more and sum(member.task is not None for member in self.members) < self.workers:
                task = next(tasks, None)
                if task is None:
                    more = False
                    break
                free = next((member for member in self.members if member.task is None), None)
                if free is None:
                    free = _Worker()
                    self.members.append(free)
                free.give(task)
            busy = [member for member in self.members if member.task is not None]
            if not busy:
                return
            wait([member.pipe for member in busy], timeout=max(0.0, min(member.deadline(self.limit) for member in busy) - time.monotonic()))
            for member in busy:
                task = member.task
                assert task is not None
                if member.pipe.poll():
                    outcome = member.take()
                    if outcome is not None:
                        yield task, outcome
                elif time.monotonic() >= member.deadline(self.limit):
                    member.restart()
                    yield task, Outcome(TIMEOUT, f"took longer than {self.limit:g} s", seconds=self.limit)

    def close(self) -> None:
        """End the processes."""
        for member in self.members:
            member.end()
        self.members.clear()


@contextmanager
def team(workers: int, limit: float) -> Iterator[Team]:
    """A team that is closed at the end."""
    made = Team(workers, limit)
    try:
        yield made
    finally:
        made.close()


class _Worker:
    """One process."""

    pipe: Connection
    process: SpawnProcess

    def __init__(self) -> None:
        self.task: Task | None = None
        self._start()

    def give(self, task: Task) -> None:
        self.task, self.since = task, time.monotonic()
        with suppress(OSError):
            self.pipe.send(task)

    def take(self) -> Outcome | None:
        """The outcome, or None where the process only says that it is ready for its first task."""
        try:
            outcome: Outcome | None = self.pipe.recv()
            if outcome is None:
                self.fresh, self.since = False, time.monotonic()
            else:
                self.task = None
            return outcome
        except (EOFError, OSError):
            self.process.join()
            code = self.process.exitcode or 0
            self.restart()
            return Outcome(DEATH, f"its process ended with status {code}" + (" (-9 often means out of memory)" if code == -9 else ""))

    def deadline(self, limit: float) -> float:
        return self.since + (_START if self.fresh else limit)

    def restart(self) -> None:
        self.end()
        self.task = None
        self._start()

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()

    def _start(self) -> None:
        self.fresh, self.since = True, time.monotonic()
        self.pipe, theirs = _SPAWN.Pipe()
        self.process = _SPAWN.Process(target=_serve, args=(theirs,), daemon=True)
        with _quiet():
            self.process.start()
        theirs.close()


def _serve(pipe: Connection) -> None:
    """The worker's life: tasks in, outcomes out."""
    import torch

    torch.set_num_threads(1)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    with suppress(EOFError, OSError):
        relations(RELATIONS)
        pipe.send(None)
        while True:
            task: Task = pipe.recv()
            relation: Any = relations(task.package)[task.relation]
            pipe.send(run_case(relation, numbers_of(task.seed, task.relation, task.number) if task.numbers is None else task.numbers))


@contextmanager
def _quiet() -> Iterator[None]:
    """Processes started here use one thread each, and leave Ctrl-C to the parent."""
    threads, before = os.environ.get("OMP_NUM_THREADS"), signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        del os.environ["OMP_NUM_THREADS"]
        if threads is not None:
            os.environ["OMP_NUM_THREADS"] = threads


def _leave_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
