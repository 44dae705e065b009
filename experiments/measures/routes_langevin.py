"""Langevin dynamics with a frozen force, next to matrix exponentials and quadrature."""

from __future__ import annotations

from math import exp
from typing import Any

import numpy as np
import torch
from scipy.integrate import quad
from scipy.linalg import expm

from experiments.measures._arrays import Pairs, all_apart, refused
from experiments.measures._routes import compared, held
from pmmtheory.dynamics import BlockFactor, Overdamped, ReverseDiffusion, Underdamped
from pmmtheory.dynamics.block_factor import over, root
from pmmtheory.dynamics.exponentials import decay, phi1, phi2, spread
from pmmtheory.dynamics.factors import covariance, without_noise
from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers
from pmmtheory.targets import Gaussian

_ARGUMENTS = (-0.4, 0.01, 0.3, 0.999, 1.001, 2.5, 7.0)
_FRICTION, _DURATIONS = 1.7, (0.02, 0.5, 3.0)


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Exponential functions, the exact step of each dynamics, and what multiplies its noise."""
    found = all_apart(
        {
            "exponential functions": _exponentials,
            "the exact step, underdamped": _underdamped,
            "the exact step, underdamped in 2 dimensions": _in_the_plane,
            "the exact step, overdamped": _overdamped,
            "factors of noise on position and velocity": _factors,
            "steps up to the end of a process": _ends,
        }
    )
    return held(found)


def exact_step(friction: float, h: float) -> tuple[Numbers, Numbers, Numbers]:
    """A, G and the covariance of the noise over a duration h, by the exponential of one matrix (Van Loan 1978)."""
    linear, noise = np.array([[0.0, 1.0], [0.0, -friction]]), np.diag([0.0, 2 * friction])
    whole = expm(np.block([[-linear, noise], [np.zeros((2, 2)), linear.T]]) * h)
    carried = whole[2:, 2:].T
    forced = expm(np.block([[linear, np.array([[0.0], [1.0]])], [np.zeros((1, 3))]]) * h)[:2, 2]
    return carried, forced, carried @ whole[:2, 2:]


def _exponentials() -> Pairs:
    """Integrals over [0, 1] in place of the formulas."""
    integrals = [
        (decay, exp),
        (phi1, lambda t: quad(lambda s: exp(t * s), 0, 1, epsrel=1e-13)[0]),
        (phi2, lambda t: quad(lambda s: (1 - s) * exp(t * s), 0, 1, epsrel=1e-13)[0]),
        (spread, lambda t: 2 * quad(lambda s: quad(lambda r: s * exp(t * r * s), 0, 1, epsrel=1e-13)[0] ** 2, 0, 1, epsrel=1e-13)[0]),
    ]
    pairs: list[tuple[Any, Any]] = [(phi1(torch.zeros(1)), 1.0), (phi1(0.0), 1.0), (phi2(0.0), 0.5), (spread(0.0), 2 / 3)]
    for function, integral in integrals:
        expected = [integral(-t) for t in _ARGUMENTS]
        tensor = torch.tensor(_ARGUMENTS, dtype=torch.float64)
        pairs += [([function(t) for t in _ARGUMENTS], expected), (function(tensor), expected), (function(tensor[2:4]), expected[2:4])]
        pairs += [(function(tensor[4:]), expected[4:])]
    return pairs


def _underdamped() -> Pairs:
    system, state, force = Underdamped(Gaussian(0.3, 0.5), _FRICTION), torch.tensor([0.7, -1.3], dtype=torch.float64), torch.tensor(0.9, dtype=torch.float64)
    pairs: list[tuple[Any, Any]] = [
        (system.drift(state), -(0.7 - 0.3) / 0.5),
        (system.impulse(force), [0.0, 0.9]),
        ([system.position(state), system.velocity(state)], [0.7, -1.3]),
        ([list(row) for name in ("linear", "forcing", "diffusion") for row in getattr(system, name)], [0, 1, 0, -_FRICTION, 0, 1, 0, 0, 0, 2 * _FRICTION]),
    ]
    for h in _DURATIONS:
        carried, forced, noise = exact_step(_FRICTION, h)
        found = system.noise(h)
        pairs += [(system.transport(h, state), carried @ state.numpy()), (system.respond(h, force), forced * 0.9)]
        pairs += [([found.uu, found.vu, found.vv], np.linalg.cholesky(noise)[np.tril_indices(2)])]
    return pairs


def _in_the_plane() -> Pairs:
    """Durations that are tensors, one a state."""
    system = Underdamped(Gaussian([0.0, 1.0], [1.0, 2.0]), _FRICTION)
    h = torch.tensor(_DURATIONS, dtype=torch.float64).reshape(3, 1, 1)
    state = torch.arange(1.0, 13.0, dtype=torch.float64).reshape(3, 2, 2) / 7
    force = torch.tensor([[0.9, -0.4]] * 3, dtype=torch.float64)
    steps = [exact_step(_FRICTION, duration) for duration in _DURATIONS]
    lower = [np.linalg.cholesky(step[2]) for step in steps]
    return [
        (system.transport(h, state), [carried @ x for (carried, _, _), x in zip(steps, state.numpy(), strict=True)]),
        (system.respond(h, force), [np.outer(forced, [0.9, -0.4]) for _, forced, _ in steps]),
        (system.noise(h) * state, [factor @ x for factor, x in zip(lower, state.numpy(), strict=True)]),
        (covariance(system.noise(0.5), system, state[:1]), [[step[2]] * 2 for step in steps[1:2]]),
        (without_noise(system.noise(0.5), system, state), [0.0] * 3),
        (without_noise(0.0, system, state), [1.0] * 3),
    ]


def _overdamped() -> Pairs:
    system, x = Overdamped(Gaussian(0.3, 0.5)), torch.tensor([0.7, -1.3], dtype=torch.float64)
    h = torch.tensor([0.2, 0.9], dtype=torch.float64)
    return [
        (system.drift(x), [-0.8, 3.2]),
        ([system.transport(0.2, x), system.respond(h, x), system.impulse(x)], [0.7, -1.3, 0.14, -1.17, 0.7, -1.3]),
        ([system.noise(0.2), system.noise(h)], [0.4**0.5, 0.4**0.5, 1.8**0.5]),
        ([system.linear[0], system.forcing[0], system.diffusion[0]], [0.0, 1.0, 2.0]),
        (covariance(system.noise(0.2), system, x), [0.4, 0.4]),
    ]


def _factors() -> Pairs:
    """Of two blocks, next to matrices."""
    matrix = np.array([[0.8, 0.0], [-0.3, 1.1]])
    square, factor = matrix @ matrix.T, BlockFactor(0.8, -0.3, 1.1, -1)
    z = torch.tensor([[0.4, -0.9], [1.3, 0.2]], dtype=torch.float64)
    of, singular, still = (BlockFactor.of(uu, uv, vv, -1) for uu, uv, vv in (square[np.tril_indices(2)], (0.04, 0.06, 0.09), (0.0, 0.0, 0.49)))
    third, scaled = factor / 3.0, factor * 2.0
    return [
        (factor * z, z.numpy() @ matrix.T),
        (factor.solve(factor * z), z),
        (BlockFactor(0.0, 0.0, 1.1, -1).solve(z), z.numpy() * [0, 1 / 1.1]),
        ([third.uu, third.vu, third.vv, scaled.uu, scaled.vu, scaled.vv], [0.8 / 3, -0.1, 1.1 / 3, 1.6, -0.6, 2.2]),
        (factor.covariance, square[np.tril_indices(2)]),
        ([of.uu, of.vu, of.vv], [0.8, -0.3, 1.1]),
        ([singular.uu, singular.vu, singular.vv], [0.2, 0.3, 0.0]),
        ([still.uu, still.vu, still.vv], [0.0, 0.0, 0.7]),
        ([root(2.25), root(-1e-20), root(torch.tensor([2.25, -1e-20])), over(z[0], torch.tensor([0.5, 0.0]))], [1.5, 0.0, 1.5, 0.0, 0.8, 0.0]),
    ]


def _ends() -> Pairs:
    """Whether 1000 steps of a thousandth of the way are refused, and one more."""
    system = ReverseDiffusion(Gaussian(), horizon=2.0, stop=1.0)
    return [([refused(system.require_time_for, steps, 1e-3) for steps in (1000, 1001)], [0.0, 1.0])]
