"""Run cases in processes of their own, each of which is killed and replaced when its case takes too long or it dies."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pmmtheory.harness.hunt.case import DEATH, RELATIONS, TIMEOUT, Outcome, numbers_of, relations, run_case
from pmmtheory.harness.processes import COPIED, Died, Processes, prepare


@dataclass(frozen=True)
class Task:
    """A case: by its number under a seed, or by the numbers that it is drawn from."""

    relation: str
    seed: int
    number: int
    numbers: tuple[float, ...] | None = None
    package: str = RELATIONS


class Team:
    """So many workers, with a limit in seconds for each case; `run` may be called again and again."""

    def __init__(self, workers: int, limit: float, processes: Processes, threads: ThreadPoolExecutor) -> None:
        self.workers, self.limit = workers, limit
        self._processes, self._threads = processes, threads

    def run(self, tasks: Iterator[Task]) -> Generator[tuple[Task, Outcome]]:
        """The outcome of each task, as it comes; a task is taken when a worker is free for it."""
        asked: dict[Future[Outcome], Task] = {}
        while True:
            asked |= {self._threads.submit(self._outcome, task): task for task in islice(tasks, self.workers - len(asked))}
            if not asked:
                return
            for future in wait(asked, return_when=FIRST_COMPLETED).done:
                yield asked.pop(future), future.result()

    def _outcome(self, task: Task) -> Outcome:
        try:
            outcome: Outcome = self._processes.ask(_run, task, self.limit)
            return outcome
        except TimeoutError:
            return Outcome(TIMEOUT, f"took longer than {self.limit:g} s", seconds=self.limit)
        except Died as death:
            return Outcome(DEATH, f"its process {death}")


@contextmanager
def team(workers: int, limit: float) -> Iterator[Team]:
    """A team whose processes end with the block."""
    prepare()
    threads = ThreadPoolExecutor(workers, "case")
    with closing(Processes(COPIED, _begin)) as processes:
        try:
            yield Team(workers, limit, processes, threads)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)


def _begin() -> None:
    """Load the numerics, which no case should have to wait for."""
    import torch

    torch.set_num_threads(1)
    relations(RELATIONS)


def _run(task: Task) -> Outcome:
    relation: Any = relations(task.package)[task.relation]
    return run_case(relation, numbers_of(task.seed, task.relation, task.number) if task.numbers is None else task.numbers)
