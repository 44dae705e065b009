"""How much signal and noise a noised law holds, without cancellation at either end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
