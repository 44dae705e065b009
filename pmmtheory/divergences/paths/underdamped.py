"""Coarse paths of underdamped chains on isotropic Gaussian targets in any dimension.

On every coordinate the large step takes z = (u, v) to sum_S w_S N(M_S z, Q_S), with sets S that all coordinates share, and the fine steps to N(M z, Q). With
Q = L L', y = L^-1 (z' - M z), D = L^-1 (M_S - M), E = L^-1 (Q_S - Q) L^-T and z = C^(1/2) xi, the likelihood ratio of a set is

    log r_S = -( d log det(I + E) + < B_S, G > )/2,   B_S = [ -(I + E)^-1 E, -(I + E)^-1 D C^(1/2); its transpose, C^(1/2)' D' (I + E)^-1 D C^(1/2) ],

of the (4, 4) matrix G of products of the rows of (y, xi), which is Wishart with d degrees of freedom where z ~ N(0, C) on every coordinate. So chi2 is a sum
over pairs of sets, or of fewer with the same moments of (M_S, Q_S),

    chi2 = sum_ST w_S w_T exp( -(d/2) [log det(I + E_S) + log det(I + E_T) + log det(I + B_S + B_T)] ) - 1,

and the rest is a mean over G. Given the sets drawn so far X_t is N(0, C_t), C_{t+1} = M_S C_t M_S' + Q_S: the law of C_t is held at a few points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from pmmtheory.divergences.paths.around_axis import entropy
from pmmtheory.divergences.paths.gaussian import about_the_mean, width_of
from pmmtheory.divergences.paths.left_over import LeftOver, require_finite, wishart
from pmmtheory.divergences.paths.paths import PathComparison, Paths
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.laws.engine import Refusal, refused
from pmmtheory.laws.step.axes import OnAxes
from pmmtheory.numerics.recombination import recombined
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Gaussian

_DEGREES = 2, 3
"""Up to which moments of (M_S, Q_S) and of C_t are kept where they are many: of two levels of rules for the draws."""

_CHUNK = 5_000
"""Pairs whose determinants are computed together: their forms stay in the cache."""

_DRAWS, _LEAST, _MOST = 24_000_000, 16_000, 400_000
"""Draws of G times sets, and the least and largest number of draws."""

_EPS, _FAINT = 2.0**-52, 1e-9
"""The second: what moments may be off by where points differ by little more than their rounding."""

_ALLOWED = "the target, or an isotropic Gaussian about its mean"


Laws = tuple[np.ndarray, np.ndarray]
"""Points C_uu, C_uv, C_vv, (n, 3), and weights (n,)."""


class UnderdampedPaths(PathComparison):
    """Positions and velocities at the large steps."""

    rank, hidden, blocks = 0, False, 2

    def supports(self, paths: Paths) -> Refusal | None:
        target = paths.scheme.dynamics.target
        if not target.isotropic:
            return Refusal("target", target.name, "an isotropic Gaussian in any dimension, for paths of positions and velocities")
        if not (isinstance(paths.start, Gaussian) and paths.start.dim == target.dim and paths.start.isotropic):
            return Refusal("start", getattr(paths.start, "name", paths.start), _ALLOWED)
        return about_the_mean(paths, _ALLOWED) or refused(lambda: _fine_step(paths)) or refused(lambda: _affine(paths.scheme, width_of(paths), 0))

    def kl(self, paths: Paths) -> Estimate:
        begun: Any = paths.start
        dim, first = begun.dim, np.diag([float(begun.variances[0]), 1.0])
        words = f"the KL of the paths of {paths.scheme.name} on {type(paths.scheme.dynamics).__name__}"
        coarse, fine = (_steps(paths, degree, level) for level, degree in enumerate(_DEGREES))
        low, high = (steps.half_chi2(dim, steps.laws(first, paths.steps, degree)) for steps, degree in zip((coarse, fine), _DEGREES, strict=True))
        require_finite(high, words)
        few = fine.laws(first, paths.steps, 1)
        left = LeftOver(*fine.sampled(dim, few))
        change, largest = abs(high - low), float(few[0].max(0)[2])
        resolution = 2 * change + _FAINT * high + (change / high + 0.02 * (paths.steps > 1)) * abs(left.mean) if high else 0.0
        rounding = fine.rounding(dim, paths.steps, high, largest)
        method = "chain rule, chi2 by pairs of sets of midpoints, and samples for what is left"
        return left.beside(high, fine.half_chi2(dim, few), resolution, rounding, words, method)


@dataclass(frozen=True)
class _Steps:
    """w_S, M_S, Q_S; M and Q of the fine steps; and how many of these are one large step."""

    weights: np.ndarray
    matrices: np.ndarray
    noises: np.ndarray
    matrix: np.ndarray
    noise: np.ndarray
    many: int

    def from_law(self, law: np.ndarray) -> _Forms:
        """The likelihood ratios from z ~ N(0, C), C given by C_uu, C_uv, C_vv."""
        lower = np.linalg.inv(np.linalg.cholesky(self.noise))
        start = np.linalg.cholesky(_matrix(law))
        shift = lower @ (self.matrices - self.matrix) @ start
        excess = lower @ (self.noises - self.noise) @ lower.T
        inverse = np.linalg.inv(np.eye(2) + excess)
        forms = np.empty((len(self.weights), 4, 4))
        forms[:, :2, :2] = -inverse @ excess
        forms[:, :2, 2:] = -inverse @ shift
        forms[:, 2:, :2] = forms[:, :2, 2:].mT
        forms[:, 2:, 2:] = -shift.mT @ forms[:, :2, 2:]
        growth = np.log1p(excess[:, 0, 0] + excess[:, 1, 1] + excess[:, 0, 0] * excess[:, 1, 1] - excess[:, 0, 1] * excess[:, 1, 0])
        return _Forms(self.weights, (forms + forms.mT) / 2, growth)

    def laws(self, first: np.ndarray, steps: int, degree: int) -> Laws:
        """The C_t with t < steps and their weights, which sum to steps: points with the moments of all up to a degree."""
        w, m, q = self.weights, self.matrices, self.noises
        now, share = np.array([[first[0, 0], first[0, 1], first[1, 1]]]), np.ones(1)
        all_points, all_shares = [now], [share]
        for _ in range(steps - 1):
            c = _matrix(now)
            after = m[:, None] @ c @ m.mT[:, None] + q[:, None]
            now = np.stack([after[..., 0, 0], after[..., 0, 1], after[..., 1, 1]], -1).reshape(-1, 3)
            now, share = recombined(now, (w[:, None] * share).reshape(-1), degree, _FAINT)
            all_points.append(now)
            all_shares.append(share)
        return recombined(np.concatenate(all_points), np.concatenate(all_shares), degree, _FAINT)

    def half_chi2(self, dim: int, laws: Laws) -> float:
        """Summed over the steps, from z ~ N(0, C) with C at the points of `laws`; infinite where a determinant is not positive."""
        return math.fsum(weight * self.from_law(law).half_chi2(dim) for law, weight in zip(*laws, strict=True))

    def sampled(self, dim: int, laws: Laws) -> tuple[np.ndarray, np.ndarray]:
        """Draws of the sum over the steps of r log r - r + 1 - u^2/2, and of u^2/2, with the same Wishart matrices for all laws."""
        upper = np.triu_indices(4)
        twice = np.where(upper[0] == upper[1], 1.0, 2.0)
        n = min(max(_DRAWS // len(self.weights), _LEAST), _MOST)
        products = wishart(np.random.default_rng(0), n, 4, dim)[:, upper[0], upper[1]]
        total = np.zeros((2, n))
        for law, weight in zip(*laws, strict=True):
            some = self.from_law(law)
            inner = some.forms[:, upper[0], upper[1]] * twice
            u = np.concatenate([np.expm1(-(part @ inner.T + dim * some.growth) / 2) @ some.weights for part in np.array_split(products, 32)])
            total += weight * np.stack([entropy(np.maximum(u, -1.0)) - u * u / 2, u * u / 2])
        return total[0], total[1]

    def rounding(self, dim: int, steps: int, value: float, velocity: float) -> float:
        """What relative errors of eps in M and Q do, over the noise: 2 sqrt(KL) e + e^2 a step."""
        scales = np.sqrt(np.diag(self.noise))
        apart = 1 - (self.noise[0, 1] / (scales[0] * scales[1])) ** 2  # the noises of position and velocity go together
        each = _EPS * (4 + self.many) / math.sqrt(apart) * (1 + max(1.0, velocity) * float((np.abs(self.matrix) / scales[:, None]).max()))
        square = steps * dim * each**2
        return 2 * math.sqrt(abs(value) * square) + square + 64 * _EPS * abs(value)


@dataclass(frozen=True)
class _Forms:
    """w_S, B_S (n, 4, 4) and log det(I + E_S)."""

    weights: np.ndarray
    forms: np.ndarray
    growth: np.ndarray

    def half_chi2(self, dim: int) -> float:
        """Infinite where a determinant is not positive."""
        first, second = np.triu_indices(len(self.weights))
        total = 0.0
        for at in range(0, len(first), _CHUNK):
            one, other = first[at : at + _CHUNK], second[at : at + _CHUNK]
            form, growth = (self.forms[one] + self.forms[other]).transpose(1, 2, 0).copy(), np.zeros(len(one))
            for i in range(4):  # elimination of I + form, of which the form alone is kept: no digits of small entries are lost
                if not (form[i, i] > -1).all():
                    return math.inf
                growth += form[i, i] * (1 + growth)
                form[i + 1 :, i + 1 :] -= form[i + 1 :, i, None] * (form[None, i, i + 1 :] / (1 + form[i, i]))
            shares = self.weights[one] * self.weights[other] * np.where(one == other, 1.0, 2.0)
            total += float(shares @ np.expm1(-dim / 2 * (np.log1p(growth) + self.growth[one] + self.growth[other])))
        return total / 2


def _steps(paths: Paths, degree: int, level: int) -> _Steps:
    """The steps with the moments of all up to a degree, by rules of this level for their draws."""
    weights, matrices, noises = _affine(paths.scheme, width_of(paths), level)
    flat, w = recombined(np.concatenate([matrices.reshape(-1, 4), noises[:, [0, 0, 1], [0, 1, 1]]], 1), weights, degree, _FAINT)
    return _Steps(w, flat[:, :4].reshape(-1, 2, 2), _matrix(flat[:, 4:]), *_fine_step(paths), paths.many)


def _fine_step(paths: Paths) -> tuple[np.ndarray, np.ndarray]:
    """M and Q of the fine steps; raises InvalidParameter where one is no Gaussian."""
    weights, one, added = _affine(paths.fine, width_of(paths), 0)
    if len(weights) > 1:
        raise InvalidParameter("fine", paths.fine.name, "a scheme whose step is one Gaussian: EulerMaruyama")
    matrix, noise = np.eye(2), np.zeros((2, 2))
    for _ in range(paths.many):
        matrix, noise = one[0] @ matrix, one[0] @ noise @ one[0].T + added[0]
    return matrix, noise


def _affine(scheme: Scheme, variance: float, level: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights, M and Q; raises InvalidParameter where a step is not affine given its draws."""
    steps = OnAxes(scheme, torch.tensor([variance], dtype=torch.float64)).steps(level)
    return steps.weights.numpy(), steps.matrix[:, 0].numpy(), steps.noise[:, 0].numpy()


def _matrix(laws: np.ndarray) -> np.ndarray:
    """The symmetric matrices of (..., 3) numbers."""
    return np.stack([laws[..., [0, 1]], laws[..., [1, 2]]], -2)
