"""How much signal and noise a noised law holds, without cancellation at either end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmmtheory.errors import InvalidParameter

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class NoiseLevels:
    """Levels of alpha X + sigma Z with alpha^2 + sigma^2 = 1, held as log alpha: one, or an array of them.

    Examples
    --------
    >>> level = NoiseLevels(np.log(0.6))
    >>> round(float(level.sigma), 12)
    0.8
    """

    log_alpha: Numbers

    def __post_init__(self) -> None:
        allowed = "a number of at most 0, or an array of them"
        try:
            values = np.asarray(self.log_alpha, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            raise InvalidParameter("log_alpha", self.log_alpha, allowed) from None
        if not (values <= 0).all():
            raise InvalidParameter("log_alpha", self.log_alpha, allowed)
        object.__setattr__(self, "log_alpha", values)

    @property
    def alpha(self) -> Numbers:
        """What the data are multiplied by."""
        return np.exp(self.log_alpha)

    @property
    def sigma(self) -> Numbers:
        """The standard deviation of the noise, sqrt(1 - alpha^2)."""
        return np.sqrt(-np.expm1(2 * self.log_alpha))

    @property
    def log_snr(self) -> Numbers:
        """log(alpha/sigma); infinite at the data."""
        with np.errstate(divide="ignore"):
            return self.log_alpha - np.log(self.sigma)

    def __getitem__(self, which: int | slice) -> NoiseLevels:
        return NoiseLevels(self.log_alpha[which])
