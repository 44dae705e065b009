"""The dynamics of a diffusion model's scheduler: affine steps over a grid of training times, driven by predicted noise."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from pmmtheory.dynamics.dynamics import Dynamics, Time
from pmmtheory.dynamics.predictor import NoiseFunction, checked
from pmmtheory.errors import InvalidParameter, count, reals
from pmmtheory.noise.coefficients import AffineStep, Variant, ddim, finished
from pmmtheory.noise.composition import Composed, composed
from pmmtheory.noise.schedule import NoiseSchedule
from pmmtheory.targets import Target


class NoisePrediction(Dynamics):
    """X_{k+1} = a_k X_k + b_k eps(X_k, times[k]) + sigma_k Z_k over descending training times; the chain's time is k.

    With eps frozen, k to k + m is again affine: A = prod a_i, G = sum_i b_i prod_{j>i} a_j, Gamma^2 = sum_i sigma_i^2 prod_{j>i} a_j^2,
    so that any scheme over affine dynamics runs on it, with a whole number of fine steps as its step size.

    Parameters
    ----------
    predictor : function of (x, t)
        The noise in x at training time t; with an attribute `target` where the data have a known law.
    schedule : NoiseSchedule
    times : n + 1 descending training times
    variant : function of two NoiseLevels, optional
        The coefficients of a fine step: ddim by default. A last time of 0 is always reached by the prediction of the data.
    event_shape : tuple of int, optional
        The shape of one point, needed where the predictor has no target.

    Raises
    ------
    InvalidParameter
        Naming `times`, `event_shape`, `schedule` where the predictor has another, or `predictor`, also on its first output of another shape, NaN or infinite.

    Source: Kandasamy & Nagaraj 2024 (arXiv 2405.17068), App. A.

    Examples
    --------
    >>> from pmmtheory.schedulers import ExactPredictor
    >>> from pmmtheory.targets import Gaussian
    >>> schedule = NoiseSchedule.linear()
    >>> system = NoisePrediction(ExactPredictor(Gaussian(), schedule), schedule, schedule.times(10))
    >>> bool(torch.isclose(system.transport(3.0, system.transport(2.0, torch.tensor(1.0)), 2.0), system.transport(5.0, torch.tensor(1.0))))
    True
    """

    autonomous = False
    grain = 1.0

    def __init__(
        self,
        predictor: NoiseFunction,
        schedule: NoiseSchedule,
        times: Sequence[float],
        variant: Variant = ddim,
        event_shape: tuple[int, ...] | None = None,
    ):
        self._ask = checked(predictor)
        target = getattr(predictor, "target", None)
        if event_shape is None:
            if not isinstance(target, Target):
                raise InvalidParameter("event_shape", event_shape, "the shape of one point, e.g. (3, 32, 32), for a predictor without a target")
            event_shape = (target.dim,) if target.dim > 1 else ()
        if isinstance(target, Target):
            super().__init__(target)
        else:
            self.target = None  # type: ignore[assignment]
        if not isinstance(schedule, NoiseSchedule):
            raise InvalidParameter("schedule", schedule, "a NoiseSchedule, e.g. NoiseSchedule.linear()")
        if not callable(variant):
            raise InvalidParameter("variant", variant, "a function of two NoiseLevels")
        grid = np.asarray(schedule.ordered(times))
        own = getattr(predictor, "schedule", schedule)
        if isinstance(own, NoiseSchedule) and own != schedule:
            raise InvalidParameter("schedule", f"one of {schedule.size} training times", "that of the predictor, whose noise levels are others")
        self.predictor, self.schedule = predictor, schedule
        self.times: tuple[float, ...] = tuple(grid.tolist())
        self.end = float(self.length)
        self.event_shape = _shape(event_shape)
        levels = schedule.levels(self.times)
        self.fine = AffineStep(*finished(variant, levels[:-1], levels[1:]))
        self._tables: dict[Any, tuple[Tensor, ...]] = {}

    @property
    def state_shape(self) -> tuple[int, ...]:
        return ((self.blocks,) if self.blocks > 1 else ()) + self.event_shape

    @property
    def length(self) -> int:
        """n, the number of fine steps."""
        return len(self.times) - 1

    def on(self, target: Target) -> Self:
        """The same dynamics with the predictor of another target."""
        if self.target is None:
            raise InvalidParameter("predictor", self.predictor, "one with a target, to be put on another")
        other = copy.copy(self)
        other.predictor = self.predictor.on(target)  # type: ignore[attr-defined]
        other._ask, other.target = checked(other.predictor), target
        other.event_shape = (target.dim,) if target.dim > 1 else ()
        return other

    def law_at(self, t: float) -> Target:
        """The law of the noised data at the training time that the chain has at time t."""
        if self.target is None:
            raise InvalidParameter("predictor", self.predictor, "one with a target, for the laws of the noised data")
        return self.schedule.marginal(self.target, self.times[self._index(t)])

    def drift(self, x: Tensor, t: Time = 0.0) -> Tensor:
        """The noise predicted in the position x at time t of the chain."""
        return self.noise_in(x, self.training_time(t, x))

    def noise_in(self, x: Tensor, training_time: Any) -> Tensor:
        """The noise predicted in x at a training time: the predictor is given a number where there is one for all of x, else a tensor in the dtype of x."""
        if isinstance(training_time, Tensor):
            training_time = float(training_time) if training_time.numel() == 1 else training_time.to(x.dtype)
        return self._ask(x, training_time) if x.numel() else torch.zeros_like(x)

    def training_time(self, t: Time, x: Tensor) -> Time:
        """The training time at time t of the chain."""
        if isinstance(t, Tensor) and t.numel() != 1:
            return torch.tensor(self.times, dtype=x.dtype, device=t.device)[torch.round(t).long()]
        return self.times[self._index(float(t))]

    def transport(self, h: Time, x: Tensor, t: Time = 0.0) -> Tensor:
        return x * self._entry(0, h, t, x)

    def respond(self, h: Time, b: Tensor, t: Time = 0.0) -> Tensor:
        return b * self._entry(1, h, t, b)

    def impulse(self, b: Tensor, t: Time = 0.0) -> Tensor:
        raise InvalidParameter("substeps", float("inf"), f"a whole number up to {self.length}: a scheduler has no steps finer than its own")

    def noise(self, h: Time, t: Time = 0.0) -> Any:
        return self._entry(2, h, t, h if isinstance(h, Tensor) else t)

    def interval(self, t: Any) -> int:
        """The number of the fine step that begins at time t of the chain."""
        k = self._index(t)
        if k == self.length:
            raise InvalidParameter("t", t, f"a time of the chain below {self.length}, its end")
        return k

    def _index(self, t: float) -> int:
        k = round(float(t))
        if not 0 <= k < len(self.times):
            raise InvalidParameter("t", t, f"a time of the chain from 0 to {self.length}")
        return k

    def _entry(self, which: int, h: Time, t: Time, like: Any) -> Time:
        """The entry of A, G or Gamma for [t, t + h]: a number, or a tensor where h or t has several."""
        if not (isinstance(h, Tensor) and h.numel() != 1) and not (isinstance(t, Tensor) and t.numel() != 1):
            begun = self._index(float(t))
            ended = self._index(float(t) + float(h))
            if ended < begun:
                raise InvalidParameter("h", h, "0 at least")
            return self._composed(begun, ended)[which]
        device = h.device if isinstance(h, Tensor) else t.device  # type: ignore[union-attr]
        table = self._composed_tables(device, like.dtype)[which]
        start = torch.round(torch.as_tensor(t, device=device)).long()
        entries: Tensor = table[start, start + torch.round(torch.as_tensor(h, device=device)).long()]
        return entries

    @cached_property
    def _composed(self) -> Composed:
        return Composed(self.fine)

    def _composed_tables(self, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, ...]:
        if (device, dtype) not in self._tables:
            self._tables[device, dtype] = tuple(torch.as_tensor(table, dtype=dtype, device=device) for table in composed(self.fine))
        return self._tables[device, dtype]


def _shape(given: Any) -> tuple[int, ...]:
    sizes = reals("event_shape", given, "the shape of one point, e.g. (3, 32, 32)")
    return tuple(count("event_shape", size) for size in sizes)
