"""Mixtures of Gaussians in any dimension."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, scale
from pmmtheory.estimate import Estimate
from pmmtheory.targets.components import Components, TurnedComponents, like, turned
from pmmtheory.targets.gaussian import Gaussian, _tensor, noise_share, normal_cdf
from pmmtheory.targets.inverse import inverse
from pmmtheory.targets.line import LineTarget
from pmmtheory.targets.region import REACH, Region
from pmmtheory.targets.target import Constant, as_points, as_shares, draws, generator, unit_vector


class GaussianMixture(LineTarget):
    """sum_k w_k N(m_k, C_k) on R^d, with C_k = v_k I or any covariance.

    Parameters
    ----------
    weights : (n,) positive numbers that sum to 1
    means : (n,) numbers, or (n, d) points
    variances : (n,) positive numbers, one a component
    covariances : (n, d, d) positive definite matrices, in place of variances
        The smallest variance of each must be above 1e-10 of its largest, as double precision says it to 2e-16 of that only.

    Attributes
    ----------
    weights, means : tensors (n,) and (n, d)
    variances : tensor
        (n,) where every component is isotropic; else (n, d), along the axes of each.
    axes : tensor (n, d, d) or None
        Their columns; None where every component is isotropic.

    Raises
    ------
    InvalidParameter
        On weights that are not positive or do not sum to 1 (to 1e-9), shapes that disagree, values that are not finite, or matrices that are not
        symmetric and positive definite.

    Examples
    --------
    >>> target = GaussianMixture(weights=[.5, .5], means=[-1.5, 1.5], variances=[1., 1.])
    >>> round(target.covariance, 12)
    3.25
    >>> leaning = GaussianMixture([.5, .5], [[-1., 0.], [1., 0.]], covariances=[[[1., .5], [.5, 1.]], [[1., -.5], [-.5, 1.]]])
    >>> leaning.along([1., 1.]).variances
    tensor([1.5000, 0.5000], dtype=torch.float64)
    """

    _smooth = True

    def __init__(self, weights: Any, means: Any, variances: Any = None, covariances: Any = None):
        shares, points = _tensor("weights", weights), _tensor("means", means)
        if shares.ndim != 1 or shares.numel() == 0 or not bool((shares > 0).all()) or abs(float(shares.sum()) - 1) > 1e-9:
            raise InvalidParameter("weights", shares.tolist(), "positive numbers that sum to 1")
        n = shares.shape[0]
        if points.ndim not in (1, 2) or points.shape[0] != n or 0 in points.shape:
            raise InvalidParameter("means", tuple(points.shape), f"{n} numbers or {n} points, one a weight")
        points = points.reshape(n, -1)
        if (variances is None) == (covariances is None):
            raise InvalidParameter("variances", variances, "given where no covariances are, and not beside them")
        shares = shares / shares.sum()
        if covariances is not None:
            spread, axes = turned(covariances, n, points.shape[1])
            self._become(TurnedComponents(shares, points, spread, axes) if points.shape[1] > 1 else Components(shares, points, spread[:, 0]))
            return
        spread = _tensor("variances", variances)
        if spread.shape != (n,) or not bool((spread > 0).all()):
            raise InvalidParameter("variances", spread.tolist(), f"{n} positive numbers, one a weight")
        for variance in spread.tolist():
            scale("variances", variance)
        self._become(Components(shares, points, spread))

    def _become(self, parts: Components) -> None:
        self._parts, self.dim, self.coordinates_first = parts, parts.dim, parts.dim > 1 and parts.axes is None
        self.weights, self.means, self.variances, self.axes = parts.weights, parts.means, parts.variances, parts.axes

    @property
    def covariances(self) -> Tensor:
        """The covariance of each component, (n, d, d)."""
        return self._parts.covariances

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
        matrix = torch.einsum("k,kij->ij", self.weights, self.covariances) + (offset.T * self.weights) @ offset
        return float(matrix[0, 0]) if self.dim == 1 else matrix

    @property
    def components(self) -> tuple[Tensor, Tensor, Tensor] | None:
        return (self.weights / self.weights.sum(), self.means[:, 0], self.variances) if self.dim == 1 else None

    @cached_property
    def smoothness(self) -> Constant:  # type: ignore[override]
        if self.dim == 1:
            return Constant(self._steepest, "maximum of |F''|, by a zoom from the nodes of graded panels")
        if not self._parts.alike:
            return Constant(math.inf, "no bound is known for unequal covariances in d > 1")
        v, sides = self._spread(0), self._sides
        narrow, wide = float(v.min()), float(v.max())
        reach, steep = (float(torch.cdist(places, places, compute_mode="donot_use_mm_for_euclid_dist").max()) for places in (sides / torch.sqrt(v), sides / v))
        below = min((reach**2 / 4 - 1) / narrow, steep**2 / 4 - 1 / wide)
        return Constant(max(1 / narrow, below), "Hess F = P - P Cov_r(m) P with |Cov_r| <= reach^2/4 for P^(1/2) m and for P m, P = C^-1")

    @cached_property
    def tail_curvature(self) -> tuple[float, float]:
        """The largest 1/v of the components that are left far out: those that no other is wider than in every direction."""
        if self.dim == 1:
            return (1 / float(self.variances.max()),) * 2
        matrices = self.covariances
        wider = torch.linalg.eigvalsh(matrices[None] - matrices[:, None])[..., 0] > 0
        return (1 / min(float(self._spread(k).min()) for k in torch.nonzero(~wider.any(1)).flatten().tolist()),) * 2

    def _spread(self, k: int) -> Tensor:
        """The variances (d,) of component k along its axes."""
        return self.variances[k].expand(self.dim)

    @property
    def _sides(self) -> Tensor:
        """The means along the axes of the first component, from the first."""
        gaps = self.means - self.means[0]
        return gaps if self.axes is None else gaps @ self.axes[0]

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
        parts = self._parts.log_parts(x)
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
        return -torch.logsumexp(self._parts.log_parts(x), 0)

    def log_density(self, x: Any) -> Tensor:
        return -self.potential(as_points(x, self.dim))

    def drift(self, x: Tensor) -> Tensor:
        return self.noised_drift(x, 1.0)

    def noised(self, alpha: float) -> GaussianMixture:
        share, rest = noise_share(alpha)
        return _of(self._parts.with_spread(alpha * self.means, share * self.variances + rest))

    def noised_drift(self, x: Tensor, alpha: float | Tensor) -> Tensor:
        return self._parts.pull(x, alpha)

    def along(self, direction: Any) -> GaussianMixture:
        unit = unit_vector(direction, self.dim)
        return GaussianMixture(self.weights, self.means @ unit, self._parts.spread_along(unit))

    def curvature(self, x: Tensor) -> Tensor:
        self._require_line("curvature")
        means, v, _ = self._parts.first(x)
        share, slope = torch.softmax(self._parts.log_parts(x), 0), (x - means) / v
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
        parts = like(self.means[:, 0], level) + torch.sqrt(like(self.variances, level)) * torch.special.ndtri(level)[..., None]
        return inverse(self._mass, self.density, level, parts.amin(-1), parts.amax(-1))

    def moment_about(self, centre: float, k: int) -> Estimate:
        self._require_line("moments of order k")
        parts = [Gaussian(m, v).moment_about(centre, k) for m, v in zip(self.means[:, 0].tolist(), self.variances.tolist(), strict=True)]
        pairs = list(zip(self.weights.tolist(), parts, strict=True))
        rounding = sum(w * (part.error + 4 * 2.0**-52 * abs(part.value)) for w, part in pairs)
        return Estimate.of(sum(w * part.value for w, part in pairs), "closed form", rounding=rounding)

    def _mass(self, x: Tensor, side: int) -> Tensor:
        """The mass on the left (side = -1) or the right (side = 1) of x."""
        z = (x[..., None] - like(self.means[:, 0], x)) / torch.sqrt(like(self.variances, x))
        value: Tensor = (like(self.weights, x) * normal_cdf(-side * z)).sum(-1)
        return value

    def sample(self, n: int, seed: int = 0) -> Tensor:
        draw = generator(seed)
        k = torch.multinomial(self.weights, draws(n, self.dim), replacement=True, generator=draw)
        z = torch.randn((n, self.dim), generator=draw, dtype=torch.float64)
        x = self._parts.draw(k, z)
        return x[:, 0] if self.dim == 1 else x


def _of(parts: Components) -> GaussianMixture:
    """The mixture of components that are known to be right."""
    mixture = GaussianMixture.__new__(GaussianMixture)
    mixture._become(parts)
    return mixture
