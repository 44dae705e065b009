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
from pmmtheory.laws.step.affine import AffineSteps
from pmmtheory.laws.step.axes import OnAxes
from pmmtheory.laws.step.poisson_pieces import require_pieces
from pmmtheory.schemes import PoissonStructure, Scheme
from pmmtheory.targets import Gaussian

_LADDER = (16, 24, 32, 48, 64, 96)
"""The N from which the moments for infinite K are extrapolated: they are smooth in 1/N."""


@dataclass(frozen=True)
class Moments:
    """E X, (axes, s), and E X X', (axes, s, s), on every axis, with the variances and means of the data there, (axes,)."""

    mean: Tensor
    square: Tensor
    variances: Tensor
    centres: Tensor

    @property
    def covariance(self) -> Tensor:
        """The covariances of the positions, (axes,)."""
        return self.square[:, 0, 0] - self.mean[:, 0] ** 2

    @property
    def cancelled(self) -> Tensor:
        """The second moment over its covariance on every axis: what the difference costs in digits."""
        return self.square[:, 0, 0] / self.covariance


def start(target: Gaussian, mean: Tensor, variances: Tensor, s: int, axes: Tensor | None) -> Moments:
    """Positions with the given mean and variances on the axes; other blocks at zero."""
    turned, centres = (point if axes is None else point @ axes for point in (mean, torch.as_tensor(target.mean, dtype=torch.float64).reshape(-1)))
    first = torch.zeros((target.dim, s), dtype=torch.float64)
    square = torch.zeros((target.dim, s, s), dtype=torch.float64)
    first[:, 0], square[:, 0, 0] = turned, variances + turned**2
    return Moments(first, square, target.variances, centres)


def path(scheme: Scheme, begin: Moments, steps: Sequence[int], level: int, kind: type[Gaussian] = Gaussian) -> list[Moments]:
    """The moments after the given numbers of steps, the first of them at time 0; `kind` is the class of the data."""
    found, now, done = [], begin, 0
    chain = OnAxes(scheme, begin.variances, begin.centres, kind)
    structure = scheme.over(scheme.dynamics.on(kind(begin.centres, begin.variances))).structure
    for n in steps:
        for k in range(done, n):
            now = _advanced(chain, structure, now, k * scheme.step_size, level)
        found.append(now)
        done = n
    return found


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
    given: Callable[[], tuple[Tensor, Tensor]] | None,
) -> LinearLaw:
    """The law of the positions, whose covariances are off by so much on every axis; given : the mean deviations given the random times."""
    centre = moments.mean[:, 0] if axes is None else moments.mean[:, 0] @ axes.T
    return LinearLaw(centre[None], moments.covariance[:, None, None], axes, gaussian, (), errors, off, given)


class Leaning(Gaussian):
    """Gaussian data whose score is too large, by LEAN for every unit of rounding that it can have.

    The score on an axis is x/V with V = alpha^2 v + (1 - alpha^2) and is off by a few units, and by one over V for the difference.
    """

    def noised_drift(self, x: Tensor, alpha: float | Tensor) -> Tensor:
        square = alpha * alpha
        spread = square * self.variances + (1 - square)
        leaning: Tensor = super().noised_drift(x, alpha) * (1 + LEAN * (2 + 1 / spread))
        return leaning


LEAN = 1e-9


def sensitivity(moments: Moments, leaning: Moments) -> Tensor:
    """By what factor rounding of the score is enlarged in the covariances, relative to each, (axes,)."""
    plain, other = (torch.sqrt(part.covariance.clamp_min(0)) for part in (moments, leaning))
    factor: Tensor = torch.where(other == plain, 0.0, 2 * ((other - plain) / plain).abs() / LEAN)
    return factor


def _advanced(chain: OnAxes, structure: PoissonStructure | None, now: Moments, t: float, level: int) -> Moments:
    if structure is None or not structure.midpoints.several:
        return _affine(chain.steps(level, t), now)
    require_pieces(structure, t)
    if structure.substeps < math.inf:
        return _bernoulli(structure, now, t, int(structure.substeps))
    ladder = _LADDER[: 4 + level]
    shares = [math.prod((0 - 1 / other) / (1 / n - 1 / other) for other in ladder if other != n) for n in ladder]
    parts = [_bernoulli(structure, now, t, n) for n in ladder]
    mean, square = (sum(share * getattr(part, name) for share, part in zip(shares, parts, strict=True)) for name in ("mean", "square"))
    return replace(now, mean=mean, square=square)


def _affine(steps: AffineSteps, now: Moments) -> Moments:
    mean = torch.einsum("qaij,aj->qai", steps.matrix, now.mean) + steps.offset
    cross = torch.einsum("qaij,aj,qak->qaik", steps.matrix, now.mean, steps.offset)
    square = torch.einsum("qaij,ajk,qalk->qail", steps.matrix, now.square, steps.matrix) + cross + cross.mT + steps.noise
    square = square + steps.offset[..., :, None] * steps.offset[..., None, :]
    return replace(now, mean=torch.einsum("q,qai->ai", steps.weights, mean), square=torch.einsum("q,qaij->aij", steps.weights, square))


def _bernoulli(pmm: PoissonStructure, now: Moments, t: float, substeps: int) -> Moments:
    """By the moments of (X_0, 1, Xhat, X) over the substeps: each is a linear map with a jump of probability intensity/K."""
    system = pmm.dynamics
    h = pmm.step_size / substeps
    zero = torch.zeros_like(now.variances)
    one = torch.ones_like(zero)
    first = _affine_force(lambda x: system.drift(x, t), now, pmm)  # in terms of (X_0, 1)
    z = torch.zeros((len(zero), 4, 4), dtype=zero.dtype, device=zero.device)
    x, square = now.mean[:, 0], now.square[:, 0, 0]
    for i in (0, 2, 3):
        z[:, i, 1] = z[:, 1, i] = x
        for j in (0, 2, 3):
            z[:, i, j] = square
    z[:, 1, 1] = 1.0
    for i in range(substeps):
        at, p = t + i * h, pmm.intensity / substeps if i else 0.0  # at the first substep the interpolant is the state itself
        keep, respond = float(system.transport(h, torch.ones((), dtype=zero.dtype), at)), float(system.respond(h, torch.ones((), dtype=zero.dtype), at))
        middle = _affine_force(lambda x, delay=i * h: pmm.midpoint_force(x, t, delay), now, pmm, i in (1, substeps - 1))  # type: ignore[misc]
        linear = torch.zeros_like(z)
        linear[:, 0, 0] = linear[:, 1, 1] = 1.0
        for row in (2, 3):
            linear[:, row, row] = keep
            linear[:, row, :2] = respond * first
        jump = torch.zeros_like(z)
        weight = pmm.push(one, at)
        jump[:, 3, 0], jump[:, 3, 1], jump[:, 3, 2] = -weight * first[:, 0], weight * (middle[:, 1] - first[:, 1]), weight * middle[:, 0]
        mean = linear + p * jump
        z = mean @ z @ mean.mT + p * (1 - p) * jump @ z @ jump.mT
        z[:, 2:, 2:] += float(system.noise(h, at)) ** 2
    return replace(now, mean=z[:, 3, 1][:, None], square=z[:, 3, 3][:, None, None])


def _affine_force(force: Callable[[Tensor], Tensor], now: Moments, pmm: PoissonStructure, checked: bool = True) -> Tensor:
    """Slope and value at zero of a force on every axis, (axes, 2); refused where it is not affine."""
    zero = torch.zeros_like(now.variances)
    shift = force(zero)
    slope = force(torch.ones_like(zero)) - shift
    if not checked:
        return torch.stack([slope, shift], -1)
    far = now.centres + torch.linspace(-41.0, 17.3, len(zero), dtype=zero.dtype, device=zero.device) * torch.sqrt(now.variances)
    if not bool(((force(far) - slope * far - shift).abs() <= 1e-9 * ((slope * far).abs() + shift.abs()) + 1e-300).all()):
        raise InvalidParameter("scheme", pmm.name, "one whose forces are affine on Gaussian data, for a law by its moments")
    return torch.stack([slope, shift], -1)
