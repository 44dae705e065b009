"""The stationary law of the randomized midpoint on Huber's potential, x^2/2 inside [-1, 1] and |x| - 1/2 outside, whose F'' jumps.

From x, with the midpoint at time s a and X_s = x - s a F'(x) + xi, xi from N(0, 2 s a), the force F'(X_s) is affine on each of three intervals of xi, so that
X' is there a Gaussian, cut off:

    p(y | x) = int_0^1 ds sum_k phi(y; c_k, V_k) [Phi((u_k - m_k)/q_k) - Phi((l_k - m_k)/q_k)],   mean of X' given xi: c_k + d_k xi,
    V = 2 s a d^2 + 2 a (1 - s),   m = 2 s a d (y - c)/V,   q^2 = 4 s (1 - s) a^2 / V.

Everything is even in x. The invariant law is solved for at Gauss nodes of panels that end at the kink.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.polynomial import legendre
from scipy.special import ndtr, ndtri
from torch import Tensor

from experiments.measures._panels import above, absolute, divergence, gauss_panels
from pmmtheory.estimate import Estimate
from pmmtheory.numerics.elimination import invariant
from pmmtheory.schemes import RandomizedMidpoint
from pmmtheory.targets import Potential
from pmmtheory.theory import leading_term

_RESOLUTIONS = (8, 14, 44.0), (10, 20, 52.0)
"""Nodes of a panel and of the time of the midpoint, and half of the axis: beyond it is 1e-19 of the mass, and less."""

_BESIDE = (0.03, 0.15, 0.5)
"""Edges of panels beside the kink, in units of the noise of a step."""

_BAND = 9.5
"""Standard deviations of the noise beyond which a step does not lead."""

_ROUNDING = 1e-12
"""Of the density, relatively: that of the transitions, enlarged by the slowness of mixing."""

_ROOT = math.sqrt(2 * math.pi)
_INSIDE = _ROOT * (2 * float(ndtr(1.0)) - 1)
_MASS = _INSIDE + 2 * math.exp(-0.5)
"""int exp(-F)."""


def measure(device: str, step_size: float) -> dict[str, Estimate]:
    """tv, kl and w2 of the law to the target; `tv term` and so on, the leading term of smooth targets, phi = -F''^2/12; and `tv most`, that times
    1 + 1.5 sqrt(step), squared for KL: near a kink the force is not known to be affine on the width of a step.

    `w2 more`, for a control, is a term 10% larger.
    """
    rough, fine = (_distances(step_size, *resolution) for resolution in _RESOLUTIONS)
    rounding = {"tv": _ROUNDING, "kl": _ROUNDING * math.sqrt(2 * fine["kl"]), "w2": _ROUNDING}
    found = {name: Estimate.of(fine[name], "elimination on panels", resolution=2 * abs(fine[name] - rough[name]), rounding=rounding[name]) for name in fine}
    term, above = leading_term(RandomizedMidpoint, Potential(huber)), 1 + 1.5 * math.sqrt(step_size)
    for name, constant, power in (("tv", term.tv, 1), ("kl", term.kl, 2), ("w2", term.w2, 1)):
        told = Estimate(constant.value, constant.error, "leading term") * step_size ** (2 * power)
        found |= {f"{name} term": told, f"{name} most": told * above**power}
    return found | {"w2 more": found["w2 term"] * 1.1}


def huber(x: Tensor) -> Tensor:
    """x^2/2 inside [-1, 1], |x| - 1/2 outside."""
    return torch.where(x.abs() < 1, x * x / 2, x.abs() - 0.5)


def _distances(a: float, nodes: int, times: int, end: float) -> dict[str, float]:
    x, w, masses, half = _law(a, nodes, times, end)
    p, q = masses / w / 2, np.exp(-huber(torch.as_tensor(x)).numpy()) / _MASS
    shift = _quantile(above(p, half, nodes)) - x
    return {
        "tv": absolute(p - q, half, nodes),
        "kl": 2 * divergence(p, q, w),
        "w2": math.sqrt(float((masses * shift**2).sum())),
    }


def _law(a: float, nodes: int, times: int, end: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Nodes of [0, end], their weights, the invariant masses of |x| there, and half the widths of the panels."""
    x, w, half = _panels(a, nodes, end)
    steps = _transitions(a, x, times) * w
    steps /= steps.sum(1, keepdims=True)
    masses = invariant(torch.as_tensor(steps)).numpy()
    return x, w, masses, half


def _panels(a: float, nodes: int, end: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes, weights and half widths of panels of [0, end]."""
    noise = math.sqrt(2 * a)
    beside = [1 + sign * part * noise for part in (0.0, *_BESIDE) for sign in (-1, 1)]
    inner, outer = (np.linspace(low, high, math.ceil((high - low) / (2.4 * noise)) + 1) for low, high in ((0.0, 1.0), (1.0, end)))
    edges = np.unique(np.clip([*inner, *outer, *beside], 0.0, end))
    edges = edges[np.concatenate([[True], np.diff(edges) > 1e-9])]
    return gauss_panels(edges, nodes)


def _transitions(a: float, x: np.ndarray, times: int) -> np.ndarray:
    """The density of a step from every node to every other and to its mirror image."""
    at, weights = legendre.leggauss(times)
    angle = math.pi / 4 * (at + 1)
    shares, weights = np.sin(angle) ** 2, weights * math.pi / 4 * np.sin(2 * angle)  # s = sin^2: smooth in the roots of s and 1 - s
    found = np.zeros((len(x), len(x)))
    for ends in (x, -x):
        rows, columns = np.nonzero(np.abs(x[:, None] - ends) < _BAND * math.sqrt(2 * a) + a)
        start, end, total = x[rows], ends[columns], np.zeros(len(rows))
        for s, weight in zip(shares, weights, strict=True):
            total += weight * _density(a, s, start, end)
        found[rows, columns] += total
    return found


def _density(a: float, s: float, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """That of X' given the time s a of the midpoint."""
    middle, before, after = x - s * a * np.clip(x, -1, 1), 2 * s * a, 2 * a * (1 - s)
    total = np.zeros_like(x)
    for mean, slope, low, high in ((x + a, 1.0, None, -1.0), (x - a * middle, 1 - a, -1.0, 1.0), (x - a, 1.0, 1.0, None)):
        variance = slope**2 * before + after
        off = y - mean
        m, q = slope * before * off / variance, math.sqrt(before * after / variance)
        upper = 1.0 if high is None else ndtr((high - middle - m) / q)
        lower = 0.0 if low is None else ndtr((low - middle - m) / q)
        total += (upper - lower) * np.exp(-(off**2) / (2 * variance)) / (_ROOT * math.sqrt(variance))
    return total


def _quantile(mass: np.ndarray) -> np.ndarray:
    """Where the target has so much mass above, at most a half."""
    outside = 0.5 - np.log(np.maximum(mass, 1e-300) * _MASS)
    inside = ndtri(np.clip(0.5 + (0.5 - mass) * _MASS / _ROOT, 0.5, 0.9))
    found: np.ndarray = np.where(mass * _MASS < math.exp(-0.5), outside, inside)
    return found
