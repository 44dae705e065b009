"""How the forward time of a reverse diffusion runs down while a chain takes equal steps."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter

if TYPE_CHECKING:
    from pmmtheory.dynamics.dynamics import Time


@dataclass(frozen=True)
class Clock(ABC):
    """Forward time falls from `horizon` at t = 0 to `stop` at t = horizon - stop."""

    horizon: float
    stop: float

    @abstractmethod
    def forward_time(self, t: Time) -> Time:
        """The forward time at time t of the chain."""

    @abstractmethod
    def covered(self, t: Time, h: Time) -> Time:
        """forward_time(t) - forward_time(t + h), without cancellation."""

    @abstractmethod
    def speed(self, t: Time) -> Time:
        """-d forward_time / dt."""


class Uniform(Clock):
    """Steps of equal forward time."""

    def forward_time(self, t: Time) -> Time:
        return self.horizon - t

    def covered(self, t: Time, h: Time) -> Time:
        return h

    def speed(self, t: Time) -> Time:
        return 1.0


class Quadratic(Clock):
    """Steps equal in the square root of forward time: short ones near the data."""

    @property
    def _slope(self) -> float:
        return (math.sqrt(self.horizon) - math.sqrt(self.stop)) / (self.horizon - self.stop)

    def _root(self, t: Time) -> Time:
        return math.sqrt(self.horizon) - self._slope * t

    def forward_time(self, t: Time) -> Time:
        return self._root(t) ** 2

    def covered(self, t: Time, h: Time) -> Time:
        return self._slope * h * (self._root(t) + self._root(t + h))

    def speed(self, t: Time) -> Time:
        return 2 * self._slope * self._root(t)


@dataclass(frozen=True)
class LogSNR(Clock):
    """Steps equal in lambda = log(alpha/sigma) = -log(exp(2 time) - 1)/2."""

    def __post_init__(self) -> None:
        if not self.stop > 0:
            raise InvalidParameter("stop", self.stop, 'above 0 for the grid "log-snr"')

    @property
    def _slope(self) -> float:
        return (_log_snr(self.stop) - _log_snr(self.horizon)) / (self.horizon - self.stop)

    def _odds(self, t: Time) -> Time:
        """exp(-2 lambda) = exp(2 time) - 1."""
        power = -2 * (_log_snr(self.horizon) + self._slope * t)
        return torch.exp(power) if isinstance(power, Tensor) else math.exp(power)

    def forward_time(self, t: Time) -> Time:
        return _log1p(self._odds(t)) / 2

    def covered(self, t: Time, h: Time) -> Time:
        after, change = self._odds(t + h), 2 * self._slope * h
        grown = torch.expm1(change) if isinstance(change, Tensor) else math.expm1(change)
        return _log1p(after * grown / (1 + after)) / 2

    def speed(self, t: Time) -> Time:
        odds = self._odds(t)
        return self._slope * odds / (1 + odds)


CLOCKS: Mapping[str, type[Clock]] = {"uniform": Uniform, "quadratic": Quadratic, "log-snr": LogSNR}


def _log_snr(time: float) -> float:
    return -math.log(math.expm1(2 * time)) / 2


def _log1p(x: Time) -> Time:
    return torch.log1p(x) if isinstance(x, Tensor) else math.log1p(x)
