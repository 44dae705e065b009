"""Exact laws on Gaussian targets in any dimension, by the moments of one step."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws import linear_moving
from pmmtheory.laws.linear_law import LinearLaw, Mixture
from pmmtheory.laws.linear_step import step_moments
from pmmtheory.laws.poisson_moments import StepMoments
from pmmtheory.laws.random_variance import VarianceRule
from pmmtheory.laws.stability import require_stable
from pmmtheory.schemes import Normal, PoissonMidpoint, Scheme
from pmmtheory.targets import Gaussian


def stationary(scheme: Scheme, rtol: float, device: str) -> LinearLaw:
    """The stationary law on every axis: P = E R P R' + E Q."""
    target = _gaussian_target(scheme)
    if not scheme.dynamics.autonomous:
        raise InvalidParameter("scheme", scheme.name, "a chain whose steps do not depend on time, for a stationary law")
    require_stable(scheme, mean_square_growth)
    distinct, place = torch.unique(target.variances.to(device), return_inverse=True)
    found, coarse = (_solve(step_moments(scheme, distinct, level)) for level in (2, 1))
    gaussian = _is_gaussian(scheme)
    mixtures: tuple[Callable[[int], Mixture], ...] = ()
    if not gaussian and target.isotropic:
        variance, middle = float(target.variances[0]), found[0].cpu()
        mixtures = tuple(VarianceRule(scheme, variance, middle, block) for block in range(scheme.dynamics.blocks))
    slowest = 1 - mean_square_growth(scheme)
    error = _change(found, coarse) + 4e-16 * _substeps(scheme) / slowest
    return LinearLaw(_centre(scheme, target, device), found[place], _axes(target, device), gaussian, _enough(error, rtol, scheme), mixtures)


def transients(scheme: Scheme, initial: Any, steps: Sequence[int], rtol: float, device: str) -> list[LinearLaw]:
    """The laws after the given numbers of steps, from a Gaussian on the axes of the target (velocities from N(0, I)) or from a law."""
    target = _gaussian_target(scheme)
    if not scheme.dynamics.autonomous:
        return _moving(scheme, target, initial, steps, rtol, device)
    start = _start(scheme, target, initial, device)
    gaussian = _is_gaussian(scheme) and start.gaussian
    axes = _axes(target, device)
    offset = _turned(start.centre - _centre(scheme, target, device), axes)
    if not _is_gaussian(scheme) and target.dim > 1 and bool((offset != 0).any()):
        raise InvalidParameter("initial", "a law with another mean than the target's", "the same mean, where random midpoints are shared by several axes")
    every = target.variances.to(device)
    fine, coarse = (step_moments(scheme, every, level) for level in (2, 1))
    laws = []
    for n in steps:
        blocks, shifted = _after(fine, start.blocks, offset, n)
        other, _ = _after(coarse, start.blocks, offset, n)
        error = _change(blocks, other) + 4e-16 * (n + 1) * _substeps(scheme) + start.numerical_error
        centre = _centre(scheme, target, device) + _turned(shifted, None if axes is None else axes.T)
        laws.append(LinearLaw(centre, blocks, axes, gaussian, _enough(error, rtol, scheme)))
    return laws


def _moving(scheme: Scheme, target: Gaussian, initial: Any, steps: Sequence[int], rtol: float, device: str) -> list[LinearLaw]:
    """The laws of the position where steps depend on time."""
    begin, axes, gaussian = _position(scheme, target, initial, device), _axes(target, device), _is_gaussian(scheme)
    if not gaussian and target.dim > 1 and bool(begin.mean.any() or torch.as_tensor(target.mean).any()):
        raise InvalidParameter("target", target.name, "data of mean zero, where random midpoints are shared by several axes")
    paths = [linear_moving.path(scheme, begin, steps, level) for level in (2, 1)]
    laws = []
    for n, fine, coarse in zip(steps, *paths, strict=True):
        error = _change(fine.covariance[:, None, None], coarse.covariance[:, None, None]) + 4e-16 * (n + 1) * _substeps(scheme)
        laws.append(linear_moving.law(fine, axes, gaussian, _enough(error, rtol, scheme)))
    return laws


def _position(scheme: Scheme, target: Gaussian, initial: Any, device: str) -> linear_moving.Moments:
    """The moments of an initial law of the position, which must be Gaussian on the axes of the target."""
    s, axes = scheme.dynamics.blocks, _axes(target, device)
    if isinstance(initial, LinearLaw) and initial.dim == target.dim and initial.size == 1 and initial.gaussian and _same(initial.axes, axes):
        return linear_moving.start(target, initial.centre[0], initial.blocks[:, 0, 0], s, axes, device)
    same = isinstance(initial, Gaussian) and initial.dim == target.dim
    if not (same and (initial.isotropic or _same(initial.axes, target.axes))):
        raise InvalidParameter("initial", getattr(initial, "name", initial), "a Gaussian that is isotropic or has the axes of the target")
    return linear_moving.start(target, torch.as_tensor(initial.mean, dtype=torch.float64).reshape(-1), initial.variances, s, axes, device)


def mean_square_growth(scheme: Scheme) -> float:
    """The factor by which one step multiplies E|X|^2 on the worst axis: the spectral radius of E R (x) R."""
    return growth_at(scheme, torch.unique(_gaussian_target(scheme).variances))


def growth_at(scheme: Scheme, variances: Tensor) -> float:
    """The same on a Gaussian with the given variances."""
    moments = step_moments(scheme, variances, 1)
    return float(torch.linalg.eigvals(moments.square).abs().max())


def stationary_at(scheme: Scheme, variances: Tensor) -> Tensor:
    """The stationary covariance on a Gaussian with the given variances, (axes, s, s)."""
    return _solve(step_moments(scheme, variances, 1))


def _solve(moments: StepMoments) -> Tensor:
    axes, s = moments.noise.shape[:2]
    eye = torch.eye(s * s, dtype=moments.square.dtype, device=moments.square.device)
    solved: Tensor = torch.linalg.solve(eye - moments.square, moments.noise.reshape(axes, s * s, 1))
    return solved.reshape(axes, s, s)


def _after(moments: StepMoments, blocks: Tensor, offset: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Covariances (d, s, s) and the offset (s, d) of the mean after n steps."""
    d, s = blocks.shape[:2]
    whole = torch.zeros((len(moments.noise), s * s + 1, s * s + 1), dtype=blocks.dtype, device=blocks.device)
    whole[:, :-1, :-1], whole[:, :-1, -1], whole[:, -1, -1] = moments.square, moments.noise.reshape(-1, s * s), 1.0
    power = torch.linalg.matrix_power(whole, n)[:d]
    mean = torch.linalg.matrix_power(moments.mean, n)[:d]
    column = offset.T[..., None]
    second = (blocks + column @ column.mT).reshape(d, s * s, 1)
    moved = mean @ column
    after = (power[:, :-1, :-1] @ second)[..., 0] + power[:, :-1, -1]
    return after.reshape(d, s, s) - moved @ moved.mT, moved[..., 0].T


def _substeps(scheme: Scheme) -> float:
    """How many maps a step composes: their rounding errors add up."""
    substeps = scheme.substeps if isinstance(scheme, PoissonMidpoint) else 1.0
    return 1.0 if substeps == math.inf else substeps


def _start(scheme: Scheme, target: Gaussian, initial: Any, device: str) -> LinearLaw:
    s = scheme.dynamics.blocks
    if isinstance(initial, LinearLaw) and initial.dim == target.dim and initial.size == s and _same(initial.axes, _axes(target, device)):
        return initial
    same = isinstance(initial, Gaussian) and initial.dim == target.dim
    if not (same and (initial.isotropic or _same(initial.axes, target.axes))):
        raise InvalidParameter(
            "initial", getattr(initial, "name", initial), "a Gaussian that is isotropic or has the axes of the target, or a law of the chain"
        )
    blocks = torch.eye(s, dtype=torch.float64, device=device).repeat(target.dim, 1, 1)
    blocks[:, 0, 0] = initial.variances.to(device)
    return LinearLaw(_centred(initial, s, device), blocks, _axes(target, device), True, 0.0)


def _same(one: Tensor | None, other: Tensor | None) -> bool:
    """Whether two sets of axes are one."""
    return one is other if one is None or other is None else torch.allclose(one, other, atol=1e-12)


def _gaussian_target(scheme: Scheme) -> Gaussian:
    target = scheme.dynamics.target
    if not isinstance(target, Gaussian):
        raise InvalidParameter("target", target.name, "a Gaussian, for a law by moments")
    return target


def _is_gaussian(scheme: Scheme) -> bool:
    """Whether no draw is shared by the axes: given it, they would be Gaussian."""
    trivial = isinstance(scheme, PoissonMidpoint) and scheme.substeps == 1
    return trivial or all(isinstance(draw, Normal) for draw in scheme.draws.values())


def _centre(scheme: Scheme, target: Gaussian, device: str) -> Tensor:
    return _centred(target, scheme.dynamics.blocks, device)


def _centred(target: Gaussian, s: int, device: str) -> Tensor:
    """Position means in the axes of the law, velocities zero: (s, d)."""
    mean = torch.zeros((s, target.dim), dtype=torch.float64, device=device)
    mean[0] = torch.as_tensor(target.mean, dtype=torch.float64)
    return mean


def _turned(offset: Tensor, axes: Tensor | None) -> Tensor:
    return offset if axes is None else offset @ axes


def _axes(target: Gaussian, device: str) -> Tensor | None:
    return None if target.axes is None else target.axes.to(device)


def _change(fine: Tensor, coarse: Tensor) -> float:
    """The largest change of an entry, relative to the variances it belongs to."""
    width = torch.sqrt(torch.diagonal(fine, dim1=-2, dim2=-1))
    return float(((fine - coarse).abs() / (width[..., :, None] * width[..., None, :])).max())


def _enough(error: float, rtol: float, scheme: Scheme) -> float:
    if not error <= max(rtol, 1e-12):
        raise NotConverged(f"the covariance of {scheme.name}", error, rtol)
    return error
