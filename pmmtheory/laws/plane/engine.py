"""The law of a chain of positions in the plane: every step is a sum of Gaussians, and each of these a product over the axes.

A Gaussian of deviations s around c has the density N(y1; c1, s1^2) N(y2; c2, s2^2) on a product of grids: the sum over all starts and
nodes of the draws is one product of two matrices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pmmtheory.chain import Chain
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws.engine import Engine, Refusal, overdamped, smooth, starts_from
from pmmtheory.laws.law import side_of
from pmmtheory.laws.plane.law import PlanarLaw
from pmmtheory.laws.refinement import refined_path
from pmmtheory.laws.step.characteristic import centre
from pmmtheory.laws.step.cubature import cubature, enumerable
from pmmtheory.numerics.rules import gauss_hermite
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Gaussian, GaussianMixture, Target

_MOST = 700
"""Points of an axis beyond which a law is out of reach."""

_CHUNK = 20_000
"""Gaussians added up at once."""

_FARTHEST = 300.0
"""exp(-300) stands for any smaller value: products with numbers that are barely above none are slow."""

Axes = tuple[Tensor, Tensor]


class PlaneEngine(Engine):
    """Chains of positions in R^2 whose target is a mixture of Gaussians."""

    name, rank, default_rtol = "plane", 4, 1e-5
    most_steps = 1_000_000

    def supports(self, chain: Chain, stationary: bool) -> Refusal | None:
        scheme, target = chain.scheme, chain.scheme.dynamics.target
        if not isinstance(target, GaussianMixture) or target.dim != 2:
            return Refusal("target", getattr(target, "name", target), "a mixture of Gaussians in the plane")
        if stationary:
            return Refusal("target", target.name, "a target on the line or a Gaussian, for a stationary law")
        if not enumerable(scheme):
            return Refusal("scheme", scheme.name, "one with at most one random midpoint a step, for a law in the plane; particles serve any")
        refused = overdamped(scheme) or smooth(scheme)
        return refused or starts_from(chain, (Gaussian, GaussianMixture, PlanarLaw), "a Gaussian, a mixture or a law in the plane")

    def evolved(self, scheme: Scheme, start: Any, steps: Sequence[int], rtol: float, device: str) -> list[PlanarLaw]:
        """The laws after each of the given numbers of steps (ascending), starting at time 0."""

        def at_level(level: int) -> list[PlanarLaw]:
            return list(_evolve(_Chain(scheme, level, 1e-2 * 0.1**level * rtol, device), start, steps))

        return refined_path(at_level, rtol, scheme.name, steps)


@dataclass(frozen=True)
class _Chain:
    """A scheme, and how finely its law is computed."""

    scheme: Scheme
    level: int
    tolerance: float
    device: str

    @property
    def rtol(self) -> float:
        """The accuracy asked for."""
        return 1e2 * 10.0**self.level * self.tolerance

    @property
    def depth(self) -> float:
        """How many standard deviations of a Gaussian matter."""
        return math.sqrt(2 * math.log1p(1 / self.tolerance))

    def roughness(self, t: float) -> float:
        """The inverse of the shortest scale of the law of the process at time t."""
        return _roughness_of(self.scheme.dynamics.law_at(t))

    def axes(self, ends: Tensor, band: float) -> Axes:
        """Grids between ends (2, 2), low and high for each axis, on which the trapezoid rule sees what varies up to this band."""
        spacing = 2 * math.pi / (self.depth * band) / (1.25 * 1.15**self.level)
        counts = [max(24 + 3 * self.level, math.ceil(float(high - low) / spacing) + 1) for low, high in ends]
        if max(counts) > _MOST:
            raise NotConverged(f"a law on a grid of {counts[0]} x {counts[1]} points", math.nan, self.rtol)
        first, second = (
            torch.linspace(float(low), float(high), n, dtype=torch.float64, device=self.device) for (low, high), n in zip(ends, counts, strict=True)
        )
        return first, second


def _evolve(chain: _Chain, start: Gaussian | GaussianMixture | PlanarLaw, steps: Sequence[int]) -> Iterator[PlanarLaw]:
    a, done = chain.scheme.step_size, 0
    wide, rough, density = _told(chain, start)
    own = max(rough, chain.roughness(0.0))
    axes = chain.axes(wide, math.hypot(own, _kernel_band(chain, wide, 0.0)) if steps[-1] > 0 else own)
    values = density(axes) * math.prod(float(g[1] - g[0]) for g in axes)
    lost = abs(float(values.sum()) - 1)
    for n in steps:
        for k in range(done, n):
            axes, values, left = _advance(chain, axes, values, k * a, shown=k + 1 == n)
            lost += left
        done = n
        yield PlanarLaw(axes, values, chain.scheme.dynamics.law_at(n * a), lost=lost)


def _told(chain: _Chain, start: Gaussian | GaussianMixture | PlanarLaw) -> tuple[Tensor, float, Callable[[Axes], Tensor]]:
    """Where a start lives, (2, 2); the inverse of its shortest scale; and its density on a product of axes."""
    sides: dict[type, Callable[[Any], tuple[Tensor, float, Callable[[Axes], Tensor]]]] = {
        PlanarLaw: lambda law: (law.box, math.pi / min(law.spacings) / chain.depth, law.on),
        Target: lambda target: (_support(target), _roughness_of(target), lambda axes: target.density(_product(axes))),
    }
    told: tuple[Tensor, float, Callable[[Axes], Tensor]] = side_of(start, sides)
    return told


def _roughness_of(target: Any) -> float:
    """The inverse of its shortest scale."""
    return 1 / math.sqrt(float(target.variances.min()))


def _support(target: Gaussian | GaussianMixture) -> Tensor:
    """Low and high on both axes, (2, 2)."""
    marginals = [target.along(direction).quadrature for direction in ([1.0, 0.0], [0.0, 1.0])]
    return torch.tensor([[marginal.low, marginal.high] for marginal in marginals], dtype=torch.float64)


def _advance(chain: _Chain, axes: Axes, values: Tensor, t: float, shown: bool) -> tuple[Axes, Tensor, float]:
    """The law after the step at time t, as masses on axes fit for the next step, or for being interpolated; and what mass was left out."""
    scheme, after = chain.scheme, t + chain.scheme.step_size
    masses = values.reshape(-1)
    kept = masses.abs() * len(masses) > 1e-2 * chain.tolerance
    mean, deviation, weight = _parts(chain, _product(axes).reshape(-1, 2)[kept], t)
    mass = masses[kept][:, None] * weight
    share = mass.abs() * mass.numel()
    reach = torch.sqrt(2 * torch.log1p(share / chain.tolerance))[..., None] * deviation
    matters = share > 1e-2 * chain.tolerance
    ends = torch.stack([(mean - reach)[matters].min(0).values, (mean + reach)[matters].max(0).values], -1).cpu()
    noise = float(scheme.dynamics.noise(scheme.step_size, t))
    expected = min(1.3 * chain.roughness(after), 1 / noise) if noise > 0 else 1.3 * chain.roughness(after)
    gaussians = mean[matters], mass[matters], deviation.expand(mean.shape)[matters]
    finer = 1.0
    while True:
        own = expected * finer
        new = chain.axes(ends, max(own, 2.5 * finer * chain.roughness(after)) if shown else math.hypot(own, _kernel_band(chain, ends, after)))
        least, widest = float(deviation.min()), max(float(axis[1] - axis[0]) for axis in new)
        if scheme.draws and least < 0.7 * widest:  # the few nodes of a normal draw do not see so narrow a Gaussian
            raise NotConverged(
                f"a law in the plane of a step that ends with as little noise as {least:.2g}, on a grid of spacing {widest:.2g},", math.nan, chain.rtol
            )
        total = torch.zeros((len(new[0]), len(new[1])), dtype=torch.float64, device=values.device)
        for points, weights, spread in zip(*(part.split(_CHUNK) for part in gaussians), strict=True):
            first, second = (_bumps(axis, points[:, k], spread[:, k]) for k, axis in enumerate(new))
            total += (first * weights[:, None]).T @ second
        if _resolved(chain, new, total, 0.0 if shown else own):
            return new, total, abs(float(total.sum()) - float(masses.sum())) + float(masses[~kept].abs().sum())
        finer *= 1.4


def _resolved(chain: _Chain, axes: Axes, values: Tensor, band: float) -> bool:
    """Whether waves along both axes that the grid just holds are as small as those of a law of the given band; or at all, where that is zero."""
    for k, axis in enumerate(axes):
        waves = torch.fft.rfft(values, dim=k).abs().sum(1 - k)
        fastest = float(waves[int(0.9 * len(waves)) :].max() / waves[0])
        expected = math.exp(-((0.9 * math.pi / float(axis[1] - axis[0]) / band) ** 2) / 2) if band else 0.0
        if fastest > 100 * (expected + chain.tolerance):
            return False
    return True


def _parts(chain: _Chain, x: Tensor, t: float) -> tuple[Tensor, Tensor, Tensor]:
    """Means (n, q, 2), deviations that broadcast against them, and weights (q,) of the Gaussians of a step from n starts."""
    scheme = chain.scheme
    rule = gauss_hermite(6 + 2 * chain.level)  # for each coordinate of a normal; the rules for times are coarser than on the line
    at = cubature(scheme, chain.level - 4, x.device, normal=lambda name, component: rule, t=t)
    mean, factor = scheme.step(x[:, None], t, at.draws)
    mean = mean.expand(len(x), len(at), 2)
    factor = torch.as_tensor(factor, dtype=x.dtype, device=x.device)
    sizes = zip(reversed(factor.shape), (2, len(at), len(x)), strict=False)
    if factor.ndim > 3 or any(size not in (1, whole) for size, whole in sizes):
        raise InvalidParameter("scheme", scheme.name, "a step whose noise has a factor for each coordinate, not a matrix, for a law in the plane")
    deviation = factor.abs().expand(np.broadcast_shapes(factor.shape, (1, 1, 2)))
    if bool((deviation == 0).any()):
        raise InvalidParameter("scheme", scheme.name, "a step with Gaussian noise in both coordinates, for a law in the plane")
    return mean, deviation, at.weights


def _kernel_band(chain: _Chain, ends: Tensor, t: float) -> float:
    """How fast the kernel of the step at time t varies with its start: |Dc|/noise, c(x) being its centre."""
    noise = float(chain.scheme.dynamics.noise(chain.scheme.step_size, t))
    axes = [torch.linspace(float(low), float(high), 81, dtype=torch.float64, device=chain.device) for low, high in ends]
    middle = centre(chain.scheme, _product((axes[0], axes[1])), t)
    slopes = [torch.diff(middle, dim=k) / float(axes[k][1] - axes[k][0]) for k in (0, 1)]
    steepest = float(torch.sqrt((slopes[0][:, :-1] ** 2).sum(-1) + (slopes[1][:-1] ** 2).sum(-1)).max()) / math.sqrt(2)
    return max(steepest, *(float(torch.linalg.vector_norm(slope, dim=-1).max()) for slope in slopes)) / noise if noise > 0 else 0.0


def _bumps(axis: Tensor, middle: Tensor, deviation: Tensor) -> Tensor:
    """Normal densities on an axis times its spacing: (m, n)."""
    z = (axis - middle[:, None]) * (math.sqrt(0.5) / deviation)[:, None]
    height = float(axis[1] - axis[0]) / math.sqrt(2 * math.pi) / deviation
    return z.square_().clamp_max_(_FARTHEST).neg_().exp_().mul_(height[:, None])


def _product(axes: Axes) -> Tensor:
    return torch.stack(torch.meshgrid(*axes, indexing="ij"), -1)
