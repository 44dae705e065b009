"""Laws of overdamped chains in the plane on any smooth potential: a matrix-free transition operator, and GMRES for the stationary law."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from pmmtheory.chain import Chain
from pmmtheory.errors import NotConverged
from pmmtheory.laws.engine import Engine, Refusal, homogeneous, overdamped, smooth, starts_from
from pmmtheory.laws.law import side_of
from pmmtheory.laws.plane.far import far_out
from pmmtheory.laws.plane.law import PlanarLaw
from pmmtheory.laws.potential_plane.by_nodes import by_nodes, steady
from pmmtheory.laws.potential_plane.grid import Grid, bands, grid_on, inside, masked, widened
from pmmtheory.laws.potential_plane.invariant import invariant, slowest
from pmmtheory.laws.potential_plane.operator import StepOperator
from pmmtheory.laws.potential_plane.stability import require_law, spread_of
from pmmtheory.laws.potential_plane.start import Start, length_of, points_of
from pmmtheory.laws.refinement import refined, refined_path
from pmmtheory.laws.step.cubature import enumerable
from pmmtheory.laws.wide_enough import above_noise, wide_enough
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Target
from pmmtheory.targets.plane import PlaneQuadrature, in_plane

_EDGE = 1e-12
"""The largest density at the rim of a grid, relative to its maximum, at which the grid is wide enough."""

_FLOOR = 1e-13
"""Densities below this share of the largest are not told from none: waves know them to absolute accuracy alone."""

_DIGITS = 1e-13
"""What a step is off by, relative to the mass: the digits of the nonuniform FFT."""

_SLOW, _CAUTION = 0.02, 10.0
"""A chain is slow whose gap is below this share of step times curvature: two resolutions then agree by luck more often than they tell."""


Operators = Callable[[Grid, Tensor, int], StepOperator]
"""Of a grid, masses that tell where the law is, and a level."""


class PotentialPlaneEngine(Engine):
    """Chains of positions in R^2 whose steps do not depend on time, on any smooth target with a density."""

    name, rank, default_rtol = "potential_plane", 6, 1e-7
    most_steps = 20_000

    def supports(self, chain: Chain, stationary: bool) -> Refusal | None:
        scheme, target = chain.scheme, chain.scheme.dynamics.target
        if getattr(target, "dim", 0) != 2:
            return Refusal("target", getattr(target, "name", target), "a target in the plane")
        refused = overdamped(scheme) or homogeneous(scheme) or smooth(scheme)
        if refused is not None:
            return refused
        return self.serves(scheme) or starts_from(chain, (Target, PlanarLaw), "a target or a law in the plane")

    def serves(self, scheme: Scheme) -> Refusal | None:
        """Refused where the draws of a step have no rule, or its last Gaussian depends on the state."""
        if enumerable(scheme):
            return steady(scheme)
        return Refusal("scheme", scheme.name, "one with at most one random midpoint a step")

    def operators(self, scheme: Scheme, rtol: float) -> Operators:
        """The operators of a step on grids of all levels."""
        return lambda grid, masses, level: by_nodes(scheme, grid, level)

    def stationary(self, scheme: Scheme, rtol: float, device: str) -> PlanarLaw:
        """The stationary law, refined until two resolutions agree to rtol in total variation."""
        target = scheme.dynamics.target
        quadrature = in_plane(target)
        require_law(scheme, quadrature)
        widths = [spread_of(scheme, quadrature)]  # of the last level: wide enough for the next one, too
        band = bands(target, quadrature, _faint(scheme, rtol))
        operators = self.operators(scheme, rtol)
        known: list[tuple[PlanarLaw, float]] = []

        def over(level: int, width: float) -> PlanarLaw:
            law, gap = _stationary_on(scheme, operators, quadrature, band, level, width, rtol, device, known[-1] if known and scheme.draws else None)
            known.append((law, gap))
            return law

        def at_level(level: int) -> PlanarLaw:
            return wide_enough(lambda width: over(level, width), _leaves, widths, scheme, rtol, lambda law: _cut(law, rtol))

        return refined(at_level, rtol, f"the stationary law of {scheme.name}", levels=5)

    def evolved(self, scheme: Scheme, start: Any, steps: Sequence[int], rtol: float, device: str) -> list[PlanarLaw]:
        """The laws after each of the given numbers of steps (ascending)."""
        quadrature = in_plane(scheme.dynamics.target)
        factors, operators = [1.0], self.operators(scheme, rtol)

        def at_level(level: int) -> list[PlanarLaw]:
            def over(factor: float) -> list[PlanarLaw]:
                return list(_evolve(scheme, operators, quadrature, start, steps, level, rtol, device, factor))

            return wide_enough(over, lambda laws: max(map(_leaves, laws)), factors, scheme, rtol)

        return refined_path(at_level, rtol, scheme.name, steps, levels=5)


def _stationary_on(
    scheme: Scheme,
    operators: Operators,
    quadrature: PlaneQuadrature,
    band: tuple[float, float],
    level: int,
    width: float,
    rtol: float,
    device: str,
    known: tuple[PlanarLaw, float] | None,
) -> tuple[PlanarLaw, float]:
    """The law on one grid, from another one where that is known with its gap; and the gap."""
    target = scheme.dynamics.target
    axes = _placed(grid_on(widened(quadrature, width), band, level, _denser(scheme), rtol), device)
    height = target.potential(points_of(axes)).detach()
    grid = masked(axes, inside(quadrature, height, width))
    if known is None:
        density = torch.exp((quadrature.least - height) / width**2)
        shaken, least = 0.05, math.inf
    else:
        density, shaken, least = known[0].on(axes).clamp_min(0), 0.0, known[1]
    begun = density.reshape(-1)[grid.kept]
    step = operators(grid, begun, level)
    if known is None:
        least = slowest(step, begun, grid, quadrature.minima.to(grid.points))
    masses, chi, gap, leak = invariant(step, begun, grid, shaken, least, _tolerance(scheme, quadrature, rtol))
    if not gap > 30 * _DIGITS or _DIGITS / gap > rtol:
        what = f"the stationary law of {scheme.name}, which takes {1 / gap:.1g} steps to mix, more than the digits of a step resolve,"
        raise NotConverged(what, _DIGITS / gap, rtol)
    law = _law(axes, step.everywhere(masses), target, leak / gap)
    law.leaves, law.far = float(above_noise(masses) @ step.thrown), far_out(scheme, length_of(quadrature))
    law.errors["solver"] = chi / 2 + _DIGITS / gap
    law.errors["series"] = step.cut_off(masses) + float(masses.abs() @ step.doubt) / gap
    law.caution = max(1.0, min(_CAUTION, _SLOW * _per_variance(scheme, quadrature)[0] / gap))
    return law, gap


def _evolve(
    scheme: Scheme, operators: Operators, quadrature: PlaneQuadrature, start: Any, steps: Sequence[int], level: int, rtol: float, device: str, factor: float
) -> Iterator[PlanarLaw]:
    """The laws after each number of steps, on a grid this factor as wide as the target and the start ask for."""
    target, done, leaves, cut, doubt = scheme.dynamics.target, 0, 0.0, 0.0, 0.0
    band = bands(target, quadrature, _faint(scheme, rtol))
    begun: Start = side_of(start, {PlanarLaw: Start.of_law, Target: lambda source: Start.of_target(source, _faint(scheme, rtol), target)})
    wide = widened(quadrature, spread_of(scheme, quadrature))
    whole = torch.stack([torch.minimum(wide[:, 0], begun.box[:, 0]), torch.maximum(wide[:, 1], begun.box[:, 1])], 1)
    middle = whole.mean(1, keepdim=True)
    whole = middle + factor * (whole - middle)
    axes = _placed(grid_on(whole, (max(band[0], begun.bands[0]), max(band[1], begun.bands[1])), level, _denser(scheme), rtol), device)
    grid = masked(axes, torch.ones((len(axes[0]), len(axes[1])), dtype=torch.bool, device=device))
    masses = begun.on(axes).detach().reshape(-1) * math.prod(grid.spacings)
    density = torch.exp(quadrature.least - target.potential(points_of(axes)).detach()).reshape(-1)
    step = operators(grid, masses.clamp_min(0) + density / density.sum(), level) if steps[-1] > 0 else None
    lost = abs(float(masses.sum()) - 1)
    for n in steps:
        for _ in range(done, n):
            if step is not None:
                lost += abs(float(masses @ step.thrown))
                leaves, cut = max(leaves, float(above_noise(masses) @ step.thrown)), max(cut, step.cut_off(masses))
                doubt += float(masses.abs() @ step.doubt)
                masses = step(masses)
                lost += _rim(masses.reshape(grid.shape))
        done = n
        law = _law(axes, masses.reshape(grid.shape), target, lost)
        law.errors["solver"], law.errors["series"], law.leaves, law.unseen = n * _DIGITS, cut + doubt, leaves, begun.unseen
        law.far = far_out(scheme, length_of(quadrature), begun.far, n)
        yield law


def _law(axes: tuple[Tensor, Tensor], masses: Tensor, target: Target, lost: float = 0.0) -> PlanarLaw:
    return PlanarLaw(axes, masses, target, lost=lost, floor=_FLOOR)


def _placed(axes: tuple[Tensor, Tensor], device: str) -> tuple[Tensor, Tensor]:
    return axes[0].to(device), axes[1].to(device)


def _denser(scheme: Scheme) -> float:
    """By what factor a grid is finer than that of the level below: a step with draws has rules that are finer too, and a price."""
    return 1.12 if scheme.draws else 1.25


def _rim(masses: Tensor) -> float:
    """The mass along the rim of a grid, and as much again for what came in on the other side."""
    return 2 * float(masses[[0, -1]].abs().sum() + masses[:, [0, -1]].abs().sum())


def _leaves(law: PlanarLaw) -> float:
    return law.leaves


def _cut(law: PlanarLaw, rtol: float) -> float:
    """What of a law is seen beyond its grid, over what is no matter, or is no tail but a small share of what the law is off by anywhere."""
    return max(law.edge, law.errors["ends"]) / max(_EDGE, 1e-4 * rtol, 0.1 * (law.errors["solver"] + law.errors["series"]))


def _per_variance(scheme: Scheme, quadrature: PlaneQuadrature) -> tuple[float, float]:
    """The step over the least and over the largest variance, 1 at most: about what it does to the law where that has one mode; the largest is that of far modes
    too, between which a chain is slow."""
    narrowest, widest = (min(1.0, scheme.step_size / variance) for variance in torch.linalg.eigvalsh(quadrature.covariance).tolist())
    return narrowest, widest


def _faint(scheme: Scheme, rtol: float) -> float:
    """The share of a wave that is left out at the lowest level: less of one where a step without draws costs little."""
    return (1e-3 if scheme.draws else 1e-4) * rtol


def _tolerance(scheme: Scheme, quadrature: PlaneQuadrature, rtol: float) -> float:
    """What may be left of p - P p, in the norm of chi2."""
    return max(1e-13, (1e-4 if scheme.draws else 1e-5) * rtol * _per_variance(scheme, quadrature)[1])
