"""Closed forms between Gaussians in any dimension."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.targets import Gaussian


def kl_gaussian(p: Gaussian, q: Gaussian) -> float:
    """(tr(Q^-1 P) - d + (m_p - m_q)' Q^-1 (m_p - m_q) - log det(Q^-1 P)) / 2."""
    a, b = _matrix(p), _matrix(q)
    ratio = torch.linalg.eigvals(torch.linalg.solve(b, a)).real - 1
    shift = torch.atleast_1d(torch.as_tensor(p.mean - q.mean, dtype=torch.float64))
    return float((ratio - torch.log1p(ratio)).sum() + shift @ torch.linalg.solve(b, shift)) / 2


def w2_gaussian(p: Gaussian, q: Gaussian) -> float:
    """(|m_p - m_q|^2 + tr (T - I) P (T - I))^(1/2) with the optimal map T = P^-1/2 (P^1/2 Q P^1/2)^1/2 P^-1/2.

    Equal to the Bures distance tr(P + Q - 2 (P^1/2 Q P^1/2)^1/2), of which half the digits would cancel for near laws.
    """
    a, b = _matrix(p), _matrix(q)
    root = _root(a)
    shift = torch.atleast_1d(torch.as_tensor(p.mean - q.mean, dtype=torch.float64))
    middle = _root(root @ b @ root) - a
    moved = torch.linalg.solve(root, middle)
    return math.sqrt(float(shift @ shift + (moved**2).sum()))


def chi2_gaussian(p: Gaussian, q: Gaussian) -> float:
    """E_q (p/q)^2 - 1; infinite unless 2 P^-1 - Q^-1 is positive definite."""
    a, b = (torch.linalg.inv(_matrix(t)) for t in (p, q))
    joint = 2 * a - b
    if float(torch.linalg.eigvalsh(joint).min()) <= 0:
        return math.inf
    m, n = (torch.atleast_1d(torch.as_tensor(t.mean, dtype=torch.float64)) for t in (p, q))
    pull = 2 * a @ m - b @ n
    exponent = float(pull @ torch.linalg.solve(joint, pull) - 2 * m @ a @ m + n @ b @ n) / 2
    return math.expm1(exponent + float(torch.logdet(a) - (torch.logdet(b) + torch.logdet(joint)) / 2))


def tv_gaussian(p: Gaussian, q: Gaussian) -> float:
    """Half of int |p - q| for d = 1, by the distribution functions at the crossings."""
    v, w, m, n = p.covariance, q.covariance, p.mean, q.mean
    quadratic = (1 / w - 1 / v, 2 * (m / v - n / w), n * n / w - m * m / v + math.log(w / v))
    if abs(quadratic[0]) < 1e-14 / v:
        crossings = [-quadratic[2] / quadratic[1]] if quadratic[1] else []
    else:
        root = math.sqrt(max(0.0, quadratic[1] ** 2 - 4 * quadratic[0] * quadratic[2]))
        crossings = sorted((-quadratic[1] + s * root) / (2 * quadratic[0]) for s in (-1, 1))
    turns = [0.0, *(float(p.cdf(x) - q.cdf(x)) for x in crossings), 0.0]
    return sum(abs(b - a) for a, b in zip(turns, turns[1:], strict=False)) / 2


def _matrix(g: Gaussian) -> Tensor:
    return torch.as_tensor(g.covariance, dtype=torch.float64).reshape(g.dim, g.dim)


def _root(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    root: Tensor = vectors @ torch.diag(values.clamp_min(0).sqrt()) @ vectors.T
    return root
