"""The law of cost: how often a step evaluates the drift."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pmmtheory.particles import sample_step
from pmmtheory.targets import Target
from pmmtheory.testing.subject import LINE, SEED, SPACE, Subject, Violation, points, require, rounding

_PARTICLES = 4096
_REPEATS = 16
_SIGMAS = 5.0


def drift_calls(subject: Subject) -> None:
    """drift_calls = E(number of evaluations of the drift in a step at positions where the step before has not evaluated it).

    A step of BAOAB begins with the force with which the step before it ended: one new position, declared cost 1.
    """
    for dim in subject.dims:
        counter = _Counter(LINE if dim == 1 else SPACE, subject)
        declared = getattr(counter.scheme, "drift_calls", None)
        if not isinstance(declared, (int, float)):
            raise Violation(f"drift_calls is {declared!r}, not a number")
        counts = torch.tensor([counter.new_positions(seed) for seed in range(SEED, SEED + _REPEATS)], dtype=torch.float64)
        seen, error = counts.mean(), float(counts.std()) / _REPEATS**0.5
        wanted = torch.tensor(float(declared), dtype=torch.float64)
        require(wanted, seen, _SIGMAS * error + rounding(seen), "the declared number of drift evaluations a step is")


class _Counter:
    """The scheme over a drift that notes the positions at which it is evaluated."""

    def __init__(self, target: Target, subject: Subject):
        self._noted: list[Tensor] = []
        self._inside = False
        watched = copy.copy(target)
        setattr(watched, "drift", self._noting(target.drift, lambda x: x))  # noqa: B010
        system = subject.dynamics(watched)
        setattr(system, "drift", self._noting(system.drift, system.position))  # noqa: B010
        self.scheme = subject.make(system, subject.on(target).step_size)

    def new_positions(self, seed: int) -> float:
        """The evaluations, per particle, of a second step at positions that are none of the first one's."""
        generator = torch.Generator().manual_seed(seed)
        self._positions()
        x = sample_step(self.scheme, points(self.scheme, _PARTICLES), 0.0, generator)
        known = self._positions()
        sample_step(self.scheme, x, self.scheme.step_size, generator)
        return float((~np.isin(self._positions(), known)).sum()) / _PARTICLES

    def _positions(self) -> np.ndarray:
        """What was noted since the last call, one item an evaluation: the bytes of a position, so that items are equal where all coordinates are."""
        dim = self.scheme.dynamics.target.dim
        rows = torch.cat([torch.empty((0, dim), dtype=torch.float64), *(batch.reshape(-1, dim) for batch in self._noted)])
        self._noted.clear()
        items: np.ndarray = (rows + 0.0).numpy().view(f"V{8 * dim}")[:, 0]
        return items

    def _noting(self, drift: Callable[..., Tensor], position: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
        def noted(x: Tensor, *rest: Any) -> Tensor:
            outermost, self._inside = not self._inside, True
            try:
                if outermost:
                    self._noted.append(position(x).detach().to(torch.float64))
                return drift(x, *rest)
            finally:
                self._inside = not outermost

        return noted
