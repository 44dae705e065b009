"""Compute cells by dask.distributed, on many machines: each of its threads gives its cells to a process as on one machine, so that bits are the same."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from pmmtheory.harness.apart import Apart
from pmmtheory.harness.compute import Computed, sentence
from pmmtheory.harness.errors import UsageError
from pmmtheory.harness.job import Gone, Hands, Job
from pmmtheory.harness.processes import uninterrupted
from pmmtheory.harness.source import Sources
from pmmtheory.harness.study import Cell

if TYPE_CHECKING:
    from distributed import Client

_AGAIN = 3
"""How often a cell is given out again that a worker gave up."""
_PATIENCE = 10.0
"""Seconds to wait for a scheduler's answer."""
_OTHER = "the code or the libraries of a worker of the cluster differ from those of this run, or its studies are not in {place}."

_aparts: dict[Job, tuple[Apart, Sources]] = {}
_making = threading.Lock()


@contextmanager
def cluster(address: str, job: Job, sources: Sources) -> Iterator[Hands]:
    """The workers of a scheduler, or of so many processes here where the address is "local:N".

    Raises
    ------
    UsageError
        The library is not installed, the number is wrong, or no scheduler answers.
    """
    with _client(address) as client:
        if not client.nthreads():
            print(f"the scheduler {address} has no workers yet; waiting for them.", file=sys.stderr)
        executor = client.get_executor(pure=False, retries=_AGAIN)
        keys = {measure: sources.of(measure) for measure in job.measures}

        def submit(cell: Cell) -> Future[Computed]:
            answer = Future[Computed]()
            try:
                executor.submit(there, cell, keys[cell.measure], job).add_done_callback(lambda done: _answer(cell, done, answer, address))
            except Exception as error:
                raise _gone(address) from error
            return answer

        def places() -> int:
            if client.status != "running":
                raise _gone(address)
            try:
                threads: dict[str, int] = client.nthreads()
            except Exception as error:
                raise _gone(address) from error
            return len(threads) + max(1, sum(threads.values()))  # one more for each, so that none waits for us

        try:
            yield Hands(submit, places)
        finally:
            if client.status == "running":
                with suppress(Exception):
                    executor.shutdown(wait=False)
                    client.run(forget, job)


def there(cell: Cell, key: str, job: Job) -> Computed:
    """The outcome of a cell, in a worker of the cluster; a failure where the code of the measure is another than that of the key."""
    with _making:
        if job not in _aparts:
            multiprocessing.current_process().daemon = False  # as what is daemonic may not start processes
            if job.place not in sys.path:
                sys.path.insert(0, job.place)
            made = Sources(job.project)
            _aparts[job] = Apart(job, made, "spawn"), made
        apart, sources = _aparts[job]
        same = sources.of(cell.measure) == key
    return apart.compute(cell) if same else Computed(cell, reason=_OTHER.format(place=job.place))


def forget(job: Job) -> None:
    """End a worker's processes for a job."""
    with _making:
        apart, _ = _aparts.pop(job, (None, None))
    if apart is not None:
        apart.close()


def _answer(cell: Cell, done: Future[Computed], answer: Future[Computed], address: str) -> None:
    """Pass on what came of a cell."""
    try:
        answer.set_result(done.result())
    except CancelledError:
        answer.set_exception(_gone(address))
    except Exception as error:
        died = type(error).__name__ == "KilledWorker"
        reason = "All workers of the cluster that had this cell died, one after the other." if died else f"The cluster says: {sentence(error)}"
        answer.set_result(Computed(cell, reason=reason))


def _gone(address: str) -> Gone:
    return Gone(f"the scheduler {address} does not answer any more")


@contextmanager
def _client(address: str) -> Iterator[Client]:
    """A connection to a scheduler, which may be one of our own."""
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise UsageError("--cluster needs dask.distributed: pip install 'pmmtheory[cluster]'.") from None
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    here, _, number = address.partition(":")
    if here != "local":
        try:
            asyncio.run(_greet(address))
        except Exception as error:  # what answers may be anything
            raise UsageError(f"no scheduler answers at --cluster {address}; it must be the address of one, as tcp://HOST:8786, or local:N.") from error
        with Client(address, timeout=_PATIENCE, set_as_default=False) as client:
            yield client
        return
    if not number.isdecimal() or int(number) < 1:
        raise UsageError(f"--cluster {address} must be local:N with a number of processes N of at least 1, or the address of a scheduler.")
    settings: dict[str, Any] = {"dashboard_address": "127.0.0.1:0", "silence_logs": logging.CRITICAL}
    with uninterrupted():
        cluster = LocalCluster(n_workers=int(number), threads_per_worker=1, **settings)
    with cluster, Client(cluster, set_as_default=False) as client:
        yield client


async def _greet(address: str) -> None:
    """Raise where no scheduler answers. A client of the library that finds none would take long to end."""
    from distributed import Security
    from distributed.comm.core import connect

    comm = await connect(address, timeout=_PATIENCE, **Security().get_connection_args("client"))
    comm.abort()
