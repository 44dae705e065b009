"""Densities on [0, end) by their values at Gauss nodes of panels, as polynomials on each."""

from __future__ import annotations

import numpy as np
from numpy.polynomial import legendre


def gauss_panels(edges: np.ndarray, nodes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes, weights and half widths of panels with these edges."""
    at, weights = legendre.leggauss(nodes)
    half = np.diff(edges) / 2
    return ((edges[:-1] + half)[:, None] + half[:, None] * at).ravel(), (half[:, None] * weights).ravel(), half


def absolute(f: np.ndarray, half: np.ndarray, nodes: int) -> float:
    """int |f|: panels end where the polynomial through the nodes changes its sign."""
    at, weights = legendre.leggauss(nodes)
    values, total = f.reshape(-1, nodes), 0.0
    fit = np.linalg.inv(legendre.legvander(at, nodes - 1))
    for row, size in zip(values, half, strict=True):
        if (row > 0).all() or (row < 0).all():
            total += size * abs(float(weights @ row))
            continue
        roots = legendre.legroots(fit @ row)
        inside = np.sort(roots[(np.abs(roots.imag) < 1e-12) & (np.abs(roots.real) < 1)].real)
        ends = legendre.legval(np.concatenate([[-1.0], inside, [1.0]]), legendre.legint(fit @ row))
        total += size * float(np.abs(np.diff(ends)).sum())
    return total


def above(f: np.ndarray, half: np.ndarray, nodes: int) -> np.ndarray:
    """int from every node to the end of f, added up from the right."""
    at, weights = legendre.leggauss(nodes)
    upward = -np.stack([legendre.legval(at, legendre.legint(column, lbnd=1)) for column in np.eye(nodes)])  # int from x to 1 of every polynomial
    values = f.reshape(-1, nodes)
    within = half[:, None] * (np.linalg.solve(legendre.legvander(at, nodes - 1), values.T).T @ upward)
    of_panels = half * (values @ weights)
    beyond = np.concatenate([np.cumsum(of_panels[::-1])[::-1][1:], [0.0]])
    found: np.ndarray = (within + beyond[:, None]).ravel()
    return found


def divergence(p: np.ndarray, q: np.ndarray, weights: np.ndarray) -> float:
    """int p log p/q of densities with equal masses, without a difference of large terms where they are near."""
    u = (p - q) / q
    return float((weights * q * np.where(np.abs(u) < 1e-5, u * u / 2 - u**3 / 6, (1 + u) * np.log1p(np.maximum(u, -0.999)) - u)).sum())
