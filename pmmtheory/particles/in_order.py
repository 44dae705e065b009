"""Chunks by several threads, handed on in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Tensor

_AHEAD = 2
"""Chunks for each thread that are computed or wait to be handed on."""


def in_order(run: Callable[[int], Tensor], first: int, count: int, workers: int) -> Generator[Tensor]:
    """run(first), ..., run(count - 1), by so many threads of one core each; an error is raised where its chunk would be.

    While several run, operations of torch have one thread each.
    """
    if workers == 1 or count - first < 2:
        yield from map(run, range(first, count))
        return
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))
    waiting: deque[Future[Tensor]] = deque()
    try:
        for number in range(first, count):
            waiting.append(pool.submit(run, number))
            if len(waiting) == _AHEAD * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)
