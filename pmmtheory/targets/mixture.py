"""Mixtures of isotropic Gaussians in any dimension."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, scale
from pmmtheory.estimate import Estimate
from pmmtheory.targets.gaussian import Gaussian, _tensor, noise_share, normal_cdf
from pmmtheory.targets.inverse import inverse
from pmmtheory.targets.line import LineTarget
from pmmtheory.targets.mixture_pull import PullTerms, across, pull, pull_terms
from pmmtheory.targets.region import REACH, Region
from pmmtheory.targets.target import Constant, as_points, as_shares, draws, generator, unit_vector

_MOST = 4096
"""Noise levels kept."""


class GaussianMixture(LineTarget):
    """sum_k w_k N(m_k, v_k I) on R^d.

    Parameters
    ----------
    weights : (n,) positive numbers that sum to 1
    means : (n,) numbers, or (n, d) points
    variances : (n,) positive numbers, one a component

    Raises
    ------
    InvalidParameter
        On weights that are not positive or do not sum to 1 (to 1e-9), shapes that disagree, or values that are not finite.

    Examples
    --------
    >>> target = GaussianMixture(weights=[.5, .5], means=[-1.5, 1.5], variances=[1., 1.])
    >>> round(target.covariance, 12)
    3.25
    """

    _smooth = True
    coordinates_first = True

    def __init__(self, weights: Any, means: Any, variances: Any):
        self.weights, points, self.variances = (_tensor(n, v) for n, v in (("weights", weights), ("means", means), ("variances", variances)))
        if self.weights.ndim != 1 or self.weights.numel() == 0 or not bool((self.weights > 0).all()) or abs(float(self.weights.sum()) - 1) > 1e-9:
            raise InvalidParameter("weights", self.weights.tolist(), "positive numbers that sum to 1")
        self.weights = self.weights / self.weights.sum()
        n = self.weights.shape[0]
        if points.ndim not in (1, 2) or points.shape[0] != n or 0 in points.shape:
            raise InvalidParameter("means", tuple(points.shape), f"{n} numbers or {n} points, one a weight")
        if self.variances.shape != (n,) or not bool((self.variances > 0).all()):
            raise InvalidParameter("variances", self.variances.tolist(), f"{n} positive numbers, one a weight")
        for variance in self.variances.tolist():
            scale("variances", variance)
        self.means = points.reshape(n, -1)
        self.dim = self.means.shape[1]
        self._known: dict[Any, tuple[Tensor, ...]] = {}
        self._across: dict[Any, PullTerms | None] = {}

    @property
    def name(self) -> str:
        return f"GaussianMixture({len(self.weights)} modes, d={self.dim})"

    @property
    def mean(self) -> Any:
        """sum_k w_k m_k: a float when d = 1, else a (d,) tensor."""
        centre = self.weights @ self.means
        return float(centre[0]) if self.dim == 1 else centre

    @property
    def covariance(self) -> Any:
        """The covariance: a float when d = 1, else a (d, d) tensor."""
        offset = self.means - self.weights @ self.means
        matrix = (self.weights @ self.variances) * torch.eye(self.dim, dtype=torch.float64) + (offset.T * self.weights) @ offset
        return float(matrix[0, 0]) if self.dim == 1 else matrix

    @property
    def components(self) -> tuple[Tensor, Tensor, Tensor] | None:
        return (self.weights / self.weights.sum(), self.means[:, 0], self.variances) if self.dim == 1 else None

    @cached_property
    def smoothness(self) -> Constant:  # type: ignore[override]
        if self.dim == 1:
            return Constant(self._steepest, "maximum of |F''|, by a zoom from the nodes of graded panels")
        if not bool((self.variances == self.variances[0]).all()):
            return Constant(math.inf, "no bound is known for unequal variances in d > 1")
        v, reach = float(self.variances[0]), float(torch.cdist(self.means, self.means).max())
        return Constant(max(1 / v, reach**2 / (4 * v**2) - 1 / v), "Hess F = I/v - Cov_r(m)/v^2 with |Cov_r(m)| <= reach^2/4")

    @cached_property
    def tail_curvature(self) -> tuple[float, float]:
        """1/v of the widest component, which alone is left far out."""
        return (1 / float(self.variances.max()),) * 2

    @property
    def _quadratic_tails(self) -> bool:
        return True

    @property
    def _bends(self) -> Tensor:
        """Where two components weigh the same and no other weighs much more, which may be beyond the support: F'' bends there over 1/|difference of slopes|."""
        m, v, w = self.means[:, 0], self.variances, self.weights
        upper, lower = torch.triu_indices(len(w), len(w), 1)
        middle = (m[upper] + m[lower]) / 2
        p, q = m[upper] - middle, m[lower] - middle
        square = 0.5 / v[lower] - 0.5 / v[upper]
        half = (p / v[upper] - q / v[lower]) / 2
        level = torch.log(w[upper] / w[lower]) - torch.log(v[upper] / v[lower]) / 2 - p * p / (2 * v[upper]) + q * q / (2 * v[lower])
        root = torch.sqrt((half * half - square * level).clamp_min(0))
        large = -(half + torch.where(half < 0, -root, root))
        found = torch.cat([middle + large / square, middle + level / large])
        both = torch.cat([upper, upper]), torch.cat([lower, lower])
        real = torch.isfinite(found)
        x, first, second = found[real], both[0][real], both[1][real]
        parts = self._log_parts(x)
        rows = torch.arange(x.numel())
        kept = torch.minimum(parts[first, rows], parts[second, rows]) > parts.max(0).values - 3
        x, first, second = x[kept], first[kept], second[kept]
        width = 1 / torch.abs((x - m[first]) / v[first] - (x - m[second]) / v[second]).clamp_min(1e-300)
        offsets = torch.linspace(-6, 6, 25, dtype=torch.float64) * width.clamp_max(float(torch.sqrt(v.max())))[:, None]
        return (x[:, None] + offsets).flatten()

    @property
    def _region(self) -> Region:
        means, widths = self.means[:, 0], torch.sqrt(self.variances)
        low, high = float((means - REACH * widths).min()), float((means + REACH * widths).max())
        return Region(low, high, float(self.potential(means).min()), tuple(zip(means.tolist(), widths.tolist(), strict=True)))

    def potential(self, x: Tensor) -> Tensor:
        return -torch.logsumexp(self._log_parts(x), 0)

    def log_density(self, x: Any) -> Tensor:
        return -self.potential(as_points(x, self.dim))

    def drift(self, x: Tensor) -> Tensor:
        return self.noised_drift(x, 1.0)

    def noised(self, alpha: float) -> GaussianMixture:
        share, rest = noise_share(alpha)
        return GaussianMixture(self.weights, alpha * (self.means[:, 0] if self.dim == 1 else self.means), share * self.variances + rest)

    def noised_drift(self, x: Tensor, alpha: float | Tensor) -> Tensor:
        if not isinstance(alpha, Tensor):
            if self.dim > 1 and across(x) and (known := self._pull_terms(x, alpha)) is not None:
                return pull(x, known)
            means, precision, half, level = self._terms(x, alpha)
            gap = means - x
            share = torch.softmax(self._square(gap).mul_(half).add_(level), 0)
            return (share * (gap * precision)).sum(0) if self.dim == 1 else torch.einsum("k...,k...d->...d", share * precision, gap)
        means, v, w = self._first(x)
        share = alpha[..., 0] ** 2 if self.dim > 1 and isinstance(alpha, Tensor) and alpha.ndim else alpha * alpha
        return _pull(alpha * means - x, share * v + (1 - share), w, self.dim)

    def along(self, direction: Any) -> GaussianMixture:
        return GaussianMixture(self.weights, self.means @ unit_vector(direction, self.dim), self.variances)

    def curvature(self, x: Tensor) -> Tensor:
        self._require_line("curvature")
        means, v, _ = self._first(x)
        share, slope = torch.softmax(self._log_parts(x), 0), (x - means) / v
        centred = slope - (share * slope).sum(0)
        return (share / v).sum(0) - (share * centred**2).sum(0)

    def cdf(self, x: Any) -> Tensor:
        self._require_line("a distribution function")
        return self._mass(as_points(x, 1), -1)

    def survival(self, x: Any) -> Tensor:
        self._require_line("a distribution function")
        return self._mass(as_points(x, 1), 1)

    def quantile(self, u: Any) -> Tensor:
        self._require_line("a distribution function")
        level = as_shares(u)
        parts = self._like(self.means[:, 0], level) + torch.sqrt(self._like(self.variances, level)) * torch.special.ndtri(level)[..., None]
        return inverse(self._mass, self.density, level, parts.amin(-1), parts.amax(-1))

    def moment_about(self, centre: float, k: int) -> Estimate:
        self._require_line("moments of order k")
        parts = [Gaussian(m, v).moment_about(centre, k) for m, v in zip(self.means[:, 0].tolist(), self.variances.tolist(), strict=True)]
        pairs = list(zip(self.weights.tolist(), parts, strict=True))
        rounding = sum(w * (part.error + 4 * 2.0**-52 * abs(part.value)) for w, part in pairs)
        return Estimate.of(sum(w * part.value for w, part in pairs), "closed form", rounding=rounding)

    def _mass(self, x: Tensor, side: int) -> Tensor:
        """The mass on the left (side = -1) or the right (side = 1) of x."""
        z = (x[..., None] - self._like(self.means[:, 0], x)) / torch.sqrt(self._like(self.variances, x))
        value: Tensor = (self._like(self.weights, x) * normal_cdf(-side * z)).sum(-1)
        return value

    def sample(self, n: int, seed: int = 0) -> Tensor:
        draw = generator(seed)
        k = torch.multinomial(self.weights, draws(n, self.dim), replacement=True, generator=draw)
        z = torch.randn((n, self.dim), generator=draw, dtype=torch.float64)
        x = self.means[k] + torch.sqrt(self.variances[k])[:, None] * z
        return x[:, 0] if self.dim == 1 else x

    def _log_parts(self, x: Tensor) -> Tensor:
        """log(w_k N(x; m_k, v_k I)), with the component as first axis, which is many times as fast as last."""
        means, _, half, level = self._terms(x, 1.0)
        return self._square(means - x).mul_(half).add_(level)

    def _square(self, gap: Tensor) -> Tensor:
        return gap * gap if self.dim == 1 else (gap * gap).sum(-1)

    def _terms(self, x: Tensor, alpha: float) -> tuple[Tensor, ...]:
        """m, 1/v, -1/(2 v) and log(w/(2 pi v)^(d/2)) of the components noised to alpha, fit for points x: a sampler asks for the same again and again."""
        key = alpha, x.dtype, x.device, x.ndim
        if key not in (known := self._known):
            v = alpha * alpha * self.variances + (1 - alpha * alpha)
            terms = 1 / v, -0.5 / v, torch.log(self.weights) - self.dim / 2 * torch.log(2 * math.pi * v)
            ones = (1,) * (x.ndim if self.dim == 1 else x.ndim - 1)
            shaped = [term.reshape(-1, *ones) for term in terms]
            means = (alpha * self.means).reshape(-1, *ones, *(() if self.dim == 1 else (self.dim,)))
            if len(known) >= _MOST:  # another one, as a thread may be reading this
                known = self._known = {}
            known[key] = tuple(self._like(term, x) for term in (means, *shaped))
        return known[key]

    def _pull_terms(self, x: Tensor, alpha: float) -> PullTerms | None:
        key = alpha, x.dtype, x.device
        if key not in (known := self._across):
            if len(known) >= _MOST:
                known = self._across = {}
            known[key] = pull_terms(alpha * self.means, alpha * alpha * self.variances + (1 - alpha * alpha), self.weights, x)
        return known[key]

    def _first(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Means, variances and weights with the component as first axis, fit for points x."""
        means, v, w = (self._like(t, x) for t in (self.means, self.variances, self.weights))
        ones = (1,) * (x.ndim if self.dim == 1 else x.ndim - 1)
        return means.reshape(-1, *ones, *(() if self.dim == 1 else (self.dim,))), v.reshape(-1, *ones), w.reshape(-1, *ones)

    @staticmethod
    def _like(value: Tensor, x: Tensor) -> Tensor:
        return value.to(device=x.device, dtype=x.dtype)


def _pull(gap: Tensor, v: Tensor, w: Tensor, dim: int) -> Tensor:
    """sum_k r_k (m_k - x)/v_k with r_k the share of component k at x; gap = m_k - x, with the component as first axis."""
    square = gap * gap if dim == 1 else (gap * gap).sum(-1)
    share = torch.softmax(square.mul_(-0.5 / v).add_(torch.log(w) - dim / 2 * torch.log(v)), 0)
    return (share * (gap / v)).sum(0) if dim == 1 else torch.einsum("k...,k...d->...d", share / v, gap)
