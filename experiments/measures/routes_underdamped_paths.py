"""KL of underdamped paths, next to a step written out, quadrature over all its normals, and all sequences of sets."""

from __future__ import annotations

import math

import numpy as np

from experiments.measures._routes import apart, compared, farthest, held, stated
from experiments.measures._written_out import midpoint_sets
from pmmtheory.divergences.paths.paths import Paths
from pmmtheory.divergences.paths.underdamped import UnderdampedPaths, _steps
from pmmtheory.dynamics import Underdamped
from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint
from pmmtheory.targets import Gaussian

_FRICTION, _STEP, _SMALL, _SUBSTEPS, _WIDTH, _START = 1.7, 0.4, 0.1, 3, 0.8, 1.1
Part = tuple[float, Numbers, Numbers]
"""A weight, a matrix and a covariance."""


_WITHIN: dict[str, float] = {
    "matrices of a step": 1e-10,
    "noises of a step": 1e-10,
    "laws of later states": 1e-10,
    "chi2 of underdamped paths": 1e-10,
    "u^2/2 of underdamped samples": 1e-10,
    "what underdamped samples leave": 1e-10,
    "kl of underdamped paths": 3e-5,
    "kl of underdamped paths, stated error": 2e-4,
}


@compared
def measure(device: str) -> dict[str, Estimate]:
    """The parts of a step, chi2, sampled likelihood ratios, the laws of later states, and the whole."""
    dynamics = Underdamped(Gaussian(0.0, _WIDTH), _FRICTION)
    start = Gaussian(0.0, _START)
    paths = Paths(PoissonMidpoint(dynamics, _STEP, _SUBSTEPS), EulerMaruyama(dynamics, _STEP / _SUBSTEPS), _SUBSTEPS, 3, start)
    steps, first = _steps(paths, 3, 1), np.diag([_START, 1.0])
    parts, fine = _parts(_STEP), _fine(_STEP)
    now: list[tuple[float, Numbers]] = [(1.0, first)]
    exact = np.zeros((3, 3))
    for _ in range(3):
        for w, c in now:
            flat = c[[0, 0, 1], [0, 1, 1]]
            exact += w * np.outer(flat, flat)
        now = [(w * share, m @ c @ m.T + q) for w, c in now for share, m, q in parts]
    points, weights = steps.laws(first, 3, 3)
    law = np.array([[_START, 0.0, 1.0]]), np.ones(1)
    rest, half = steps.sampled(2, law)
    drawn = np.random.default_rng(0).standard_normal((len(half), 2, 4))[:2000].transpose(0, 2, 1)  # rows of normals, a column a coordinate
    u = _less_one(drawn, first, parts, fine)
    small = PoissonMidpoint(dynamics, _SMALL, _SUBSTEPS), EulerMaruyama(dynamics, _SMALL / _SUBSTEPS)
    whole = UnderdampedPaths().kl(Paths(*small, _SUBSTEPS, 1, start))
    order = np.argsort(steps.matrices[:, 0, 0])
    ours = sorted(parts, key=lambda part: part[1][0, 0])
    found = {
        "matrices of a step": farthest(steps.matrices[order], np.stack([part[1] for part in ours])),
        "noises of a step": farthest(steps.noises[order], np.stack([part[2] for part in ours])),
        "laws of later states": farthest(np.einsum("n,ni,nj->ij", weights, points, points), exact),
        "chi2 of underdamped paths": apart(2 * steps.half_chi2(2, law), _chi2(first, parts, fine)),
        "u^2/2 of underdamped samples": farthest(half[:2000], u * u / 2),
        "what underdamped samples leave": farthest(rest[:2000], (1 + u) * np.log1p(u) - u - u * u / 2),
        "kl of underdamped paths, stated error": stated(whole),
        "kl of underdamped paths": apart(float(whole), _kl(first, _parts(_SMALL), _fine(_SMALL))),
    }
    return held(found, _WITHIN)


def _integrator(h: float) -> tuple[Numbers, Numbers, Numbers]:
    """What an exact step without a force does to (u, v), what a force on the velocity adds, and the noise, for dV = -g V dt + (2 g)^1/2 dB."""
    g, e = _FRICTION, math.exp(-_FRICTION * h)
    keeps, adds = np.array([[1, (1 - e) / g], [0, e]]), np.array([(h - (1 - e) / g) / g, (1 - e) / g])
    mixed = (1 - e) ** 2 / g
    return keeps, adds, np.array([[2 / g * (h - 2 / g * (1 - e) + (1 - e * e) / (2 * g)), mixed], [mixed, 1 - e * e]])


def _parts(step: float) -> list[Part]:
    """Given each set, by the substeps: rows are coefficients of (u, v) at the start and of all normals."""
    keeps, adds, noise = _integrator(step / _SUBSTEPS)
    root, found = np.linalg.cholesky(noise), []
    for weight, chosen in midpoint_sets(_SUBSTEPS, "bernoulli"):
        state, middle = (np.concatenate([np.eye(2), np.zeros((2, 2 * _SUBSTEPS))], 1) for _ in range(2))
        first = state.copy()
        for i in range(_SUBSTEPS):
            force = -(first[0] + (_SUBSTEPS if i in chosen else 0) * (middle[0] - first[0])) / _WIDTH
            state, middle = keeps @ state + np.outer(adds, force), keeps @ middle - np.outer(adds, first[0]) / _WIDTH
            state[:, 2 + 2 * i : 4 + 2 * i] += root
            middle[:, 2 + 2 * i : 4 + 2 * i] += root
        found.append((weight, state[:, :2], state[:, 2:] @ state[:, 2:].T))
    return found


def _fine(step: float) -> tuple[Numbers, Numbers]:
    keeps, adds, noise = _integrator(step / _SUBSTEPS)
    one = keeps - np.outer(adds, [1 / _WIDTH, 0.0])
    matrix, covariance = np.eye(2), np.zeros((2, 2))
    for _ in range(_SUBSTEPS):
        matrix, covariance = one @ matrix, one @ covariance @ one.T + noise
    return matrix, covariance


def _logs(normals: Numbers, first: Numbers, parts: list[Part], fine: tuple[Numbers, Numbers]) -> Numbers:
    """log p_S/q for each set, of a step by the fine chain from N(0, first): (sets, n), summed over coordinates; normals are (n, 4, d), the start's last."""
    start = np.linalg.cholesky(first) @ normals[:, 2:]
    end = fine[0] @ start + np.linalg.cholesky(fine[1]) @ normals[:, :2]

    def log_density(matrix: Numbers, covariance: Numbers) -> Numbers:
        off = end - matrix @ start
        found: Numbers = -(np.einsum("nid,ij,njd->n", off, np.linalg.inv(covariance), off) + off.shape[2] * np.linalg.slogdet(covariance)[1]) / 2
        return found

    return np.stack([log_density(m, q) for _, m, q in parts]) - log_density(*fine)


def _less_one(normals: Numbers, first: Numbers, parts: list[Part], fine: tuple[Numbers, Numbers]) -> Numbers:
    found: Numbers = np.array([w for w, _, _ in parts]) @ np.expm1(_logs(normals, first, parts, fine))
    return found


def _normals() -> tuple[Numbers, Numbers]:
    """A Gauss rule for the four normals of a step from a Gaussian."""
    z, shares = np.polynomial.hermite_e.hermegauss(12)
    shares = shares / shares.sum()
    values = np.stack(np.meshgrid(*[z] * 4, indexing="ij"), -1).reshape(-1, 4, 1)
    return values, np.prod(np.stack(np.meshgrid(*[shares] * 4, indexing="ij"), -1), -1).reshape(-1)


def _chi2(first: Numbers, parts: list[Part], fine: tuple[Numbers, Numbers]) -> float:
    """In two dimensions: each pair of sets is the square of what it is in one."""
    normals, shares = _normals()
    logs, weights = _logs(normals, first, parts, fine), np.array([w for w, _, _ in parts])
    pairs = np.array([[shares @ np.exp(one + two) for one in logs] for two in logs])
    return float(weights @ (pairs**2 - 1) @ weights)


def _kl(first: Numbers, parts: list[Part], fine: tuple[Numbers, Numbers]) -> float:
    normals, shares = _normals()
    u = _less_one(normals, first, parts, fine)
    return float(shares @ ((1 + u) * np.log1p(u) - u))
