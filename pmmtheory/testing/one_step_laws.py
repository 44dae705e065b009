"""Laws of the law of one step: mass, the affine semigroup and the limit of small steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.characteristic import characteristic, one_step_moments
from pmmtheory.laws.kernel import Resolution, grid_spacing, noise_scale, transition_matrix
from pmmtheory.particles import simulate
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Constant, Target
from pmmtheory.testing.subject import LINE, SEED, STEP, Subject, require, rounding

_STARTS = torch.tensor([-2.1, -0.3, 0.4, 1.7], dtype=torch.float64)
_PARTICLES = 20_000
_SIGMAS = 5.0
_MARGIN = 10.0
"""How many times the change under refinement a value may be off."""

_HALVINGS = 5


def mass(subject: Subject) -> None:
    """E exp(i 0 X') = 1 from every start, and every row of the transition matrix sums to 1."""
    scheme = subject.on_line()
    one = torch.ones_like(_STARTS)
    zero = characteristic(scheme, _STARTS, 0.0, 1 / noise_scale(scheme, 0.0), 2, 2)[:, 0]
    require(torch.abs(zero), one, rounding(one), "the characteristic function of a step at frequency 0 is")
    coarse, fine = (_row_sums(scheme, level) for level in (1, 2))
    allowed = _MARGIN * float(torch.abs(fine - coarse).max()) + rounding(one)
    require(fine, one, allowed, "the integral of the density of a step is")


def affine_semigroup(subject: Subject) -> None:
    """A_h A_k = A_(h+k); A_k G_h + G_k = G_(h+k); A_k Gamma_h^2 A_k' + Gamma_k^2 = Gamma_(h+k)^2.

    With a constant drift b one step is therefore N(A_a x + G_a b, Gamma_a^2), and n steps of a/n are one of a: on the
    line by quadrature, for each coordinate and pair of them in dimension 3 by particles.
    """
    for dim in subject.dims:
        frozen = ConstantDrift(dim)
        _identities(subject.dynamics(frozen), dim)
        if dim == 1:
            for step_size in (STEP, STEP / 2):
                _frozen_line(subject.on(frozen, step_size), step_size)
        else:
            _frozen_space(subject.on(frozen), frozen)


def small_steps(subject: Subject) -> None:
    """As a -> 0: E(X' - x)/a -> b(x), Var(X')/a -> Gamma_a^2/a (2 overdamped), and kappa_3(X')/a -> 0.

    The limits are extrapolated from steps a, a/2, ..., and may be off by a multiple of the last change.
    """
    rates = torch.stack([_generator(subject.on_line(LINE, STEP / 2**k)) for k in range(_HALVINGS)])
    limit, change = _extrapolate(rates)
    smallest = STEP / 2 ** (_HALVINGS - 1)
    allowed = _MARGIN * change.amax(1) + rounding(_STARTS) / smallest
    drift = subject.dynamics(LINE).drift(_STARTS, 0.0)
    noise = float(subject.dynamics(LINE).noise(smallest)) ** 2 / smallest
    require(drift + limit[0], drift, allowed[0], "as the step -> 0 the mean of X' - x over the step tends to")
    require(noise + limit[1], torch.full_like(drift, noise), allowed[1], "as the step -> 0 the variance of X' over the step tends to")
    require(limit[2], torch.zeros_like(drift), allowed[2], "as the step -> 0 the third cumulant of X' over the step tends to")


class ConstantDrift(Target):
    """A linear potential: no law, but the one drift with which a step is affine."""

    lsi = poincare = None
    smoothness = Constant(1.0, "any number bounds a Hessian of zero")

    def __init__(self, dim: int):
        self.dim = dim
        self.slope = torch.linspace(0.7, -0.9, dim, dtype=torch.float64)

    def potential(self, x: Tensor) -> Tensor:
        product = -x * self.slope.to(x)
        return product if self.dim == 1 else product.sum(-1)

    def drift(self, x: Tensor) -> Tensor:
        slope = self.slope.to(x)
        value: Tensor = slope if self.dim > 1 else slope[0]
        return value.expand(x.shape)

    def log_density(self, x: Any) -> Tensor:
        raise InvalidParameter("target", self.name, "one with a density")

    def sample(self, n: int, seed: int = 0) -> Tensor:
        raise InvalidParameter("target", self.name, "one that can be sampled")


def _row_sums(scheme: Scheme, level: int) -> Tensor:
    end = 8.0
    grid = Resolution(-end, end, grid_spacing(scheme, -end, end, level)).grid("cpu")
    return transition_matrix(scheme, grid, 0.0, level, _STARTS).sum(1)


def _identities(system: Dynamics, dim: int) -> None:
    h, k = 0.3, 0.05
    x = torch.linspace(-1.3, 2.0, 4 * dim, dtype=torch.float64).reshape((4, dim) if dim > 1 else (4,))
    b = x.flip(0)
    both = system.transport(h + k, x)
    require(system.transport(k, system.transport(h, x)), both, rounding(both), "A_k A_h x is")
    response = system.respond(h + k, b)
    require(system.transport(k, system.respond(h, b)) + system.respond(k, b), response, rounding(response), "A_k G_h b + G_k b is")
    spread = _covariance(system, h + k, dim, lambda y: y)
    parts = _covariance(system, h, dim, lambda y: system.transport(k, y)) + _covariance(system, k, dim, lambda y: y)
    require(parts, spread, rounding(spread), "an entry of A_k Gamma_h^2 A_k' + Gamma_k^2 is")


def _covariance(system: Dynamics, h: float, dim: int, move: Callable[[Tensor], Tensor]) -> Tensor:
    """M Gamma_h^2 M' for the linear map M, from the images of the unit vectors."""
    unit = torch.eye(dim, dtype=torch.float64) if dim > 1 else torch.ones(1, dtype=torch.float64)
    image = move(system.noise(h) * unit)
    return torch.matmul(image.T, image) if dim > 1 else torch.square(image)


def _frozen_line(scheme: Scheme, step_size: float) -> None:
    words = f"with a constant drift, a step of {step_size:g}"
    (shift, square), (shift_fine, square_fine) = (one_step_moments(scheme, _STARTS, 0.0, level) for level in (1, 2))
    variance = float(scheme.dynamics.noise(step_size)) ** 2
    moved = torch.zeros_like(_STARTS)
    require(shift, moved, _MARGIN * torch.abs(shift - shift_fine) + rounding(_STARTS), f"{words} is off the mean A_a x + G_a b by")
    require(square - shift**2, moved + variance, _MARGIN * torch.abs(square - square_fine) + rounding(_STARTS), f"{words} has the variance")
    phi, fine = (characteristic(scheme, _STARTS, 0.0, 0.5 / variance**0.5, 8, level) for level in (1, 2))
    exact = torch.exp(-((0.5 * torch.arange(8, dtype=torch.float64)) ** 2) / 2).expand(phi.shape)
    allowed = _MARGIN * torch.abs(phi - fine) + rounding(exact)
    require(phi.real, exact, allowed, f"{words} is not Gaussian: a real part of its characteristic function is")
    require(phi.imag, torch.zeros_like(exact), allowed, f"{words} is not Gaussian: an imaginary part of its characteristic function is")


def _frozen_space(scheme: Scheme, frozen: ConstantDrift) -> None:
    system, a, dim = scheme.dynamics, scheme.step_size, frozen.dim
    start = torch.linspace(-1.0, 2.0, dim, dtype=torch.float64)
    centre = system.transport(a, start) + system.respond(a, frozen.slope)
    y = simulate(scheme, _PARTICLES, 1, seed=SEED, dtype=torch.float64, initial=start) - centre
    spread = _covariance(system, a, dim, lambda value: value)
    error = torch.sqrt(torch.diagonal(spread) / _PARTICLES)
    require(y.mean(0), torch.zeros_like(error), _SIGMAS * error, "with a constant drift in dimension 3, a coordinate of a step is off its mean by")
    products = y[:, :, None] * y[:, None, :]
    scale = torch.sqrt((torch.outer(spread.diagonal(), spread.diagonal()) + spread**2) / _PARTICLES)
    require(products.mean(0), spread, _SIGMAS * scale, "with a constant drift in dimension 3, an entry of the covariance of a step is")


def _generator(scheme: Scheme) -> Tensor:
    """E(X' - c)/a, (Var X' - Gamma_a^2)/a and kappa_3(X')/a from every start, with c = A_a x + G_a b(x): shape (3, n)."""
    a = scheme.step_size
    shift, square = one_step_moments(scheme, _STARTS, 0.0)
    noise = float(scheme.dynamics.noise(a))
    return torch.stack([shift, square - shift**2 - noise**2, _third_cumulant(scheme)]) / a


def _third_cumulant(scheme: Scheme) -> Tensor:
    """kappa_3 from Im log E exp(i xi (X' - c)) = kappa_1 xi - kappa_3 xi^3/6 + kappa_5 xi^5/120 - ... at four frequencies.

    They do not follow the noise, so that rare jumps of the size of the target are seen.
    """
    spacing = 0.25
    xi = spacing * torch.arange(1, 5, dtype=torch.float64)
    phi = characteristic(scheme, _STARTS, 0.0, spacing, 5, 1)[:, 1:]
    slopes = torch.angle(phi) / xi
    design = torch.stack([(xi / xi[-1]) ** (2 * j) for j in range(4)], 1)
    coefficients: Tensor = torch.linalg.solve(design, slopes.T)
    return -6 * coefficients[1] / xi[-1] ** 2


def _extrapolate(values: Tensor) -> tuple[Tensor, Tensor]:
    """The limit of values at a, a/2, a/4, ... by Richardson's extrapolation, and the larger of its last two changes."""
    table, best = list(values), [values[-1]]
    for power in range(1, len(values)):
        table = [(2**power * fine - coarse) / (2**power - 1) for coarse, fine in zip(table, table[1:], strict=False)]
        best.append(table[-1])
    return best[-1], torch.maximum(torch.abs(best[-1] - best[-2]), torch.abs(best[-2] - best[-3]))
