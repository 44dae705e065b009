"""The law of LMC on the line by Nystroem's method, without any grid of the package."""

from __future__ import annotations

import numpy as np
import torch

from pmmtheory.targets.target import Target


def on_panels(target: Target, step: float, centres: list[float], reach: float, level: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and masses of LMC's law by Nystroem's method on Gauss-Legendre panels graded towards the centres, and GTH elimination."""
    near = np.concatenate([c + s * np.geomspace(1e-2, 2 * reach, 30 * level) for c in centres for s in (-1, 1)])
    edges = np.unique(np.concatenate([np.linspace(-reach, reach, round(70 * level)), near[np.abs(near) < reach], centres]))
    t, w = np.polynomial.legendre.leggauss(8)
    x = (edges[:-1, None] + np.diff(edges)[:, None] * (t + 1) / 2).ravel()
    weights = (np.diff(edges)[:, None] * w / 2).ravel()
    middle = x + step * target.drift(torch.as_tensor(x)).numpy()
    p = np.exp(-((x - middle[:, None]) ** 2) / (4 * step)) * weights
    p /= p.sum(1, keepdims=True)
    for k in range(len(p) - 1, 0, -1):
        p[:k, k] /= p[k, :k].sum()
        p[:k, :k] += p[:k, k, None] * p[k, :k]
    masses = np.zeros(len(p))
    masses[0] = 1.0
    for k in range(1, len(p)):
        masses[k] = masses[:k] @ p[:k, k]
    return x, masses / masses.sum()
