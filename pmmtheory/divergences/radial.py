"""Distances of a mixture of isotropic Gaussians from an isotropic Gaussian with the same centre: one integral over the radius.

Both laws are functions of |x| alone, so KL, chi2 and TV are those of the radii, and W2 is theirs too: the optimal map is radial.
The integrals are taken in t = log(|x|/sqrt(v)), where the trapezoid rule is spectrally accurate for every d.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pmmtheory.divergences.line import entropy
from pmmtheory.divergences.transport import displacement
from pmmtheory.laws.grid import absolute_integral, cumulative

_LARGE = 30.0
"""Logarithms of p/q above this leave nothing of q beside p."""

_DEPTH = 40.0
"""Where the density has fallen to exp(-40) of its maximum nothing is left in double precision."""


@dataclass(frozen=True)
class Radial:
    """sum_i weights_i N(0, variances_i I) against N(0, variance I) in dimension d."""

    dim: int
    variances: Tensor
    weights: Tensor
    variance: float
    coarser: float = 1.0

    @property
    def kl(self) -> float:
        """int q ((1 + r) log(1 + r) - r), as p log(p/q) - p + q where r is large."""
        t, q = self._grid()
        log, p, r = self._ratio(t)
        return float(torch.where(log < _LARGE, q * entropy(r), p * log - p + q).sum()) * self._spacing(t)

    @property
    def chi2(self) -> float:
        """int q r^2, infinite where a component is at least twice as wide: p^2/q is as wide as v/(2 - v)."""
        ratio = float(self.variances.max()) / self.variance
        if ratio >= 2:
            return math.inf
        t, q = self._grid(ratio / (2 - ratio))
        log, p, r = self._ratio(t)
        return float(torch.where(log < _LARGE, q * r**2, p * torch.exp(log)).sum()) * self._spacing(t)

    @property
    def tv(self) -> float:
        """int |p - q| / 2."""
        t, q = self._grid()
        common = float(torch.minimum(self._ratio(t)[1], q).sum()) * self._spacing(t)
        if common < 1e-9:  # p - q rounds to zero between them
            return 1 - common
        return absolute_integral(self._gap(t), float(t[0]), self._spacing(t)) / 2

    @property
    def w2(self) -> float:
        """(E (T(R) - R)^2)^(1/2) with the monotone map T of the radii: log T = log R + s, int_t^{t+s} q = P(t) - Q(t).

        T stretches by no more than the widest and the narrowest component do, which bounds s.
        """
        t, q = self._grid()
        p = self._ratio(t)[1]
        gap = cumulative(self._gap(t), self._spacing(t), int(q.argmax()))
        keep = p > 1e-17 * p.max()
        most = float(torch.log(self.variances / self.variance).abs().max()) / 2
        shift = displacement(t[keep], gap[keep], self._density, self._cdf, 1 / math.sqrt(self.dim), most)
        moved = torch.exp(t[keep]) * torch.expm1(shift)
        return math.sqrt(self.variance * float((moved**2 * p[keep]).sum()) * self._spacing(t))

    def _ratio(self, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """log(p/q), p, and p/q - 1 with each component as expm1 of its log ratio, 0 where it is large."""
        ratio = self.variances / self.variance
        parts = -self.dim / 2 * torch.log(ratio) - torch.exp(2 * t)[:, None] / 2 * (1 / ratio - 1)
        log = torch.logsumexp(parts + torch.log(self.weights), -1)
        r = (torch.expm1(parts.clamp_max(2 * _LARGE)) * self.weights).sum(-1)
        return log, torch.exp(self._log_density(t) + log), torch.where(log < _LARGE, r, 0.0)

    def _gap(self, t: Tensor) -> Tensor:
        """p - q."""
        log, p, r = self._ratio(t)
        q = self._density(t)
        return torch.where(log < _LARGE, q * r, p - q)

    def _log_density(self, t: Tensor) -> Tensor:
        """Of t = log(radius): d t - e^(2t)/2 up to the constant."""
        return self.dim * t - torch.exp(2 * t) / 2 - (self.dim / 2 - 1) * math.log(2) - math.lgamma(self.dim / 2)

    def _density(self, t: Tensor) -> Tensor:
        return torch.exp(self._log_density(t))

    def _cdf(self, t: Tensor) -> Tensor:
        half = torch.tensor(self.dim / 2, dtype=t.dtype, device=t.device)
        value: Tensor = torch.special.gammainc(half, torch.exp(2 * t) / 2)
        return value

    def _grid(self, reach: float = 1.0) -> tuple[Tensor, Tensor]:
        """A uniform grid of t that carries both laws and one of variance `reach`, and the density of the Gaussian there."""
        peak = math.log(self.dim) / 2
        widest, narrowest = (math.log(float(v) / self.variance) / 2 for v in (self.variances.max(), self.variances.min()))
        low, high = (self._end(peak, side) for side in (-1, 1))
        low, high = low + min(narrowest, 0.0), high + max(widest, math.log(reach) / 2, 0.0)
        spacing = 0.08 * self.coarser / math.sqrt(1 + self.dim / 4)
        t = torch.linspace(low, high, math.ceil((high - low) / spacing) + 1, dtype=torch.float64, device=self.variances.device)
        return t, self._density(t)

    def _end(self, peak: float, side: int) -> float:
        """Where the density of t has fallen by exp(-_DEPTH), by bisection."""
        near, far = 0.0, 2 * _DEPTH / self.dim + 4 * math.sqrt(_DEPTH / self.dim) + 2.0
        for _ in range(60):
            s = (near + far) / 2 * side
            fallen = self.dim / 2 * (math.expm1(2 * s) - 2 * s)
            near, far = (abs(s), far) if fallen < _DEPTH else (near, abs(s))
        return peak + far * side

    @staticmethod
    def _spacing(t: Tensor) -> float:
        return float(t[1] - t[0])
