"""The form of an error that a claim states, and the intervals of its rate and constant."""

from __future__ import annotations

from collections.abc import Sequence as Listed
from dataclasses import dataclass

import numpy as np

from pmmtheory.errors import InvalidParameter, positive, real
from pmmtheory.estimate import Estimate
from pmmtheory.rates.interval import Interval
from pmmtheory.rates.limit import LEAST_MORE, beyond_close_steps, limit
from pmmtheory.rates.sequence import Points, Sequence, local_constants, local_rates
from pmmtheory.rates.two_terms import constants_beside, rates_beside

FINEST = 1e-15
"""Relative errors below this one are not believed."""
ROUNDING = 2.3e-16


@dataclass(frozen=True)
class Form:
    """error = C step^p log(1/step)^logarithm (1 + c step^correction + ...), or C step^p + D step^crossover.

    Everything is done in the variable step^correction, in which corrections are of order one; rates are p / correction there.
    """

    correction: float = 1.0
    logarithm: float = 0.0
    crossover: float | None = None

    def __post_init__(self) -> None:
        if not 0.01 <= positive("correction", self.correction) <= 100:
            raise InvalidParameter("correction", self.correction, "a number from 0.01 to 100")
        real("logarithm", self.logarithm)
        if self.crossover is not None:
            real("crossover", self.crossover)

    def points(self, measured: Listed[tuple[float, Estimate]]) -> Points:
        """Logarithms of pairs (step, error), largest step first, without the factor log(1/step)^logarithm."""
        pairs = sorted(measured, key=lambda pair: -pair[0])
        log_step, log_error = np.log([h for h, _ in pairs]), np.log([e.value for _, e in pairs])
        noise = np.maximum([e.relative_error for _, e in pairs], FINEST) + ROUNDING * np.abs(log_error)
        factor = self.logarithm * np.log(-log_step) if self.logarithm else 0.0
        return Points(self.correction * log_step, log_error - factor, noise)

    def local_rates(self, points: Points) -> Sequence:
        """What approaches p / correction."""
        return local_rates(points) if self._other is None else rates_beside(points, self._other)

    def rate(self, points: Points) -> Interval:
        """The interval of p."""
        found = self._limit(self.local_rates(points), points, LEAST_MORE / self.correction)
        return Interval(self.correction * found.low, self.correction * found.high, found.how)

    def log_constant(self, points: Points, rate: float) -> Interval:
        """The interval of log C, where p is known."""
        held = rate / self.correction
        return self._limit(local_constants(points, held) if self._other is None else constants_beside(points, held, self._other), points, 0.0)

    def _limit(self, sequence: Sequence, points: Points, pad: float) -> Interval:
        """An interval of the limit, and more of it where steps are close."""
        gap = float(np.exp(np.log(-np.diff(points.x)).mean())) / self.correction
        return beyond_close_steps(limit(sequence), sequence, gap, pad)

    @property
    def _other(self) -> float | None:
        return None if self.crossover is None else self.crossover / self.correction
