"""The law of a chain of positions in the plane, step by step, on grids that move and narrow with it.

A step whose draws have rules is a sum of Gaussians: one of deviations s around c has the density N(y1; c1, s1^2) N(y2; c2, s2^2) on a product of grids, and the
sum over all starts and nodes is one product of two matrices. With several midpoints a step it is a series in what they push, or known by its
characteristic function.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from pmmtheory.chain import Chain
from pmmtheory.errors import NotConverged
from pmmtheory.laws.engine import Engine, Refusal, overdamped, smooth, starts_from
from pmmtheory.laws.law import side_of
from pmmtheory.laws.line.unseen import TOLD, Unseen
from pmmtheory.laws.plane.bumps import Bumps, without_noise
from pmmtheory.laws.plane.by_nodes import by_nodes
from pmmtheory.laws.plane.by_series import by_series
from pmmtheory.laws.plane.by_waves import Waves, by_waves
from pmmtheory.laws.plane.law import PlanarLaw
from pmmtheory.laws.plane.resolution import Axes, Resolution, roughness_of
from pmmtheory.laws.refinement import refined_path
from pmmtheory.laws.step.characteristic import centre
from pmmtheory.laws.step.cubature import enumerable
from pmmtheory.laws.step.midpoint_series import several_midpoints
from pmmtheory.laws.step.midpoint_step import checked
from pmmtheory.laws.step.poisson_pieces import require_pieces
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Gaussian, GaussianMixture, Target

_NOISE = 10.0
"""How many times what is in doubt of a law its fastest waves may be."""

_LEFT = 1e-2
"""Masses of fewer times the tolerance, all together, are left out of a step."""

_LOST, _WIDEST = 3.0, 3.0
"""For how many times the tolerance of mass beyond a grid it is made wider; and up to how many times as wide as Gaussians alone ask for."""


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
        if not enumerable(scheme) and (scheme.dynamics.autonomous or several_midpoints(scheme) is not None):
            return Refusal("scheme", scheme.name, "one with at most one random midpoint a step, or with several and steps that depend on time")
        refused = overdamped(scheme) or smooth(scheme)
        return refused or starts_from(chain, (Gaussian, GaussianMixture, PlanarLaw), "a Gaussian, a mixture or a law in the plane")

    def evolved(self, scheme: Scheme, start: Any, steps: Sequence[int], rtol: float, device: str) -> list[PlanarLaw]:
        """The laws after each of the given numbers of steps (ascending), starting at time 0."""

        def at_level(level: int) -> list[PlanarLaw]:
            return list(_evolve(Resolution(scheme, level, 1e-2 * 0.1**level * rtol, device), start, steps))

        return refined_path(at_level, rtol, scheme.name, steps)


def _evolve(chain: Resolution, start: Gaussian | GaussianMixture | PlanarLaw, steps: Sequence[int]) -> Iterator[PlanarLaw]:
    a, done = chain.scheme.step_size, 0
    wide, rough, density = _told(chain, start)
    own = max(rough, chain.roughness(0.0))
    axes = chain.axes(wide, math.hypot(own, _kernel_band(chain, wide, 0.0)) if steps[-1] > 0 else own)
    values = density(axes) * math.prod(float(g[1] - g[0]) for g in axes)
    lost, cut, unseen = abs(float(values.sum()) - 1), 0.0, _unseen(chain, start)
    for n in steps:
        for k in range(done, n):
            axes, values, left, terms = _advance(chain, axes, values, k * a, shown=k + 1 == n)
            lost, cut = lost + left, cut + terms
        done = n
        process: Any = chain.scheme.dynamics.law_at(n * a)
        law = PlanarLaw(axes, values, process, lost=lost)
        law.errors["series"] = cut
        if unseen is not None:
            modes = torch.as_tensor(getattr(process, "means", process.mean), dtype=torch.float64).reshape(-1, 2)
            law.unseen = replace(unseen, modes=modes, left_out=_left_out(chain))
        yield law


def _told(chain: Resolution, start: Gaussian | GaussianMixture | PlanarLaw) -> tuple[Tensor, float, Callable[[Axes], Tensor]]:
    """Where a start lives, (2, 2); the inverse of its shortest scale; and its density on a product of axes."""
    sides: dict[type, Callable[[Any], tuple[Tensor, float, Callable[[Axes], Tensor]]]] = {
        PlanarLaw: lambda law: (law.box, math.pi / min(law.spacings) / chain.depth, law.on),
        Target: lambda target: (_support(target), roughness_of(target), lambda axes: target.density(_product(axes))),
    }
    told: tuple[Tensor, float, Callable[[Axes], Tensor]] = side_of(start, sides)
    return told


def _unseen(chain: Resolution, start: Gaussian | GaussianMixture | PlanarLaw) -> Unseen | None:
    """What is not seen of a start, as masses are left out from which nothing is seen to come."""
    dynamics = chain.scheme.dynamics

    def of_target(target: Gaussian | GaussianMixture) -> Unseen:
        return Unseen.in_plane(target, _support(target), dynamics.law_at(0.0), _left_out(chain), not dynamics.autonomous)

    unseen: Unseen | None = side_of(start, {PlanarLaw: lambda law: law.unseen, Target: of_target})
    return unseen


def _left_out(chain: Resolution) -> float:
    """The share of its largest value down to which a density is told."""
    return max(TOLD, _LEFT * chain.tolerance)


def _support(target: Gaussian | GaussianMixture) -> Tensor:
    """Low and high on both axes, (2, 2)."""
    marginals = [target.along(direction).quadrature for direction in ([1.0, 0.0], [0.0, 1.0])]
    return torch.tensor([[marginal.low, marginal.high] for marginal in marginals], dtype=torch.float64)


def _advance(chain: Resolution, axes: Axes, values: Tensor, t: float, shown: bool) -> tuple[Axes, Tensor, float, float]:
    """The law after the step at time t, as masses on axes fit for the next step, or for being interpolated; and what mass was left out, or terms."""
    scheme, after = chain.scheme, t + chain.scheme.step_size
    masses = values.reshape(-1)
    kept = masses.abs() * len(masses) > _LEFT * chain.tolerance
    noded = enumerable(scheme)
    bumps = (by_nodes if noded else _several)(chain, _product(axes).reshape(-1, 2)[kept], masses[kept], t)
    noise, middle = chain.noise(t), bumps.ends.mean(1, keepdim=True)
    expected = min(1.3 * chain.roughness(after), 1 / noise) if noise > 0 else 1.3 * chain.roughness(after)
    finer = wider = 1.0
    while True:
        own, ends = expected * finer, middle + wider * (bumps.ends - middle)
        new = chain.axes(ends, max(own, 2.5 * finer * chain.roughness(after)) if shown else math.hypot(own, _kernel_band(chain, ends, after)))
        least, widest = float(bumps.deviation.min()), max(float(axis[1] - axis[0]) for axis in new)
        if scheme.draws and noded and least < 0.7 * widest:  # the few nodes of a normal draw do not see so narrow a Gaussian
            raise NotConverged(
                f"a law in the plane of a step that ends with as little noise as {least:.2g}, on a grid of spacing {widest:.2g},", math.nan, chain.rtol
            )
        total, cut = bumps.on(new)
        lost = abs(float(total.sum()) - float(masses.sum()))
        if not _resolved(chain, new, total, 0.0 if shown else own, cut):
            finer *= 1.4
        elif lost > _LOST * chain.tolerance and wider < _WIDEST:
            wider *= 1.15
        else:
            return new, total, lost + float(masses[~kept].abs().sum()), cut + bumps.doubt


def _several(chain: Resolution, x: Tensor, masses: Tensor, t: float) -> Bumps | Waves:
    """What a step with several midpoints makes of masses: by a series, which takes less where it ends.

    Raises
    ------
    InvalidParameter
        Naming `scheme` where the step has no noise, or its pieces at that time are not what a walk over its midpoints takes them for.
    """
    if not chain.noise(t) > 0:
        raise without_noise(chain.scheme)
    require_pieces(checked(chain.scheme), t)
    try:
        return by_series(chain, x, masses, t)
    except NotConverged:
        return by_waves(chain, x, masses, t)


def _resolved(chain: Resolution, axes: Axes, values: Tensor, band: float, cut: float) -> bool:
    """Whether waves along both axes that the grid just holds are as small as those of a law of the given band, or at all, where that is zero; but for what is
    in doubt of them anyway."""
    for k, axis in enumerate(axes):
        waves = torch.fft.rfft(values, dim=k).abs().sum(1 - k)
        fastest = float(waves[int(0.9 * len(waves)) :].max() / waves[0])
        expected = math.exp(-((0.9 * math.pi / float(axis[1] - axis[0]) / band) ** 2) / 2) if band else 0.0
        if fastest > 100 * (expected + chain.tolerance) + _NOISE * cut:
            return False
    return True


def _kernel_band(chain: Resolution, ends: Tensor, t: float) -> float:
    """How fast the kernel of the step at time t varies with its start: |Dc|/noise, c(x) being its centre."""
    noise = chain.noise(t)
    axes = [torch.linspace(float(low), float(high), 81, dtype=torch.float64, device=chain.device) for low, high in ends]
    middle = centre(chain.scheme, _product((axes[0], axes[1])), t)
    slopes = [torch.diff(middle, dim=k) / float(axes[k][1] - axes[k][0]) for k in (0, 1)]
    steepest = float(torch.sqrt((slopes[0][:, :-1] ** 2).sum(-1) + (slopes[1][:-1] ** 2).sum(-1)).max()) / math.sqrt(2)
    return max(steepest, *(float(torch.linalg.vector_norm(slope, dim=-1).max()) for slope in slopes)) / noise if noise > 0 else 0.0


def _product(axes: Axes) -> Tensor:
    return torch.stack(torch.meshgrid(*axes, indexing="ij"), -1)
