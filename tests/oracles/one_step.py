"""The first two moments of one affine step from a point, from `step` and the draws alone: every set of midpoints, Gauss rules for times and normals."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import torch
from numpy.polynomial.hermite_e import hermegauss
from torch import Tensor

from pmmtheory.dynamics import BlockFactor
from pmmtheory.schemes import Midpoints, Normal, Scheme

NORMALS = 3


def one_step(scheme: Scheme, x: Tensor, t: float = 0.0) -> tuple[Tensor, Tensor]:
    """E X' and E X' X'^T after a step from x, a state on the line or in its phase plane; for finitely many substeps, at most four."""
    s = scheme.dynamics.blocks
    first, second, mass = torch.zeros(s, dtype=torch.float64), torch.zeros((s, s), dtype=torch.float64), 0.0
    for weights, draws in _nodes(scheme):
        mean, factor = scheme.step(x.expand(len(weights), *x.shape), t, draws)
        mean = mean.reshape(-1, s).expand(len(weights), s)
        first += weights @ mean
        second += torch.einsum("n,ni,nj->ij", weights, mean, mean) + float(weights.sum()) * _covariance(factor, s)
        mass += float(weights.sum())
    assert abs(mass - 1) < 1e-12
    return first, second


def _nodes(scheme: Scheme) -> Any:
    """Weights and draws of every node of a product rule."""
    shape = tuple(scheme.dynamics.state_shape)
    ones = (1,) * len(shape)
    z, w = hermegauss(NORMALS)
    w = w / w.sum()
    for chosen in product(*(_outcomes(draw) for draw in scheme.draws.values() if type(draw) is not Normal)):
        names = [name for name, draw in scheme.draws.items() if type(draw) is not Normal]
        fixed: dict[str, Any] = {}
        weight, layers = 1.0, 0
        for name, (share, value) in zip(names, chosen, strict=True):
            weight *= share
            if isinstance(scheme.draws[name], Midpoints):
                layers = max(1, len(value))
                times = torch.tensor(value or [0.0], dtype=torch.float64).reshape(layers, 1, *ones)
                fixed[name] = times, torch.full(times.shape, bool(value))
            else:
                fixed[name] = torch.tensor(value, dtype=torch.float64).reshape(1, *ones)
        normals = [name for name, draw in scheme.draws.items() if type(draw) is Normal]
        count = len(normals) * max(1, layers) * int(np.prod(shape))
        index = np.array(list(product(range(NORMALS), repeat=count)), dtype=int).reshape(NORMALS**count, count)
        values = torch.as_tensor(z[index].T.copy()).reshape(len(normals), max(1, layers), *shape, len(index)).movedim(-1, 2)
        values = values if layers else values[:, 0]
        yield torch.as_tensor(weight * np.prod(w[index], axis=1)), fixed | dict(zip(normals, values, strict=True))


def _outcomes(draw: Any) -> list[tuple[float, Any]]:
    if not isinstance(draw, Midpoints):
        return list(zip(*(part.tolist() for part in reversed(draw.rule(3))), strict=True))
    k = int(draw.substeps)
    if draw.kind != "bernoulli":
        first = int(draw.kind == "interior" and k > 1)
        return [(1 / (k - first), [i / k]) for i in range(first, k)]
    p, found = draw.intensity / k, []
    for marks in product((False, True), repeat=k):
        n = sum(marks)
        found.append((p**n * (1 - p) ** (k - n), [i / k for i, mark in enumerate(marks) if mark]))
    return found


def _covariance(factor: Any, s: int) -> Tensor:
    if isinstance(factor, BlockFactor):
        uu, uv, vv = (torch.as_tensor(entry, dtype=torch.float64).reshape(-1)[0] for entry in factor.covariance)
        return torch.stack([torch.stack([uu, uv]), torch.stack([uv, vv])])
    return torch.eye(s, dtype=torch.float64) * torch.as_tensor(factor, dtype=torch.float64).reshape(-1)[0] ** 2
