"""KL as half of chi2, which is exact, and a sampled mean of what is left.

With r = p/q and u = r - 1, KL = E_Q[r log r - r + 1] = E_Q[u^2]/2 + E_Q[r log r - r + 1 - u^2/2]: the first term is chi2/2, and the second is smaller by a
power of the step, and so are its fluctuations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pmmtheory.errors import NotConverged
from pmmtheory.estimate import Estimate

_DEVIATIONS = 4.0
"""So many standard errors are stated."""

_FAR, _SEEN = 0.02, 0.3
"""By how much sampled and exact mean squares may differ beyond their fluctuations; and the share of the mean square that fluctuations, and what is left,
may be: beyond it rare draws have most of it, which no sample sees."""

_WORST = 0.05
"""The largest relative error of the whole that is returned."""

_ADVICE = "a smaller step or fewer substeps would do"


@dataclass(frozen=True)
class LeftOver:
    """Draws of r log r - r + 1 - u^2/2 under Q, and of u^2/2."""

    rest: np.ndarray
    half: np.ndarray

    @property
    def mean(self) -> float:
        return float(self.rest.mean())

    def beside(self, half_chi2: float, seen: float, resolution: float, rounding: float, words: str, method: str) -> Estimate:
        """The KL, with `half_chi2` exact but for the resolution, and `seen` that of what the draws are of.

        Raises
        ------
        NotConverged
            Where few draws have most of chi2, or more than 5% of the whole is unknown.
        """
        sampling, spread = (_DEVIATIONS * float(part.std(ddof=1)) / math.sqrt(len(part)) for part in (self.rest, self.half))
        off = abs(float(self.half.mean()) - seen)
        if not (off <= 1.5 * spread + _FAR * seen and spread <= _SEEN * seen and abs(self.mean) <= _SEEN * half_chi2):
            raise NotConverged(f"{words}, whose likelihood ratios are too large for a sample,", math.nan, _WORST, _ADVICE)
        value, error = half_chi2 + self.mean, resolution + sampling + rounding
        if not error <= _WORST * value + rounding:
            raise NotConverged(words, error / value if value > 0 else math.nan, _WORST, _ADVICE)
        return Estimate.of(max(value, 0.0), method, resolution=resolution, sampling=sampling, rounding=rounding)


def require_finite(half_chi2: float, words: str) -> None:
    """Raise NotConverged where chi2 is infinite: nothing can be sampled beside it."""
    if not math.isfinite(half_chi2):
        raise NotConverged(f"{words}, whose chi2 is infinite,", math.nan, _WORST, _ADVICE)


def wishart(generator: np.random.Generator, n: int, k: int, freedom: int) -> np.ndarray:
    """n Wishart matrices (k, k): sums of products of so many standard normal vectors, by Bartlett's triangle where these are many."""
    if freedom <= k:
        drawn = generator.standard_normal((n, freedom, k))
        found: np.ndarray = np.einsum("nfi,nfj->nij", drawn, drawn)
        return found
    lower = np.tril(generator.standard_normal((n, k, k)), -1)
    for i in range(k):
        lower[:, i, i] = np.sqrt(generator.chisquare(freedom - i, n))
    return lower @ lower.transpose(0, 2, 1)
