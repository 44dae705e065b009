"""Distances of a mixture of isotropic Gaussians from an isotropic Gaussian with the same centre, along the radius.

Both laws are functions of |x| alone, so KL, chi2 and TV are those of the radii, and W2 is theirs too: the optimal map is radial.
In s = log(|x|/sqrt(d v)) a component of variance r v has the density q(s - log(r)/2), q that of the Gaussian: differences of the laws
are integrals of q over short intervals, which keeps the digits of near laws. chi2 and TV need no grid but to find the crossings;
KL and W2 are sums by the trapezoid rule, spectrally accurate for every d.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import scipy.special
import torch
from torch import Tensor

from pmmtheory.divergences.gaussian_power import surplus
from pmmtheory.divergences.generator import LARGE, SMALLEST, Generator
from pmmtheory.numerics.rules import gauss_legendre

_DEPTH = 40.0
"""Where the density has fallen to exp(-40) of its maximum nothing is left in double precision."""

_EPS = 2.0**-52


@dataclass(frozen=True)
class Radial:
    """sum_i weights_i N(0, variances_i I) against N(0, variance I) in dimension d; `coarser` widens the grid, and moves it by half a step."""

    dim: int
    variances: Tensor
    weights: Tensor
    variance: float
    coarser: float = 1.0

    @property
    def kl(self) -> float:
        """int q ((1 + r) log(1 + r) - r), as p log(p/q) - p + q where r is large."""
        s, spacing = self._grid
        log, p, r = self._ratio(s)
        q = self._density(s)
        return float(torch.where(log < LARGE, q * _entropy(r, log), p * log - p + q).sum()) * spacing

    @property
    def chi2(self) -> float:
        """sum_ij w_i w_j (1 - x_i x_j)^(-d/2) - 1 with x the relative excess of the variances; infinite where a component is at least twice as wide."""
        if float(self._excess.max()) >= 1:
            return math.inf
        return float((self.weights[:, None] * self.weights * torch.expm1(self.dim / 2 * self._overlap)).sum())

    def integral(self, f: Generator) -> float:
        """int q f(p/q)."""
        s, spacing = self._grid
        log, p, r = self._ratio(s)
        return float(f.between(p, self._density(s), log.clamp_min(SMALLEST), r.clamp_min(-1.0)).sum()) * spacing

    @property
    def tv(self) -> float:
        """Half the changes of P - Q between the crossings of the densities."""
        s, _ = self._grid
        sign = torch.sign(self._relative(self._parts(s)))
        place = torch.nonzero(sign[:-1] * sign[1:] < 0).flatten()
        low, high, shares = s[place], s[place + 1], torch.linspace(0, 1, 33, dtype=torch.float64)
        for _ in range(6):  # to 2^-30 of the spacing: where it turns, P - Q is off by the square of that
            inner = torch.lerp(low[:, None], high[:, None], shares)
            before = torch.sign(self._relative(self._parts(inner.reshape(-1)))).reshape(inner.shape) == sign[place, None]
            first = before.long().cumprod(-1).sum(-1, keepdim=True).clamp(1, 32)
            low, high = inner.gather(1, first - 1)[:, 0], inner.gather(1, first)[:, 0]
        turns = self._gap((low + high) / 2)
        return float(torch.diff(turns, prepend=turns.new_zeros(1), append=turns.new_zeros(1)).abs().sum()) / 2

    @property
    def w2(self) -> float:
        """(E (T(R) - R)^2)^(1/2) with the monotone map T of the radii: log T = log R + m, int_s^{s+m} q = P(s) - Q(s).

        T stretches by no more than the widest and the narrowest component do, which bounds m; by bracketed Newton steps.
        """
        s, spacing = self._grid
        p = self._ratio(s)[1]
        s, p = s[p > 1e-18 * p.max()], p[p > 1e-18 * p.max()]
        gap = self._gap(s)
        low, high = (torch.full_like(s, -float(end)) for end in (self._shifts.max(), self._shifts.min()))
        moved = torch.where(gap > 0, high, low) / 2 if len(self._shifts) > 1 else low
        for _ in range(80):
            off = self._between(s, moved) - gap
            low, high = torch.where(off <= 0, moved, low), torch.where(off >= 0, moved, high)
            newton = moved - off / self._density(s + moved).clamp_min(1e-300)
            after = torch.where((newton >= low) & (newton <= high), newton, (low + high) / 2)
            change, moved = (after - moved).abs(), after
            if bool((change <= 1e-14 * moved.abs() + 1e-300).all()):
                break
        return math.sqrt(self.dim * self.variance * float(((torch.exp(s) * torch.expm1(moved)) ** 2 * p).sum()) * spacing)

    def rounding_of_chi2(self) -> float:
        """What a few units of rounding of every term may do to chi2."""
        size = self.dim / 2 * self._overlap.abs()
        off = size + torch.where(size > 0.1, self.dim / 2 * torch.exp(self._overlap), 0.0)
        return 16 * _EPS * float((self.weights[:, None] * self.weights * (torch.expm1(size) + torch.exp(size) * off)).sum())

    def rounding_of_integral(self, value: float) -> float:
        """What they may do to an integral that is quadratic near p = q."""
        root, apart = math.sqrt(abs(value)), min(float(self._excess.abs().max()), 1.0)
        return 64 * _EPS * (value + math.sqrt(self.dim) * root * apart) + 8 * _EPS * root * self.dim * apart

    def rounding_of_distance(self, value: float, unit: float) -> float:
        """What they may do to tv or w2, with the unit of the distance."""
        near = float(self._shifts.abs().max()) < self._near
        return 256 * _EPS * (value + (float(self._excess.abs().max()) if near else 1.0) * unit * math.sqrt(self.dim))

    @cached_property
    def _excess(self) -> Tensor:
        return (self.variances - self.variance) / self.variance

    @cached_property
    def _shifts(self) -> Tensor:
        """log(r)/2 of the components."""
        return torch.where(self._excess.abs() < 0.5, torch.log1p(self._excess), torch.log(self.variances / self.variance)) / 2

    @cached_property
    def _overlap(self) -> Tensor:
        """-log(1 - x_i x_j), where 1 - x_i x_j = r_i + r_j - r_i r_j."""
        product, r = self._excess[:, None] * self._excess, self.variances / self.variance
        whole: Tensor = torch.where(product.abs() < 0.5, torch.log1p(-product), torch.log((r[:, None] + r - r[:, None] * r).clamp_min(1e-300)))
        return -whole

    @property
    def _near(self) -> float:
        """Up to this length q is integrated; beyond, masses are subtracted."""
        return 1 / math.sqrt(self.dim)

    def _ratio(self, s: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """log(p/q), p, and p/q - 1 with each component as expm1 of its log ratio, large where it is large."""
        parts = self._parts(s)
        log = torch.logsumexp(parts + torch.log(self.weights), -1)
        p = (self._density(s[:, None] - self._shifts) * self.weights).sum(-1)
        return log, p, self._relative(parts)

    def _parts(self, s: Tensor) -> Tensor:
        """The log ratio of every component to q."""
        return -self.dim / 2 * (torch.exp(2 * s)[:, None] * torch.expm1(-2 * self._shifts) + 2 * self._shifts)

    def _relative(self, parts: Tensor) -> Tensor:
        """p/q - 1."""
        return (torch.expm1(parts.clamp_max(2 * LARGE)) * self.weights).sum(-1)

    def _gap(self, s: Tensor) -> Tensor:
        """P - Q, component by component."""
        whole: Tensor = (self._between(s[:, None].expand(-1, len(self._shifts)), -self._shifts.expand(len(s), -1)) * self.weights).sum(-1)
        return whole

    def _between(self, s: Tensor, length: Tensor) -> Tensor:
        """int_s^{s + length} q."""
        if not s.numel():
            return torch.zeros_like(s)
        longest = float(length.abs().max())
        steepest = self.dim * max(abs(math.expm1(2 * float(end))) for end in s.aminmax())  # by so much log q changes over a unit of length
        nodes, weights = (torch.as_tensor(a) for a in gauss_legendre(8 if longest * steepest < 1 else 24))
        fine = (self._density(s[..., None] + length[..., None] * nodes) * weights).sum(-1) * length
        if longest <= self._near:
            return fine
        end = s + length
        left, right = self._mass(end, below=True) - self._mass(s, below=True), self._mass(s, below=False) - self._mass(end, below=False)
        return torch.where(length.abs() <= self._near, fine, torch.where(torch.minimum(s, end) > 0, right, left))

    def _mass(self, s: Tensor, below: bool) -> Tensor:
        """Of q below or above a point."""
        share: Callable[..., object] = scipy.special.gammainc if below else scipy.special.gammaincc
        return torch.as_tensor(share(self.dim / 2, self.dim / 2 * torch.exp(2 * s).numpy()), dtype=s.dtype)

    def _density(self, s: Tensor) -> Tensor:
        """q: the logarithm falls from its maximum at 0 by d/2 (e^(2s) - 1 - 2s)."""
        return torch.exp(-self.dim / 2 * (torch.expm1(2 * s) - 2 * s)) * self._height

    @cached_property
    def _height(self) -> float:
        """2 (d/2)^(d/2) e^(-d/2) / Gamma(d/2), by Stirling's series in high dimensions."""
        half = self.dim / 2
        if half < 20:
            return 2 * math.exp(half * math.log(half) - half - math.lgamma(half))
        stirling = 1 / (12 * half) - 1 / (360 * half**3) + 1 / (1260 * half**5) - 1 / (1680 * half**7)
        return math.sqrt(2 * half / math.pi) * math.exp(-stirling)

    @cached_property
    def _grid(self) -> tuple[Tensor, float]:
        """Uniform points that carry both laws, and their distance."""
        low, high = _end(self.dim, -1) + min(float(self._shifts.min()), 0.0), _end(self.dim, 1) + max(float(self._shifts.max()), 0.0)
        spacing = 0.08 * self.coarser / math.sqrt(1 + self.dim / 4)
        count = math.ceil((high - low) / spacing) + 2
        moved = 0.0 if self.coarser == 1.0 else spacing / 2
        return low - moved + spacing * torch.arange(count, dtype=torch.float64), spacing


@lru_cache(maxsize=64)
def _end(dim: int, side: int) -> float:
    """Where q has fallen by exp(-_DEPTH), by bisection."""
    near, far = 0.0, 2 * _DEPTH / dim + 4 * math.sqrt(_DEPTH / dim) + 2.0
    for _ in range(60):
        s = (near + far) / 2 * side
        fallen = dim / 2 * (math.expm1(2 * s) - 2 * s)
        near, far = (abs(s), far) if fallen < _DEPTH else (near, abs(s))
    return far * side


def _entropy(r: Tensor, log: Tensor) -> Tensor:
    """(1 + r) log(1 + r) - r, to relative accuracy; log is log(1 + r) with all digits away from r = 0."""
    near = r * torch.log1p(r.clamp_min(-0.9)) - surplus(r.clamp_min(-0.9), (1 + r).clamp_min(0.1))
    return torch.where(r.abs() < 0.5, near, torch.exp(log) * log - r)
