"""The random midpoints of a Poisson midpoint step."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pmmtheory.errors import choice, count_or_infinity, flag, positive
from pmmtheory.schemes.draw import Draw, Rule, keeps_law
from pmmtheory.schemes.draws import all_of, smooth_in, some_of
from pmmtheory.schemes.midpoint_sets import LISTED, bernoulli_sets


@dataclass(frozen=True)
class Midpoints(Draw):
    """Which of the K substeps of a step carry a midpoint.

    kind "bernoulli": each with probability intensity/K, independently (a Poisson process of rate `intensity` for K = inf).
    kind "single": exactly one, uniform. kind "interior": exactly one, uniform among the K - 1 later ones: at the first the
    interpolant is the state itself. `listed` says that nothing can be asked for between the substeps.
    """

    substeps: float
    kind: str
    intensity: float = 1.0
    listed: bool = False

    layered = True

    def __post_init__(self) -> None:
        count_or_infinity("substeps", self.substeps)
        choice("midpoints", self.kind, ("bernoulli", "single", "interior"))
        positive("intensity", self.intensity)
        flag("listed", self.listed)

    @property
    def weight(self) -> float:
        """What multiplies the change of force at a midpoint, so that its mean is that of the K substeps."""
        return self.substeps - 1 if self.kind == "interior" else self.substeps

    @property
    def several(self) -> bool:
        return self.kind == "bernoulli"

    @property
    def spanned(self) -> bool:
        return not self.several or self.substeps <= LISTED

    def rule(self, level: int) -> Rule:
        """Sets of midpoints, ((times, marks), weights): those of one midpoint are its times; those of several serve functions smooth in all times."""
        if self.several:
            times, marks, weights = bernoulli_sets(self.substeps, self.intensity, level)
            return (times, marks), weights
        times, weights = self.one(level)
        return (times[None], np.ones((1, len(times)), dtype=bool)), weights

    def mirrored(self, value: Any) -> Any:
        return value if keeps_law(self, Midpoints) else None

    def mapped(self, value: Any, f: Callable[[Any], Any]) -> Any:
        return tuple(f(part) for part in value)

    def one(self, level: int, few: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Times and weights of a rule for the one midpoint; of weight zero where there is none (K = 1).

        Time 0, where a midpoint changes nothing however the force at one is changed, is a node of its own. Where nothing can be asked for
        between the substeps all are listed, or some of them that serve smooth functions.
        """
        k = self.substeps
        if k == math.inf or k == 1:
            return smooth_in(k, level)
        first = int(self.kind == "interior")
        if self.listed:
            later, weights = some_of(int(k) - 1, level) if few else all_of(int(k) - 1)
        else:
            later, weights = smooth_in(k - 1, level)
        later = (1 + later * (k - 1)) / k
        return (later, weights) if first else (np.concatenate([[0.0], later]), np.concatenate([[1 / k], weights * (1 - 1 / k)]))

    def sample(self, shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Times in [0, 1), ascending, and whether each is a midpoint: two tensors of shape (N, *shape).

        N is the largest number drawn; entries past an element's own number repeat its last time and are marked False.
        Gaps between Bernoulli successes are geometric, so the cost does not depend on K.
        """
        device = generator.device
        if not self.several:
            u = torch.rand(shape, generator=generator, dtype=torch.float64, device=device)
            first = int(self.kind == "interior" and 1 < self.substeps < math.inf)
            time = u if self.substeps == math.inf else (first + torch.floor(u * (self.substeps - first))) / self.substeps
            return time.to(dtype)[None], torch.ones((1, *shape), dtype=torch.bool, device=device)
        if math.prod(shape) == 1:
            return self._one_set(shape, generator, dtype)
        times: list[Tensor] = []
        marks: list[Tensor] = []
        now = torch.zeros(shape, dtype=torch.float64, device=device)
        last, active = now, torch.ones(shape, dtype=torch.bool, device=device)
        while True:
            now = now + self._gap(torch.log1p(-torch.rand(shape, generator=generator, dtype=torch.float64, device=device)), first=not times)
            active = active & (now < 1 - 1e-12)
            if times and not bool(active.any()):
                return torch.stack(times).to(dtype), torch.stack(marks)
            last = torch.where(active, now, last)
            times.append(last)
            marks.append(active)

    def _one_set(self, shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """The same of one element, by the same random numbers: a sampler draws one set of midpoints at every step."""
        times: list[float] = []
        marks: list[bool] = []
        now, active = 0.0, True
        while True:
            u = float(torch.rand((), generator=generator, dtype=torch.float64, device=generator.device))
            now += self._gap(math.log1p(-u), first=not times)
            active = active and now < 1 - 1e-12
            if times and not active:
                found = torch.tensor(times, dtype=dtype, device=generator.device), torch.tensor(marks, device=generator.device)
                return found[0].reshape(-1, *shape), found[1].reshape(-1, *shape)
            times.append(now if active else 0.0)
            marks.append(active)

    def _gap(self, log_left: Any, first: bool) -> Any:
        """How far the next midpoint is, from the logarithm of the chance of one farther off."""
        if self.substeps == math.inf:
            return -log_left / self.intensity
        p = self.intensity / self.substeps
        failures = log_left // math.log1p(-p) if p < 1 else 0 * log_left
        return (failures if first else failures + 1) / self.substeps
