"""What is made of the ends of chunks: all of them, or a sum over them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter


class Joined:
    """The states of all chunks, in one tensor."""

    def __init__(self, shape: tuple[int, ...], dtype: torch.dtype, device: str):
        self._all, self._done = torch.empty(shape, dtype=dtype, device=device), 0

    def add(self, states: Tensor) -> None:
        if states.dtype != self._all.dtype:
            raise InvalidParameter(
                "dtype", self._all.dtype, f"that of the states after a step, which is {states.dtype}: the drift must keep the dtype of its points"
            )
        self._all[self._done : self._done + len(states)] = states
        self._done += len(states)

    def restore(self, found: Tensor) -> None:
        self._all[: len(found)] = found
        self._done = len(found)

    def value(self) -> Tensor:
        return self._all[: self._done]


class Sum:
    """The sum of a statistic of each chunk, in the order of the chunks."""

    def __init__(self, statistic: Callable[[Tensor], Any]):
        self._statistic, self._total = statistic, torch.zeros(0)
        self._empty = True

    def add(self, states: Tensor) -> None:
        try:
            part = torch.as_tensor(self._statistic(states))
        except (TypeError, ValueError) as error:
            raise InvalidParameter("reduce", self._statistic, f"a function of states that returns a tensor or a number; it raised {error}") from None
        part = part.detach().to(torch.int64 if not part.is_floating_point() else torch.float64)
        if not self._empty and part.shape != self._total.shape:
            raise InvalidParameter("reduce", tuple(part.shape), f"of the same shape for every chunk, and it was {tuple(self._total.shape)} before")
        self._total = part.clone() if self._empty else self._total + part
        self._empty = False

    def restore(self, found: Tensor) -> None:
        self._total, self._empty = found, False

    def value(self) -> Tensor:
        return self._total
