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


class VariancePreserving(Clock):
    """Steps equal in the time u of the variance-preserving SDE, dX = -beta X du + sqrt(2 beta) dB with beta = 0.05 + 9.95 u on [0, 1].

    Forward time is the integral of beta, 0.05 u + 4.975 u^2: 5.025 at u = 1. Its source has 2 beta, from 0.1 to 20, where the drift here has beta.

    Source: Song et al. 2021 (arXiv 2011.13456), eq. 11 and App. C.

    Examples
    --------
    >>> clock = VariancePreserving(horizon=VariancePreserving.integrated(1.0), stop=VariancePreserving.integrated(0.5))
    >>> round(clock.horizon, 12), round(clock.forward_time(clock.horizon - clock.stop), 12)
    (5.025, 1.26875)
    """

    first, slope = 0.05, 9.95

    @classmethod
    def integrated(cls, u: float) -> float:
        """The forward time at time u."""
        return cls.first * u + cls.slope / 2 * u**2

    @classmethod
    def _time(cls, forward: float) -> float:
        return 2 * forward / (cls.first + math.sqrt(cls.first**2 + 2 * cls.slope * forward))

    @property
    def _pace(self) -> float:
        return (self._time(self.horizon) - self._time(self.stop)) / (self.horizon - self.stop)

    def _u(self, t: Time) -> Time:
        u = self._time(self.stop) + self._pace * ((self.horizon - self.stop) - t)
        return u.clamp_min(0.0) if isinstance(u, Tensor) else max(0.0, u)

    def forward_time(self, t: Time) -> Time:
        u = self._u(t)
        return self.first * u + self.slope / 2 * u * u

    def covered(self, t: Time, h: Time) -> Time:
        return self._pace * h * (self.first + self.slope / 2 * (self._u(t) + self._u(t + h)))

    def speed(self, t: Time) -> Time:
        return self._pace * (self.first + self.slope * self._u(t))


CLOCKS: Mapping[str, type[Clock]] = {"uniform": Uniform, "quadratic": Quadratic, "log-snr": LogSNR, "vp": VariancePreserving}


def _log_snr(time: float) -> float:
    return -math.log(math.expm1(2 * time)) / 2


def _log1p(x: Time) -> Time:
    return torch.log1p(x) if isinstance(x, Tensor) else math.log1p(x)
