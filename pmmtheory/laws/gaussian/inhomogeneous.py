"""Exact laws on Gaussian data in any dimension, of chains whose steps depend on time: by the moments of every step.

On each axis of the data a step is a random affine map X' = R X + r m + N(0, Q), with m the mean of the data on that axis.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.gaussian.law import LinearLaw
from pmmtheory.laws.gaussian.mean_after import UNIT
from pmmtheory.laws.step.affine import AffineSteps
from pmmtheory.laws.step.axes import OnAxes
from pmmtheory.laws.step.poisson_pieces import require_pieces
from pmmtheory.numerics.interpolation import lagrange
from pmmtheory.schemes import PoissonStructure, Scheme
from pmmtheory.targets import Gaussian

_Force = Callable[[Tensor], Tensor]

_LADDER = (16, 24, 32, 48, 64, 96)
"""The N from which the moments for infinite K are extrapolated: they are smooth in 1/N."""


@dataclass(frozen=True)
class Moments:
    """E X, (axes, s), and the covariance of X, (axes, s, s), on every axis, with the variances and means of the data there, (axes,).

    mean_lost, lost : what they may be off by for rounding of the steps, in units of it.
    """

    mean: Tensor
    spread: Tensor
    variances: Tensor
    centres: Tensor
    mean_lost: Tensor
    lost: Tensor

    @property
    def covariance(self) -> Tensor:
        """The covariances of the positions, (axes,)."""
        return self.spread[:, 0, 0]

    @property
    def rounded(self) -> Tensor:
        """What rounding of the steps costs each covariance, in units of it; infinite where the covariance is not positive."""
        return torch.where(self.covariance > 0, self.lost[:, 0, 0] / self.covariance, math.inf)


def start(target: Gaussian, begun: LinearLaw, s: int) -> Moments:
    """Positions with the mean and variances of a law on the axes of the target; other blocks at zero."""
    points = begun.centre[0], torch.as_tensor(target.mean, dtype=torch.float64).reshape(-1)
    turned, centres = (point if target.axes is None else point @ target.axes for point in points)
    mean, mean_lost = torch.zeros((2, target.dim, s), dtype=torch.float64)
    spread = torch.zeros((target.dim, s, s), dtype=torch.float64)
    mean[:, 0], spread[:, 0, 0] = turned, begun.blocks[:, 0, 0]
    if begun.mean_off is not None:
        mean_lost[:, 0] += begun.mean_off[0] / UNIT
    if target.axes is not None:
        mean_lost[:, 0] += 4 * torch.linalg.vector_norm(points[0])
    return Moments(mean, spread, target.variances, centres, mean_lost, spread)


def path(scheme: Scheme, begin: Moments, steps: Sequence[int], level: int, kind: type[Gaussian] = Gaussian) -> list[Moments]:
    """The moments after the given numbers of steps, the first of them at time 0; `kind` is the class of the data."""
    found, now, done, history = [], begin, 0, list[_Lost]()
    chain = _Chain(scheme, begin, kind)
    for n in steps:
        for k in range(done, n):
            now = _advanced(chain, now, k * scheme.step_size, level, history)
        found.append(_summed(begin, now, history) if history else now)
        done = n
    return found


@dataclass(frozen=True)
class _Lost:
    """A step, and what it loses itself of the mean and of the covariance, in units of rounding."""

    steps: AffineSteps
    mean: Tensor
    spread: Tensor


def _summed(begin: Moments, now: Moments, history: Sequence[_Lost]) -> Moments:
    """What every step with memory lost, as the later ones carry it on to the position."""
    row = torch.zeros_like(now.mean)
    row[:, 0] = 1.0
    square = _outer(row, row)
    mean_lost, lost = torch.zeros_like(row[:, 0]), torch.zeros_like(row[:, 0])
    for part in reversed(history):
        mean_lost, lost = mean_lost + (row.abs() * part.mean).sum(-1), lost + (square.abs() * part.spread).sum((-2, -1))
        weights, matrix = part.steps.weights, part.steps.matrix
        row = torch.einsum("q,qaij,ai->aj", weights, matrix, row)
        square = torch.einsum("q,qaij,aik,qakl->ajl", weights, matrix, square, matrix)
    mean_lost, lost = mean_lost + (row.abs() * begin.mean_lost).sum(-1), lost + (square.abs() * begin.lost).sum((-2, -1))
    means, squares = now.mean_lost.clone(), now.lost.clone()
    means[:, 0], squares[:, 0, 0] = mean_lost, lost
    return replace(now, mean_lost=means, lost=squares)


class _Chain:
    """A scheme on the axes of the data, and on the same data about zero: what a step multiplies by is found there, where the mean costs no digits."""

    def __init__(self, scheme: Scheme, begin: Moments, kind: type[Gaussian]):
        self._about_zero = OnAxes(scheme, begin.variances, torch.zeros_like(begin.centres), kind)
        self._moved = OnAxes(scheme, begin.variances, begin.centres, kind) if bool(begin.centres.any()) else None
        self.structure, self.structure_about_zero = (
            scheme.over(scheme.dynamics.on(kind(centres, begin.variances))).structure for centres in (begin.centres, 0 * begin.centres)
        )

    def steps(self, level: int, t: float) -> AffineSteps:
        """X' = R X + r + N(0, Q), at time t."""
        steps = self._about_zero.steps(level, t)
        if self._moved is None:
            return steps
        moved = self._moved.steps(level, t)
        size = 1 + steps.matrix.abs() + moved.matrix.abs() + moved.offset.abs()[..., None]
        if not bool(((steps.matrix - moved.matrix).abs() <= 1e-9 * size).all()):
            raise InvalidParameter("scheme", self._moved.scheme.name, "one whose steps multiply by what does not depend on the mean of Gaussian data")
        return replace(steps, offset=moved.offset)


def listed(scheme: Scheme, begin: Moments) -> bool:
    """Whether the rules for the draws of a step have all values that these take, so that no finer one is there."""
    chain = OnAxes(scheme, begin.variances, begin.centres)
    several = chain.structure is not None and chain.structure.midpoints.several
    return not several and chain.listed(len(chain.steps(2, 0.0).weights))


def law(
    moments: Moments,
    axes: Tensor | None,
    gaussian: bool,
    errors: dict[str, float],
    off: Tensor,
    mean_off: Tensor,
    given: Callable[[], tuple[Tensor, Tensor]] | None,
) -> LinearLaw:
    """The law of the positions, whose covariances and means are off by so much on every axis; given : the mean deviations given the random times."""
    centre = moments.mean[:, 0] if axes is None else moments.mean[:, 0] @ axes.T
    return LinearLaw(centre[None], moments.covariance[:, None, None], axes, gaussian, (), errors, off, given, mean_off[None])


def _advanced(chain: _Chain, now: Moments, t: float, level: int, history: list[_Lost]) -> Moments:
    structure, about_zero = chain.structure, chain.structure_about_zero
    if structure is None or about_zero is None or not structure.midpoints.several:
        return _affine(chain.steps(level, t), now, history)
    require_pieces(structure, t)
    if structure.substeps < math.inf:
        return _bernoulli(structure, about_zero, now, t, int(structure.substeps))
    ladder = _LADDER[: 4 + level]
    shares = lagrange([1 / n for n in ladder], 0)
    parts = [_bernoulli(structure, about_zero, now, t, n) for n in ladder]
    mean, spread = (sum(share * getattr(part, name) for share, part in zip(shares, parts, strict=True)) for name in ("mean", "spread"))
    mean_lost, lost = (torch.stack([getattr(part, name) for part in parts]).amax(0) for name in ("mean_lost", "lost"))
    return replace(now, mean=mean, spread=spread, mean_lost=mean_lost, lost=lost)


def _affine(steps: AffineSteps, now: Moments, history: list[_Lost]) -> Moments:
    """The covariance on its own: the mean enters by what is random in it only."""
    each = torch.einsum("qaij,aj->qai", steps.matrix, now.mean) + steps.offset
    mean = torch.einsum("q,qai->ai", steps.weights, each)
    apart, shares, matrix = each - mean, steps.weights.abs(), steps.matrix.abs()
    terms = now.mean.abs() + torch.einsum("qaij,aj->qai", matrix, now.mean.abs()) + steps.offset.abs()
    spread = torch.einsum("q,qaij->aij", steps.weights, _turned(steps.matrix, now.spread) + _outer(apart, apart) + steps.noise)
    own_mean = torch.einsum("q,qai->ai", shares, terms) + _at_position(now.centres, now.mean)
    own = _turned(matrix, now.spread.abs()) + steps.noise.abs() + _outer(apart.abs(), apart.abs())
    if len(shares) > 1:
        off = terms + torch.einsum("q,qai->ai", shares, terms)
        own = own + 2 * _outer(apart.abs(), off) + UNIT * _outer(off, off)
    own = torch.einsum("q,qaij->aij", shares, own)
    own = torch.maximum(own, own.mT)
    if now.mean.shape[-1] > 1:
        history.append(_Lost(steps, own_mean, own))  # bounds from step to step would take its coefficients for positive
        return replace(now, mean=mean, spread=spread)
    mean_lost = own_mean + torch.einsum("q,qaij,aj->ai", shares, matrix, now.mean_lost)
    lost = own + torch.einsum("q,qaij->aij", shares, _turned(matrix, now.lost))
    return replace(now, mean=mean, spread=spread, mean_lost=mean_lost, lost=lost)


def _turned(matrix: Tensor, covariance: Tensor) -> Tensor:
    return torch.einsum("...aij,ajk,...alk->...ail", matrix, covariance, matrix)


def _outer(one: Tensor, other: Tensor) -> Tensor:
    return one[..., :, None] * other[..., None, :]


def _at_position(centres: Tensor, mean: Tensor) -> Tensor:
    """What the mean of the data adds to the rounding of a step."""
    return torch.nn.functional.pad(centres.abs()[:, None], (0, mean.shape[-1] - 1))


def _bernoulli(pmm: PoissonStructure, about_zero: PoissonStructure, now: Moments, t: float, substeps: int) -> Moments:
    """By the mean and covariance of (X_0, 1, Xhat, X) over the substeps: each is a linear map with a jump of probability intensity/K."""
    system, h = pmm.dynamics, pmm.step_size / substeps
    one = torch.ones_like(now.variances)
    first = _affine_force(lambda x: system.drift(x, t), lambda x: about_zero.dynamics.drift(x, t), now, pmm)  # in terms of (X_0, 1)
    states = torch.tensor([1.0, 0.0, 1.0, 1.0], dtype=one.dtype)
    m, c = now.mean * states, now.spread * _outer(states, states)
    m[:, 1] = 1.0
    # what was lost before goes through the step as the state does; bounds on what the step loses itself grow with its entries
    before, mean_before = now.lost * _outer(states, states), (now.mean_lost + now.mean.abs() + now.centres.abs()[:, None]) * states
    lost, mean_lost = torch.zeros_like(c), torch.zeros_like(m)
    for i in range(substeps):
        at, p = t + i * h, pmm.intensity / substeps if i else 0.0  # at the first substep the interpolant is the state itself
        keep, respond = float(system.transport(h, torch.ones((), dtype=one.dtype), at)), float(system.respond(h, torch.ones((), dtype=one.dtype), at))
        delay = i * h
        forces = (lambda x, d=delay: pmm.midpoint_force(x, t, d)), (lambda x, d=delay: about_zero.midpoint_force(x, t, d))
        middle = _affine_force(*forces, now, pmm, i in (1, substeps - 1))
        linear = torch.zeros_like(c)
        linear[:, 0, 0] = linear[:, 1, 1] = 1.0
        for row in (2, 3):
            linear[:, row, row] = keep
            linear[:, row, :2] = respond * first
        jump = torch.zeros_like(c)
        weight = pmm.push(one, at)
        jump[:, 3, 0], jump[:, 3, 1], jump[:, 3, 2] = -weight * first[:, 0], weight * (middle[:, 1] - first[:, 1]), weight * middle[:, 0]
        thrown, terms = (jump @ m[..., None])[..., 0], (jump.abs() @ m.abs()[..., None])[..., 0]
        whole = linear + p * jump
        m, mean_before = (whole @ m[..., None])[..., 0], (whole @ mean_before[..., None])[..., 0]
        mean_lost = (whole.abs() @ mean_lost[..., None])[..., 0] + p * terms
        c, before = (whole @ part @ whole.mT + p * (1 - p) * jump @ part @ jump.mT for part in (c, before))
        c = c + p * (1 - p) * _outer(thrown, thrown)
        lost = whole.abs() @ lost @ whole.mT.abs() + p * (1 - p) * (jump.abs() @ lost @ jump.mT.abs() + 2 * _outer(thrown.abs(), terms))
        c[:, 2:, 2:] += float(system.noise(h, at)) ** 2
    end = mean_before[:, 3:].abs() + mean_lost[:, 3:] + m[:, 3:].abs()
    return replace(now, mean=m[:, 3:], spread=c[:, 3:, 3:], mean_lost=end, lost=(before.abs() + torch.maximum(lost, lost.mT) + c)[:, 3:, 3:])


def _affine_force(force: _Force, about_zero: _Force, now: Moments, pmm: PoissonStructure, checked: bool = True) -> Tensor:
    """Slope and value at zero of a force on every axis, (axes, 2), the slope from data about zero; refused where it is not affine."""
    zero = torch.zeros_like(now.variances)
    shift = force(zero)
    slope = about_zero(torch.ones_like(zero)) - about_zero(zero)
    if not checked:
        return torch.stack([slope, shift], -1)
    far = now.centres + torch.linspace(-41.0, 17.3, len(zero), dtype=zero.dtype, device=zero.device) * torch.sqrt(now.variances)
    if not bool(((force(far) - slope * far - shift).abs() <= 1e-9 * ((slope * far).abs() + shift.abs()) + 1e-300).all()):
        raise InvalidParameter("scheme", pmm.name, "one whose forces are affine on Gaussian data, for a law by its moments")
    return torch.stack([slope, shift], -1)
