"""Compute cells in processes beside this one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

from pmmtheory.harness import worker
from pmmtheory.harness.compute import Computed, sentence
from pmmtheory.harness.job import Hands, Job
from pmmtheory.harness.processes import COPIED, Died, Ended, Processes, prepare
from pmmtheory.harness.source import Sources
from pmmtheory.harness.study import Cell


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
        self._processes = Processes(method, worker.begin, job, {measure: sources.files(measure) for measure in job.measures})

    def compute(self, cell: Cell) -> Computed:
        """The outcome of a cell. One that took too long, or whose process died twice, is a failure that says so; the second process is a new one.

        Raises
        ------
        Ended
            `close` was called meanwhile.
        """
        how = ""
        for _ in range(2):
            try:
                answer: Computed = self._processes.ask(worker.computed, cell, self.job.limit)
                return answer
            except Ended:
                raise
            except TimeoutError:
                return Computed(cell, reason=f"It took longer than the {self.job.limit:g} s that --cell-limit allows.")
            except Died as death:
                how = str(death)
            except Exception as error:  # the answer could not be sent
                return Computed(cell, reason=sentence(error))
        return Computed(cell, reason=f"Two worker processes died while they computed this cell; the second {how}.")

    def close(self) -> None:
        """Stop all processes at once."""
        self._processes.close()


@contextmanager
def processes(job: Job, sources: Sources, workers: int, modules: list[str] | None = None) -> Iterator[Hands]:
    """So many processes on this machine, which end with the block; modules, as for `prepare`.

    One is a process of its own too, with one thread: so a number has the same last bits whatever their number.
    """
    prepare(modules)
    threads = ThreadPoolExecutor(workers, "cell")
    with closing(Apart(job, sources, COPIED)) as apart:
        try:
            yield Hands(lambda cell: threads.submit(apart.compute, cell), lambda: workers)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
