"""Exact laws on Gaussian targets in any dimension, by the moments of one step."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from pmmtheory.chain import Chain
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws.engine import Engine, Refusal, homogeneous, moves, refused, starts_from
from pmmtheory.laws.gaussian import inhomogeneous
from pmmtheory.laws.gaussian.check import merges, require_axes
from pmmtheory.laws.gaussian.conditional import has_listed, mean_deviations
from pmmtheory.laws.gaussian.law import LinearLaw, Mixture
from pmmtheory.laws.gaussian.leaning import Leaning, pulled, sensitivity
from pmmtheory.laws.gaussian.lyapunov import rounding, stationary_covariance
from pmmtheory.laws.gaussian.mean_after import UNIT, mean_after
from pmmtheory.laws.gaussian.random_variance import VarianceRule
from pmmtheory.laws.gaussian.start import STARTS, start_on_axes
from pmmtheory.laws.gaussian.transient_variance import mixtures_after
from pmmtheory.laws.gaussian.turned import by_axes, by_axes_of, changes, with_axes
from pmmtheory.laws.stability import require_stable
from pmmtheory.laws.step.axes import OnAxes
from pmmtheory.laws.step.poisson_moments import StepMoments
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Gaussian


class GaussianEngine(Engine):
    """Chains on Gaussian targets in any dimension, by the moments of one step: a few numbers an axis, computed on the CPU."""

    name, rank, default_rtol = "gaussian", 3, 1e-8
    quick = True

    def supports(self, chain: Chain, stationary: bool) -> Refusal | None:
        scheme = chain.scheme
        none = refused(lambda: _gaussian_target(scheme)) or moves(scheme)
        return none or (homogeneous(scheme) if stationary else starts_from(chain, (Gaussian, LinearLaw), STARTS))

    def stationary(self, scheme: Scheme, rtol: float, device: str) -> LinearLaw:
        """The stationary law on every axis: P = E R P R' + E Q."""
        target = _gaussian_target(scheme)
        require_axes(scheme, target, merged=True)
        distinct, place = torch.unique(target.variances, return_inverse=True)
        chain = OnAxes(scheme, distinct)
        before = chain.moments(1)
        growth = _growth(before)
        require_stable(scheme, lambda other: growth if other is scheme else mean_square_growth(other))
        slowest = 1 - growth
        if slowest < 30 * UNIT:
            what = f"the stationary covariance of {scheme.name}, whose mixing time of more than {1 / max(slowest, 30 * UNIT):.1g} steps float64 cannot resolve,"
            raise NotConverged(what, math.nan, rtol)
        moments = chain.moments(2)
        widths = _widths(distinct, scheme)
        found, coarse = (stationary_covariance(part, widths) for part in (moments, before))
        gaussian = _is_gaussian(scheme)
        mixtures: tuple[Callable[[int], Mixture], ...] = ()
        if not gaussian and target.isotropic and moments.keeps_mean:
            mixtures = tuple(VarianceRule(chain, found[0], block) for block in range(scheme.dynamics.blocks))
        errors = {"resolution": float(changes(found, coarse).max()), "rounding": _substeps(scheme) * rounding(moments, found, widths)}
        known = _enough(errors, rtol, scheme)
        other = partial(_stationary_if_stable, scheme)
        axes = by_axes(coarse, distinct, target.unsure, other)[place]
        known, off = with_axes(known, axes, scheme, rtol)
        return LinearLaw(_centre(scheme, target), found[place], target.axes, gaussian, mixtures, known, off).on(device)

    def evolved(self, scheme: Scheme, initial: Any, steps: Sequence[int], rtol: float, device: str) -> list[LinearLaw]:
        """The laws after the given numbers of steps, from a Gaussian on the axes of the target (velocities from N(0, I)) or from a law."""
        target = _gaussian_target(scheme)
        if not scheme.dynamics.autonomous:
            return [law.on(device) for law in _moving(scheme, target, initial, steps, rtol)]
        require_axes(scheme, target)
        start = start_on_axes(target, initial, scheme.dynamics.blocks)
        gaussian, axes = _is_gaussian(scheme) and start.gaussian, target.axes
        offset = _turned(start.centre - _centre(scheme, target), axes)
        moved = bool((offset != 0).any())
        if not _is_gaussian(scheme) and target.dim > 1 and moved:
            raise InvalidParameter("initial", "a law with another mean than the target's", "the same mean, where random midpoints are shared by several axes")
        alike = target.isotropic and start.isotropic and not moved and merges(scheme, target)  # one axis stands for all, which else differ by rounding
        some = slice(1 if alike else None)
        chain, before, from_mean = OnAxes(scheme, target.variances[some]), start.blocks[some], offset[:, some]
        fine, coarse = (chain.moments(level) for level in (2, 1))
        widths = _widths(target.variances[some], scheme)
        unsure = _unsure(start, offset)[:, some]
        laws = []
        for n in steps:
            blocks, largest = _after(fine, before, from_mean, n)
            other, _ = _after(coarse, before, from_mean, n)
            shifted, mean_off = mean_after(fine.mean, widths, _substeps(scheme), from_mean, unsure, n)
            mean_off = mean_off + (shifted - mean_after(coarse.mean, widths, 1.0, from_mean, unsure, n)[0]).abs()
            errors = {"resolution": float(changes(blocks, other).max()), "rounding": UNIT * (n + 1) * _substeps(scheme) * largest}
            centre = _centre(scheme, target) + _turned(shifted.expand_as(offset), None if axes is None else axes.T)
            mixtures = () if gaussian or not alike or not fine.keeps_mean else mixtures_after(scheme, target, start, n)
            after = partial(_covariance_after, scheme, before, from_mean, n)
            turned = by_axes(other, target.variances[some], target.unsure, after)
            known, off = with_axes(_enough(errors, rtol, scheme), turned.expand(target.dim), scheme, rtol)
            law = LinearLaw(centre, blocks.expand_as(start.blocks), axes, gaussian, mixtures, known, off, mean_off=mean_off.expand_as(offset))
            laws.append(law.on(device))
        return laws


def _moving(scheme: Scheme, target: Gaussian, initial: Any, steps: Sequence[int], rtol: float) -> list[LinearLaw]:
    """The laws of the position where steps depend on time."""
    begin, axes, gaussian = _position(scheme, target, initial), target.axes, _is_gaussian(scheme)
    if not gaussian and target.dim > 1 and bool(begin.mean.any() or torch.as_tensor(target.mean).any()):
        raise InvalidParameter("target", target.name, "data of mean zero, where random midpoints are shared by several axes")
    for t in (0.0, max(0, steps[-1] - 1) * scheme.step_size):
        require_axes(scheme, target, t)
    splits = not gaussian and has_listed(scheme) and not bool(begin.mean.any() or begin.centres.any())
    fine = inhomogeneous.path(scheme, begin, steps, 2)
    coarse = fine if gaussian or inhomogeneous.listed(scheme, begin) else inhomogeneous.path(scheme, begin, steps, 1)
    leaning = inhomogeneous.path(scheme, begin, steps, 1, Leaning)
    turned = by_axes_of(begin, coarse, target.unsure, lambda begun: inhomogeneous.path(scheme, begun, steps, 1))
    laws = []
    for n, now, less, lean, (axis_off, mean_turned) in zip(steps, fine, coarse, leaning, turned, strict=True):
        change = ((now.covariance - less.covariance) / now.covariance).abs()
        lost = UNIT * (_substeps(scheme) * now.rounded + sensitivity(less, lean))
        mean_off = (now.mean - less.mean).abs()[:, 0] + UNIT * (_substeps(scheme) * now.mean_lost[:, 0] + pulled(less, lean)) + mean_turned
        errors = {"resolution": float(change.max()), "rounding": float(lost.max())}
        given = partial(_given_times, scheme, begin, n) if splits else None
        known, _ = with_axes(_enough(errors, rtol, scheme), axis_off, scheme, rtol)
        laws.append(inhomogeneous.law(now, axes, gaussian, known, change + lost + axis_off, mean_off, given))
    return laws


def _given_times(scheme: Scheme, begin: inhomogeneous.Moments, n: int) -> tuple[Tensor, Tensor]:
    """Bounds on the mean deviations on every axis given the random times."""
    return mean_deviations(OnAxes(scheme, begin.variances), begin.covariance, n, scheme.step_size)


def _position(scheme: Scheme, target: Gaussian, initial: Any) -> inhomogeneous.Moments:
    """The moments of an initial law of the position, which must be Gaussian on the axes of the target."""
    begun = start_on_axes(target, initial, 1)
    if not begun.gaussian:
        raise InvalidParameter("initial", begun.words, STARTS)
    return inhomogeneous.start(target, begun, scheme.dynamics.blocks)


def mean_square_growth(scheme: Scheme) -> float:
    """The factor by which one step multiplies E|X|^2 on the worst axis: the spectral radius of E R (x) R."""
    return growth_at(scheme, torch.unique(_gaussian_target(scheme).variances))


def growth_at(scheme: Scheme, variances: Tensor, swept: bool = True, around: float = 0.0) -> float:
    """The same on a Gaussian with the given variances; swept, around : as for `OnAxes`."""
    return _growth(OnAxes(scheme, variances, swept=swept, around=around).moments(1))


def _growth(moments: StepMoments) -> float:
    square = torch.where(moments.square.abs() < 1e-200, 0.0, moments.square)  # the solver does not converge on numbers near the least there are
    return float(torch.linalg.eigvals(square).abs().max())


def stationary_at(scheme: Scheme, variances: Tensor, swept: bool = True, around: float = 0.0) -> Tensor:
    """The stationary covariance on a Gaussian with the given variances, (axes, s, s); swept, around : as for `OnAxes`."""
    return stationary_covariance(OnAxes(scheme, variances, swept=swept, around=around).moments(1), _widths(variances, scheme))


def _stationary_if_stable(scheme: Scheme, variances: Tensor) -> Tensor | None:
    return stationary_at(scheme, variances) if growth_at(scheme, variances) < 1 else None


def _after(moments: StepMoments, blocks: Tensor, offset: Tensor, n: int) -> tuple[Tensor, float]:
    """Covariances (d, s, s) after n steps, with the mean (s, d) off the centre; and the largest entry on the way, relative to the last covariance.

    C' = E R C R' + E Q + (E R m m' R' - E R m m' E R'): the mean enters by what is random in R only, and its square costs no digits.
    """
    d, s = blocks.shape[:2]
    k = s * s
    whole = torch.zeros((len(moments.noise), 2 * k + 1, 2 * k + 1), dtype=blocks.dtype, device=blocks.device)
    mean = moments.mean
    pair = torch.einsum("aik,ajl->aijkl", mean, mean).reshape(-1, k, k)
    whole[:, :k, :k], whole[:, :k, k:-1], whole[:, :k, -1] = moments.square, moments.spread, moments.noise.reshape(-1, k)
    whole[:, k:-1, k:-1], whole[:, -1, -1] = pair, 1.0
    power = torch.linalg.matrix_power(whole, n)[:d]
    column = offset.T[..., None]
    first = torch.cat([blocks.reshape(d, k), (column @ column.mT).reshape(d, k), torch.ones((d, 1), dtype=blocks.dtype, device=blocks.device)], 1)
    after = (power @ first[..., None])[:, :k, 0].reshape(d, s, s)
    width = torch.sqrt(torch.diagonal(after, dim1=-2, dim2=-1))
    size = (power.abs() @ first.abs()[..., None])[:, :k, 0].reshape(d, s, s)
    return after, float((size / (width[..., :, None] * width[..., None, :])).max())


def _covariance_after(scheme: Scheme, before: Tensor, offset: Tensor, n: int, variances: Tensor) -> Tensor:
    """The covariances after n steps on a Gaussian with the given variances."""
    return _after(OnAxes(scheme, variances).moments(1), before, offset, n)[0]


def _substeps(scheme: Scheme) -> float:
    """By what factor the rounding of a step's moments exceeds that of one map: where they compose K of them, each is off by half a unit in the last place."""
    structure = scheme.structure
    if structure is None or not structure.midpoints.several:
        return 1.0
    return 4.0 if structure.substeps == math.inf else 1.0 + structure.substeps / 4


def _gaussian_target(scheme: Scheme) -> Gaussian:
    target = scheme.dynamics.target
    if not isinstance(target, Gaussian):
        raise InvalidParameter("target", getattr(target, "name", target), "a Gaussian target in any dimension")
    return target


def _is_gaussian(scheme: Scheme) -> bool:
    """Whether no draw is shared by the axes: given it, they would be Gaussian."""
    trivial = scheme.structure is not None and scheme.structure.substeps == 1
    return trivial or all(draw.normal for draw in scheme.draws.values())


def _centre(scheme: Scheme, target: Gaussian) -> Tensor:
    """The mean of a chain that keeps that of its target, (s, d)."""
    return LinearLaw.of(target, scheme.dynamics.blocks, target.axes).centre


def _widths(variances: Tensor, scheme: Scheme) -> Tensor:
    """The deviations of the blocks of the target on every axis, (axes, s)."""
    widths = torch.ones((len(variances), scheme.dynamics.blocks), dtype=variances.dtype)
    widths[:, 0] = torch.sqrt(variances)
    return widths


def _unsure(start: LinearLaw, offset: Tensor) -> Tensor:
    """What the offset of a start may be off by, (s, d)."""
    own = torch.zeros_like(offset) if start.mean_off is None else start.mean_off
    return own if start.axes is None else own + 4 * UNIT * torch.linalg.vector_norm(offset, dim=-1, keepdim=True)


def _turned(offset: Tensor, axes: Tensor | None) -> Tensor:
    return offset if axes is None else offset @ axes


def _enough(errors: dict[str, float], rtol: float, scheme: Scheme) -> dict[str, float]:
    """The errors, where their sum is below rtol; else NotConverged."""
    error = sum(errors.values())
    if not 0 <= error <= rtol:
        raise NotConverged(f"the covariance of {scheme.name}", error, rtol)
    return errors
