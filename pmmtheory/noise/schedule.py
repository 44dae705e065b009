"""How noise grows over the training times of a diffusion model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from pmmtheory.errors import InvalidParameter, choice, count, fits, real
from pmmtheory.noise.interpolation import Times, each, interpolated
from pmmtheory.noise.levels import NoiseLevels, Numbers
from pmmtheory.noise.spacings import SPACINGS
from pmmtheory.targets import Target
from pmmtheory.targets.target import as_numbers


@dataclass(frozen=True)
class NoiseSchedule:
    """The laws of alpha(t) X + sigma(t) Z at training times t = 0 (the data) to N = len(betas), with

        alpha(t)^2 = prod_{i <= t} (1 - betas_i),    sigma(t)^2 = 1 - alpha(t)^2.

    Between whole times log alpha is linear. Methods take a number, or a tensor and then give one.

    Parameters
    ----------
    betas : N numbers in (0, 1)

    Raises
    ------
    InvalidParameter
        Naming `betas`, where one is outside (0, 1) or there is none.

    Source: Ho et al. 2020 (arXiv 2006.11239), whose times are those here.

    Examples
    --------
    >>> round(NoiseSchedule.linear().alpha(1.0) ** 2, 12)
    0.9999
    """

    betas: tuple[float, ...]

    def __init__(self, betas: Sequence[float] | Numbers):
        try:
            values = np.asarray(betas, dtype=np.float64)
        except (TypeError, ValueError, OverflowError, RuntimeError):
            raise InvalidParameter("betas", betas, "numbers between 0 and 1") from None
        if values.ndim != 1 or values.size == 0:
            raise InvalidParameter("betas", tuple(values.shape), "a sequence of at least one number between 0 and 1")
        wrong = ~((values > 0) & (values < 1))
        if wrong.any():
            raise InvalidParameter("betas", float(values[wrong][0]), "numbers between 0 and 1, both excluded")
        object.__setattr__(self, "betas", tuple(values.tolist()))

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(self.betas)

    @classmethod
    def linear(cls, size: int = 1000, first: float | None = None, last: float | None = None) -> NoiseSchedule:
        """Betas from `first` = 0.1/size to `last` = 20/size in equal steps: for every size the same forward process (Ho et al. 2020)."""
        n, low, high = _ends(size, first, last, 0.1, 20.0)
        return cls(np.linspace(low, high, n))

    @classmethod
    def scaled_linear(cls, size: int = 1000, first: float | None = None, last: float | None = None) -> NoiseSchedule:
        """Betas whose roots take equal steps, from `first` = 0.85/size to `last` = 12/size (Rombach et al. 2022, Stable Diffusion)."""
        n, low, high = _ends(size, first, last, 0.85, 12.0)
        return cls(np.linspace(low**0.5, high**0.5, n) ** 2)

    @classmethod
    def cosine(cls, size: int = 1000, offset: float = 0.008, largest: float = 0.999) -> NoiseSchedule:
        """alpha(t)^2 proportional to cos^2((pi/2) (t/N + offset)/(1 + offset)), betas at most `largest` (Nichol & Dhariwal 2021, eq. 17)."""
        n, shift, cap = _size(size), real("offset", offset), real("largest", largest)
        angle = (np.arange(n + 1) / n + shift) / (1 + shift) * np.pi / 2
        # 1 - cos^2 v / cos^2 u = sin(v - u) sin(v + u) / cos^2 u
        fresh = np.sin(np.diff(angle)) * np.sin(angle[1:] + angle[:-1]) / np.cos(angle[:-1]) ** 2
        return cls(np.minimum(fresh, cap))

    @classmethod
    def at(cls, forward_times: Sequence[float] | Numbers) -> NoiseSchedule:
        """The schedule whose k-th training time has the k-th of these forward times, -log alpha: ascending, above zero.

        Examples
        --------
        >>> round(NoiseSchedule.at([0.1, 0.5, 2.0]).forward_time(2.0), 12)
        0.5
        """
        times = as_numbers("forward_times", forward_times, "ascending numbers above 0").numpy()
        if times.ndim != 1 or not times.size or not (np.diff(times, prepend=0.0) > 0).all():
            raise InvalidParameter("forward_times", forward_times, "ascending numbers above 0")
        return cls(-np.expm1(-2 * np.diff(times, prepend=0.0)))

    @property
    def size(self) -> int:
        """N, the number of training times."""
        return len(self.betas)

    @cached_property
    def _whole(self) -> Numbers:
        """t = 0..N."""
        return np.arange(self.size + 1.0)

    @cached_property
    def _knots(self) -> Numbers:
        """log alpha at t = 0..N."""
        return np.concatenate([[0.0], np.cumsum(np.log1p(-np.asarray(self.betas))) / 2])

    def log_alpha(self, t: Times) -> Times:
        """log alpha(t)."""
        return interpolated("t", t, self._whole, self._knots)

    def alpha(self, t: Times) -> Times:
        """alpha(t)."""
        return each(torch.exp, self.log_alpha(t))

    def sigma(self, t: Times) -> Times:
        """sigma(t) = sqrt(1 - alpha(t)^2)."""
        return each(lambda s: torch.sqrt(-torch.expm1(2 * s)), self.log_alpha(t))

    def log_snr(self, t: Times) -> Times:
        """log(alpha(t)/sigma(t)): infinite at t = 0, falling in t."""
        return each(lambda s: s - torch.log(-torch.expm1(2 * s)) / 2, self.log_alpha(t))

    def time_at(self, log_snr: Times) -> Times:
        """The training time with that log(alpha/sigma).

        Examples
        --------
        >>> schedule = NoiseSchedule.cosine()
        >>> round(schedule.time_at(schedule.log_snr(123.4)), 9)
        123.4
        """
        falling = each(lambda s: torch.logaddexp(torch.zeros_like(s), -2 * s) / 2, log_snr)
        return interpolated("log_snr", falling, -self._knots, self._whole)

    def forward_time(self, t: Times) -> Times:
        """-log alpha(t): when the forward process of ReverseDiffusion has this law."""
        return -self.log_alpha(t)

    def marginal(self, target: Target, t: float) -> Target:
        """The law of alpha(t) X + sigma(t) Z, X from the target."""
        if not isinstance(target, Target):
            raise InvalidParameter("target", target, "a pmmtheory target")
        return target.noised(self.alpha(real("t", t)))

    def levels(self, times: Sequence[float] | float) -> NoiseLevels:
        """The noise levels at some training times."""
        return NoiseLevels(self.log_alpha(as_numbers("times", times)).numpy())

    def times(self, steps: int, spacing: str = "uniform", end: float = 0) -> tuple[float, ...]:
        """steps + 1 training times from N down to `end`.

        Parameters
        ----------
        steps : int
        spacing : "uniform", "quadratic" or "log-snr"
            Equal steps in t or in sqrt(t), rounded to whole times, or in log(alpha/sigma), not rounded; that one needs end >= 1.
        end : int
            The last time; 0 is the data.

        Raises
        ------
        InvalidParameter
            Naming `steps` where there are more than training steps, or two times would be the same; `spacing`; or `end` where it is
            not below N, or is 0 with the spacing "log-snr".

        Examples
        --------
        >>> NoiseSchedule.linear().times(4)
        (1000.0, 750.0, 500.0, 250.0, 0.0)
        """
        n, last = count("steps", steps), count("end", end, 0)
        choice("spacing", spacing, SPACINGS)
        if last >= self.size:
            raise InvalidParameter("end", end, f"a training time below {self.size}, the noisiest")
        if n > self.size - last:
            raise InvalidParameter("steps", steps, f"more steps than the {self.size - last} training steps from time {self.size} to {last}")
        points = SPACINGS[spacing](self, n, last)
        if not bool((np.diff(points) < 0).all()):
            raise InvalidParameter("steps", steps, f"too many for distinct whole times with the {spacing} spacing from {self.size} to {last}")
        return tuple(points.tolist())

    def ordered(self, times: Sequence[float]) -> tuple[float, ...]:
        """Training times of one's own, as floats.

        Raises
        ------
        InvalidParameter
            Naming `times`, unless they are two or more numbers from N down to 0, each below the one before.
        """
        allowed = f"two or more training times from {self.size} at most down to 0 at least, each below the one before"
        try:
            points = np.asarray(times, dtype=np.float64)
        except (TypeError, ValueError, OverflowError, RuntimeError):
            raise InvalidParameter("times", times, allowed) from None
        if points.ndim != 1 or points.size < 2 or not (np.diff(points) < 0).all() or not (points[0] <= self.size and points[-1] >= 0):
            raise InvalidParameter("times", times, allowed)
        return tuple(points.tolist())


def _size(size: int) -> int:
    n = count("size", size)
    fits("size", size, 8.0 * n)
    return n


def _ends(size: int, first: float | None, last: float | None, low: float, high: float) -> tuple[int, float, float]:
    n = _size(size)
    ends = [default / n if given is None else real("betas", given) for given, default in ((first, low), (last, high))]
    if not all(0 < end < 1 for end in ends):
        raise InvalidParameter("betas", tuple(ends), "numbers between 0 and 1, both excluded; with few training times give first and last")
    return n, ends[0], ends[1]
