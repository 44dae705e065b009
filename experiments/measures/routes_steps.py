"""One step of each scheme of Langevin dynamics with draws that are given, next to a plain loop of the published algorithm."""

from __future__ import annotations

from math import exp, hypot, sqrt
from typing import Any

import numpy as np
import torch
from scipy.integrate import quad
from scipy.stats import multivariate_normal

from experiments.measures._arrays import Pairs, all_apart
from experiments.measures._plain_dynamics import MODES, WELL, Plain, overdamped, reverse, underdamped
from experiments.measures._routes import compared, held
from experiments.measures.routes_diffusions import forward_time, processes, score, speed
from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers
from pmmtheory.schemes import (
    ABOBA,
    BAOAB,
    BUB,
    MALA,
    OBABO,
    SGLD,
    UBU,
    EulerMaruyama,
    ExplicitTrapezoid,
    FrozenEuler,
    Ozaki,
    StochasticGradientRandomizedMidpoint,
    TamedEuler,
)
from pmmtheory.schemes.splitting import Splitting
from pmmtheory.targets import Gaussian

_STEP, _FRICTION = 0.3, 1.7
_ON_LINE, _IN_PLANE = np.array([-1.4, 0.3, 0.9]), np.array([[0.4, -1.2], [0.9, 0.3]])


class _Drifting(Splitting):
    """Flows without noise after the last one with it."""

    parts = (("B", 1.0), ("U", 0.6), ("A", 0.1), ("A", 0.3))


_SPLITTINGS: dict[str, tuple[type[Splitting], list[tuple[str, float]]]] = {
    "ABOBA": (ABOBA, [("A", 0.5), ("B", 0.5), ("O", 1), ("B", 0.5), ("A", 0.5)]),
    "BAOAB": (BAOAB, [("B", 0.5), ("A", 0.5), ("O", 1), ("A", 0.5), ("B", 0.5)]),
    "OBABO": (OBABO, [("O", 0.5), ("B", 0.5), ("A", 1), ("B", 0.5), ("O", 0.5)]),
    "UBU": (UBU, [("U", 0.5), ("B", 1), ("U", 0.5)]),
    "BUB": (BUB, [("B", 0.5), ("U", 1), ("B", 0.5)]),
    "BUAA": (_Drifting, [("B", 1), ("U", 0.6), ("A", 0.1), ("A", 0.3)]),
}


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Means, widths of the last noise, and decisions."""
    found = all_apart(
        {
            "Euler-Maruyama": _euler,
            "tamed Euler": _tamed,
            "Ozaki's step": _ozaki,
            "noisy gradients": _noisy,
            "MALA": _mala,
            "splittings": _splittings,
            "Euler's and Heun's steps in the time of a schedule": _in_schedule,
            "orders and rates": _rates,
        }
    )
    return held(found)


def _euler() -> Pairs:
    pairs: list[tuple[Any, Any]] = []
    x = np.array([[0.4, -1.2], [0.9, 0.3]])
    for plain, state in ((overdamped(WELL), x[:1, :1]), (overdamped(MODES), x[:1]), (underdamped(WELL), x[:, :1]), (underdamped(MODES), x), (reverse(), x[:1])):
        t = 0.4 if plain.system.end < 9 else 0.0
        mean, factor = EulerMaruyama(plain.system, _STEP).step(torch.tensor(state).reshape(plain.system.state_shape), t, {})
        z = np.full(state.shape, 0.7)
        expected = plain.free(state, t, _STEP) + plain.pushed(plain.drift(state, t), t, _STEP)
        pairs += [(mean, expected), (factor * torch.tensor(z).reshape(plain.system.state_shape), plain.noise(z, t, _STEP))]
    return [*pairs, (EulerMaruyama(plain.system, _STEP).drift_calls, 1)]


def _tamed() -> Pairs:
    """The change by a force is at most 1 by its norm; the places where the force changes its sign."""
    line, plane = TamedEuler(overdamped(WELL).system, _STEP), TamedEuler(overdamped(MODES).system, _STEP)
    force = [float(overdamped(WELL).force(np.array([x]), 0)[0]) for x in _ON_LINE]
    expected = [x + _STEP * b / (1 + _STEP * abs(b)) for x, b in zip(_ON_LINE, force, strict=True)]
    forces = [overdamped(MODES).force(x, 0) for x in _IN_PLANE]
    moved = [x + _STEP * b / (1 + _STEP * sqrt(float(b @ b))) for x, b in zip(_IN_PLANE, forces, strict=True)]
    (one, width), (two, _) = line.step(torch.tensor(_ON_LINE), 0, {}), plane.step(torch.tensor(_IN_PLANE), 0, {})
    kinks = [0.0 if abs(place) < 1e-9 else place for place in line.kinks]
    return [(one, expected), (two, moved), (width, sqrt(2 * _STEP)), (kinks, [-1.3, 0.0, 1.3]), (line.drift_calls, 1)]


def _ozaki() -> Pairs:
    """The linear equation from x, by quadrature, on the double well whose force and slope are written out."""
    mean, width = Ozaki(overdamped(WELL).system, _STEP).step(torch.tensor(_ON_LINE), 0, {})
    expected = []
    for x in _ON_LINE:
        y = x / 1.3
        force, slope = -2.4 / 1.3 * y * (y * y - 1), -2.4 / 1.3**2 * (3 * y * y - 1)
        moved = x + force * quad(lambda s, slope=slope: exp(slope * s), 0, _STEP)[0]
        expected += [moved, sqrt(2 * quad(lambda s, slope=slope: exp(2 * slope * s), 0, _STEP)[0])]
    return [(torch.stack([mean, width], 1), expected), (Ozaki(overdamped(WELL).system, _STEP).drift_calls, 2)]


def _noisy() -> Pairs:
    """By the coefficients of all normals of a step on a Gaussian, where it is linear."""
    system, lam, sigma, a, x = overdamped(WELL).system.on(Gaussian(0.4, 1 / 1.7)), 1.7, 0.8, _STEP, 1.1
    state = torch.tensor([x], dtype=torch.float64)
    mean, width = SGLD(system, a, sigma).step(state, 0, {})
    pairs: list[tuple[Any, Any]] = [([mean, width], [x - a * lam * (x - 0.4), sqrt(a**2 * sigma**2 + 2 * a)])]
    scheme = StochasticGradientRandomizedMidpoint(system, a, sigma)
    for u in (0.25, 0.8):

        def moved(xi1: float, xi2: float, z1: float, z2: float, u: float = u) -> float:
            y = x + u * a * (-lam * (x - 0.4) + sigma * xi1) + sqrt(2 * u * a) * z1
            return x + a * (-lam * (y - 0.4) + sigma * xi2) + sqrt(2 * u * a) * z1 + sqrt(2 * (1 - u) * a) * z2

        plain = moved(0, 0, 0, 0)
        square = sum((moved(*unit) - plain) ** 2 for unit in np.eye(4).tolist())
        draws = {"u": torch.tensor([u], dtype=torch.float64)}
        (still, width), (shifted, _) = (scheme.step(state, 0, draws | {"z": torch.tensor([z], dtype=torch.float64)}) for z in (0.0, 1.0))
        pairs += [(still, plain), (float(shifted - still) ** 2 + float(width) ** 2, square)]
        middle = [u * a * sigma, sqrt(2 * u * a)]  # of Y by xi1 and z1
        aligned = -a * lam * float(hypot(*middle)) + 2 * u * a / float(hypot(*middle))
        pairs += [(shifted - still, aligned)]
    return [*pairs, ([scheme.drift_calls, SGLD(system, a).drift_calls, SGLD(system, a).gradient_noise], [2, 1, 1])]


def _mala() -> Pairs:
    """Decisions just below and just above the ratio of densities times proposals."""
    pairs: list[tuple[Any, Any]] = []
    for target, x, z in (
        (WELL, np.array([0.9]), np.array([1.5])),
        (MODES, np.array([0.4, -0.2]), np.array([1.1, -1.6])),
        (MODES, np.array([0.5, 0.1]), np.array([-0.3, 2.2])),
    ):
        force, a = overdamped(target).force, 0.4
        y = x + a * force(x, 0) + sqrt(2 * a) * z

        def proposal(begun: Numbers, ended: Numbers, force: Any = force, a: float = a) -> float:
            return float(multivariate_normal.pdf(ended, begun + a * force(begun, 0), 2 * a * np.eye(len(begun))))

        def density(at: Numbers, target: Any = target) -> float:
            if target is WELL:
                return exp(-0.6 * (float(at[0]) ** 2 / 1.69 - 1) ** 2)
            return float(sum(w * multivariate_normal.pdf(at, m, v * np.eye(2)) for w, m, v in ((0.4, [-0.8, 0.3], 0.5), (0.6, [0.7, -0.2], 0.9))))

        ratio = density(y) * proposal(y, x) / (density(x) * proposal(x, y))
        scheme = MALA(overdamped(target).system, a)
        pairs += [(float(ratio < 1), 1.0)]
        for share, expected in ((1 - 1e-6, y), (1 + 1e-6, x)):
            draws = {"z": torch.tensor(z), "u": torch.tensor([ratio * share], dtype=torch.float64)}
            pairs += [(scheme.step(torch.tensor(x), 0, draws)[0], expected)]
    return [*pairs, (scheme.drift_calls, 1)]


def _splittings() -> Pairs:
    return [pair for name in _SPLITTINGS for target in (WELL, MODES) for pair in _splitting(name, underdamped(target))]


def _splitting(name: str, plain: Plain) -> Pairs:
    """The flows one after another; the covariance of the last noise by what a unit of it changes."""
    kind, parts = _SPLITTINGS[name]
    state = np.array([[0.4, -1.2], [0.9, 0.3]])[:, : plain.system.target.dim]
    noisy = [i for i, (letter, _) in enumerate(parts) if letter in "OU"]
    normal = np.array([[0.3, -0.8], [1.1, 0.5]])[:, : state.shape[1]]
    scheme = kind(plain.system, _STEP)
    given = [i for i in noisy if f"z{i}" in scheme.draws]

    def moved(last: Numbers) -> Numbers:
        x = state
        for i, (letter, share) in enumerate(parts):
            h, z = share * _STEP, normal if i in given else last
            u, v = x
            if letter == "A":
                x = np.stack([u + h * v, v])
            elif letter == "B":
                x = np.stack([u, v + h * plain.drift(x, 0)])
            elif letter == "O":
                x = np.stack([u, exp(-_FRICTION * h) * v + sqrt(1 - exp(-2 * _FRICTION * h)) * z[1]])
            else:
                x = plain.free(x, 0, h) + plain.noise(z, 0, h)
        return x

    draws = {f"z{i}": torch.tensor(normal).reshape(plain.system.state_shape) for i in given}
    mean, factor = scheme.step(torch.tensor(state).reshape(plain.system.state_shape), 0, draws)
    still = moved(np.zeros_like(state))
    pairs: list[tuple[Any, Any]] = [(mean, still), (scheme.drift_calls, 1), (len(given) == len(noisy), factor == 0.0)]
    if len(given) < len(noisy):
        columns = np.stack([(moved(np.outer(unit, np.ones(state.shape[1]))) - still)[:, 0] for unit in np.eye(2)], 1)
        pairs += [(factor.covariance, (columns @ columns.T)[np.tril_indices(2)])]
    return pairs


def _in_schedule() -> Pairs:
    """Rates frozen at the start of a step, and at both of its ends."""
    pairs: list[tuple[Any, Any]] = []
    t, steps, x = 0.35, 7, np.array([0.6, -1.1])
    h = 1.75 / steps
    for grid in ("vp", "quadratic"):
        diffusion, flow = processes(grid, "euler")
        rate = speed(grid, t)
        for system, noise in ((diffusion, 1.0), (flow, 0.0)):
            mean, width = FrozenEuler(system, steps).step(torch.tensor(x), t, {})
            pairs += [(mean, x + h * rate * (x + (1 + noise) * score(x, forward_time(grid, t)))), (width, sqrt(2 * noise * h * rate))]

        def slope(at: Numbers, time: float, grid: str = grid) -> Numbers:
            return speed(grid, time) * (at + score(at, forward_time(grid, time)))

        first = slope(x, t)
        mean, width = ExplicitTrapezoid(flow, steps).step(torch.tensor(x), t, {})
        pairs += [(mean, x + h / 2 * (first + slope(x + h * first, t + h))), (width, 0.0)]
    return [*pairs, ([ExplicitTrapezoid(flow, 7).drift_calls, FrozenEuler(flow, 7).drift_calls], [2, 1])]


def _rates() -> Pairs:
    """TV and W2 fall like step^p, divergences that are quadratic like step^2p."""
    scheme = BAOAB(underdamped(WELL).system, _STEP)
    return [([scheme.order, *(scheme.rate(name) for name in ("tv", "w2", "kl", "chi2", "renyi"))], [2, 2, 2, 4, 4, 4]), (scheme.with_step(0.2).step_size, 0.2)]
