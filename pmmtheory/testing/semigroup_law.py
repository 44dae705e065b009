"""The law of the affine semigroup: with a constant drift a step is exact."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.step.characteristic import centre, characteristic, one_step_moments
from pmmtheory.particles import simulate
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Constant, Target
from pmmtheory.testing.folded import folded
from pmmtheory.testing.nodes import mixture, nodes
from pmmtheory.testing.subject import SEED, STEP, Subject, Unclaimed, declares, images, require, rounding, states

_PARTICLES = 20_000
_SIGMAS = 5.0
_MARGIN = 10.0
"""How many times the change under refinement a value may be off."""

_WAVES = 0.5 * torch.arange(8, dtype=torch.float64)
"""Frequencies, in units of the inverse noise."""


def affine_semigroup(subject: Subject) -> None:
    """A_h A_k = A_(h+k); A_k G_h + G_k = G_(h+k); A_k Gamma_h^2 A_k' + Gamma_k^2 = Gamma_(h+k)^2.

    With a constant drift b one step is therefore N(A_a x + G_a b, Gamma_a^2), and n steps of a/n are one of a: on the
    line by quadrature, for each coordinate and pair of them in dimension 3 by particles. A scheme says by
    `exact_with` where it is exact without force only, b = 0, or not at all.
    """
    unsaid = bool(subject.jumps.draws) and not declares(subject.everywhere()[0], "exact_with")
    for dim in subject.dims:
        frozen = ConstantDrift(dim)
        _identities(subject.dynamics(frozen))
        scheme = subject.on(frozen)
        if scheme.exact_with == "neither" or unsaid:
            continue
        if scheme.exact_with == "no force":
            frozen.slope.zero_()
        if dim > 1 or subject.jumping:
            _frozen_space(scheme)
            continue
        for step_size in (STEP, STEP / 2):
            frozen_line = _frozen_line if scheme.dynamics.blocks == 1 else _frozen_blocks
            frozen_line(folded(subject.on(frozen, step_size)), f"with a constant drift, a step of {step_size:g}")
    if unsaid:
        raise Unclaimed("a step that jumps need not be exact with a constant drift, and does not say so by `exact_with`: the identities of its dynamics hold")
    if scheme.exact_with == "neither":
        raise Unclaimed("the scheme is not exact with a constant drift: the identities of its dynamics hold, no step was checked")


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


def _identities(system: Dynamics) -> None:
    h, k = 0.3, 0.05
    shape = system.state_shape
    x = torch.linspace(-1.3, 2.0, 4 * math.prod(shape), dtype=torch.float64).reshape(4, *shape)
    b = system.position(x.flip(0))
    both = system.transport(h + k, x)
    require(system.transport(k, system.transport(h, x)), both, rounding(both), "A_k A_h x is")
    response = system.respond(h + k, b)
    require(system.transport(k, system.respond(h, b)) + system.respond(k, b), response, rounding(response), "A_k G_h b + G_k b is")
    spread = _covariance(system, h + k, lambda y: y)
    parts = _covariance(system, h, lambda y: system.transport(k, y)) + _covariance(system, k, lambda y: y)
    require(parts, spread, rounding(spread), "an entry of A_k Gamma_h^2 A_k' + Gamma_k^2 is")


def _covariance(system: Dynamics, h: float, move: Callable[[Tensor], Tensor]) -> Tensor:
    """M Gamma_h^2 M' for the linear map M, from the images of the unit vectors."""
    size = math.prod(system.state_shape)
    unit = torch.eye(size, dtype=torch.float64).reshape(size, *system.state_shape)
    image = move(system.noise(h) * unit).reshape(size, size)
    return image.T @ image


def _frozen_line(scheme: Scheme, words: str) -> None:
    x = states(scheme)
    (shift, square), (shift_fine, square_fine) = (one_step_moments(scheme, x, 0.0, level) for level in (1, 2))
    variance = float(scheme.dynamics.noise(scheme.step_size)) ** 2
    moved = torch.zeros_like(x)
    require(shift, moved, _MARGIN * torch.abs(shift - shift_fine) + rounding(x), f"{words} is off the mean A_a x + G_a b by")
    require(square - shift**2, moved + variance, _MARGIN * torch.abs(square - square_fine) + rounding(x), f"{words} has the variance")
    phi, fine = (characteristic(scheme, x, 0.0, 0.5 / variance**0.5, len(_WAVES), level) for level in (1, 2))
    exact = torch.exp(-(_WAVES**2) / 2).expand(phi.shape)
    _gaussian(phi, exact, _MARGIN * torch.abs(phi - fine) + rounding(exact), words)


def _frozen_blocks(scheme: Scheme, words: str) -> None:
    """In units of Gamma_a a step is N(A_a x + G_a b, I): its moments, and its characteristic function along every block and their diagonal.

    The rule of degree 3 next to midpoints is exact for the moments only.
    """
    x, system = states(scheme), scheme.dynamics
    unit = torch.linalg.inv(images(system.noise(scheme.step_size), x[0], len(system.state_shape)))
    lost = rounding(x) * float(unit.abs().max())
    waves = _WAVES[:1] if any(draw.layered for draw in scheme.draws.values()) else _WAVES
    found = []
    for level in (1, 2):
        at = nodes(scheme, level)
        mean, covariance = mixture(scheme, x, at)
        shift = (mean - centre(scheme, x, 0.0)[:, None]) @ unit.T
        spread = unit @ covariance @ unit.T
        first, first_error = at.mean(at.conditional(shift))
        second, second_error = at.mean(at.conditional(shift[..., :, None] * shift[..., None, :] + spread))
        along = torch.cat([torch.eye(len(unit), dtype=x.dtype), torch.full_like(unit[:1], len(unit) ** -0.5)])
        damping = torch.einsum("ki,nqij,kj->nqk", along, spread, along)[..., None] * waves**2 / 2
        phi, _ = at.mean(at.conditional(torch.polar(torch.exp(-damping), (shift @ along.T)[..., None] * waves)))
        found.append((first, second, phi))
    change = [_MARGIN * torch.abs(fine - coarse) + lost for coarse, fine in zip(*found, strict=True)]
    words += ", in units of Gamma_a,"
    first, second, phi = found[-1]
    require(first, torch.zeros_like(first), change[0] + _SIGMAS * first_error, f"{words} is off the mean A_a x + G_a b by")
    require(second, torch.eye(len(unit)).to(second).expand(second.shape), change[1] + _SIGMAS * second_error, f"{words} has a covariance with the entry")
    _gaussian(phi, torch.exp(-(waves**2) / 2).expand(phi.shape), change[2], words)


def _gaussian(phi: Tensor, exact: Tensor, allowed: Tensor, words: str) -> None:
    require(phi.real, exact, allowed, f"{words} is not Gaussian: a real part of its characteristic function is")
    require(phi.imag, torch.zeros_like(exact), allowed, f"{words} is not Gaussian: an imaginary part of its characteristic function is")


def _frozen_space(scheme: Scheme) -> None:
    system, a = scheme.dynamics, scheme.step_size
    words = f"with a constant drift in dimension {system.target.dim}"
    start = torch.linspace(-1.0, 2.0, math.prod(system.state_shape), dtype=torch.float64).reshape(system.state_shape)
    y = (simulate(scheme, _PARTICLES, 1, seed=SEED, dtype=torch.float64, initial=start) - centre(scheme, start, 0.0)).flatten(1)
    spread = _covariance(system, a, lambda value: value)
    error = torch.sqrt(torch.diagonal(spread) / _PARTICLES)
    require(y.mean(0), torch.zeros_like(error), _SIGMAS * error, f"{words}, a coordinate of a step is off its mean by")
    products = y[:, :, None] * y[:, None, :]
    scale = torch.sqrt((torch.outer(spread.diagonal(), spread.diagonal()) + spread**2) / _PARTICLES)
    require(products.mean(0), spread, _SIGMAS * scale, f"{words}, an entry of the covariance of a step is")
