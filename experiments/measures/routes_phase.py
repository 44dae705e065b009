"""Divergences of Gaussian laws of a position and a velocity that are known by their modes, next to closed forms and to roots of quadratics."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.special import ndtr

from experiments.measures._gaussian_formulas import Moments, against
from experiments.measures._routes import attempt, beside, compared, held
from pmmtheory import divergences
from pmmtheory.estimate import Estimate
from pmmtheory.laws import PlaneLaw
from pmmtheory.laws.phase_plane.operator import Plane
from pmmtheory.noise.levels import Numbers
from pmmtheory.targets import Gaussian

_NORMAL = Gaussian()
_MODES, _SPACING, _END = 24, 0.25, 9.0
_TARGET: Moments = np.zeros(2), np.eye(2)
_LAW: Moments = np.array([0.2, -0.1]), np.array([[1.1, 0.15], [0.15, 0.9]])
_OTHER: Moments = np.array([-0.1, 0.15]), np.array([[0.95, -0.1], [-0.1, 1.05]])
PAIRS = {"a law and its target": (_LAW, _TARGET), "two laws": (_LAW, _OTHER)}
NAMES = ("kl", "reverse_kl", "chi2", "hellinger", "renyi of order 0.3", "tv")


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Every divergence of both pairs."""
    found: dict[str, Estimate] = {}
    for label, (p, q) in PAIRS.items():
        law, other = _law(p, _NORMAL), _NORMAL if q is _TARGET else _law(q, Gaussian())
        numbers = against(law, other, p, q, (0.3,)) | {"tv": beside(attempt(divergences.tv, law, other), _tv(p, q))}
        found |= {f"{name}, {label}": number for name, number in numbers.items()}
    return held(found, 1e-6)


def _law(moments: Moments, target: Gaussian) -> PlaneLaw:
    """With the same law on another grid for its lower resolution."""
    fine, coarse = (_on_grid(moments, target, round(2 * _END / spacing) + 1) for spacing in (_SPACING, 1.1 * _SPACING))
    return fine.resolved_by(coarse)


def _on_grid(moments: Moments, target: Gaussian, points: int) -> PlaneLaw:
    """c_n(u) = p(u) E h_n(V), V of the law that the velocity has at u, h_n normed Hermite polynomials."""
    u = np.linspace(-_END, _END, points)
    density, mean, width = _conditional(moments, u)
    x, w = np.polynomial.hermite_e.hermegauss(_MODES + 8)
    v = mean[:, None] + width * x
    h = [np.polynomial.hermite_e.hermeval(v, np.eye(n + 1)[n]) / math.sqrt(math.factorial(n)) for n in range(_MODES)]
    modes = np.stack([density * (part @ w) / math.sqrt(2 * math.pi) for part in h], -1)
    return PlaneLaw(Plane(torch.as_tensor(u), _MODES), torch.as_tensor(modes), target, 1e-12)


def _conditional(moments: Moments, u: Numbers) -> tuple[Numbers, Numbers, float]:
    """The density of the position, and the mean and deviation of the velocity there."""
    (m, n), ((a, b), (_, c)) = moments
    return np.exp(-((u - m) ** 2) / (2 * a)) / math.sqrt(2 * math.pi * a), n + b / a * (u - m), math.sqrt(c - b * b / a)


def _tv(p: Moments, q: Moments) -> float:
    """Over positions by Gauss rules on short panels, over velocities between the roots of log(p/q), a quadratic."""
    edges, (x, w) = np.linspace(-9, 9, 2001), np.polynomial.legendre.leggauss(4)
    half = (edges[1] - edges[0]) / 2
    u = ((edges[:-1] + edges[1:])[:, None] / 2 + half * x).ravel()
    (f, m, s), (g, n, t) = _conditional(p, u), _conditional(q, u)
    square, slope = 1 / t**2 - 1 / s**2, m / s**2 - n / t**2
    rest = 2 * np.log(f * t / (g * s)) + n**2 / t**2 - m**2 / s**2
    root = np.sqrt(np.maximum(slope**2 - square * rest, 0.0))
    roots = np.sort(np.stack([(-slope - root) / square, (-slope + root) / square]), 0)
    below = [f * ndtr((z - m) / s) - g * ndtr((z - n) / t) for z in roots]
    parts = np.abs(below[0]) + np.abs(below[1] - below[0]) + np.abs(f - g - below[1])
    return float(parts @ np.tile(half * w, len(edges) - 1)) / 2
