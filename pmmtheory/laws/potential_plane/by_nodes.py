"""The operator of a step whose draws have rules: masses are moved to the mean of the step at every node, and blurred by its last Gaussian."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.engine import Refusal
from pmmtheory.laws.plane.by_nodes import mixing
from pmmtheory.laws.potential_plane.grid import Grid
from pmmtheory.laws.potential_plane.operator import StepOperator, Term, off, places_of, undone
from pmmtheory.laws.step.cubature import Cubature, cubature
from pmmtheory.numerics.rules import gauss_hermite
from pmmtheory.numerics.spreading import Block, Spreading, spread_block
from pmmtheory.schemes import Scheme

_STARTS = {"cpu": 1500, "cuda": 12_000}
"""Starts whose steps are taken at once."""

_STEADY = "a step whose last Gaussian does not depend on the state, for a law in the plane"

_NONE = 1e-18
"""Nodes of less weight are left out."""


def by_nodes(scheme: Scheme, grid: Grid, level: int) -> StepOperator:
    """P p = IFFT [ sum_g exp(-|s_g xi|^2 / 2) FFT(S_g p) ].

    One term for each value s_g of the factor of the last Gaussian, S_g the sparse matrix that spreads a mass over all nodes of the draws with that factor.
    `level` says how fine the rules for the draws are.

    Raises
    ------
    InvalidParameter
        Naming `scheme` where that factor is another at some point of the grid.
    """
    device = grid.points.device
    at = rules(scheme, level, min(grid.spacings), device)
    factors, group = _groups(scheme, grid.points[:1], at)
    nodes = [((group == g) & (at.weights > _NONE)).nonzero()[:, 0] for g in range(len(factors))]
    whole = sum(float(at.weights[own].sum()) for own in nodes)
    blocks: list[list[Block]] = [[] for _ in factors]
    thrown = []
    for some in grid.points.split(_STARTS[device.type]):
        mean, factor = scheme.step(some[:, None], 0.0, at.draws)
        _require_steady(scheme, factor, factors, group)
        places = places_of(grid, mean.detach().expand(len(some), len(at), 2))
        thrown.append(off(grid, places).to(at.weights) @ at.weights)
        for block, own in zip(blocks, nodes, strict=True):
            block.append(spread_block(places[0][:, own], places[1][:, own], at.weights[own] / whole, grid.shape))
    first, second = grid.waves()
    damping = (undone(grid) * np.exp(-((s[0] * first[:, None]) ** 2 + (s[1] * second) ** 2) / 2) for s in factors)
    terms = [Term(Spreading(block, grid.shape), torch.as_tensor(one, device=device)[None]) for block, one in zip(blocks, damping, strict=True)]
    return StepOperator(grid, terms, torch.cat(thrown))


def rules(scheme: Scheme, level: int, spacing: float, device: torch.device) -> Cubature:
    """Nodes and weights for the draws of a step: of normals by Gauss-Hermite rules, which see waves that the grid holds.

    A rule of n nodes is off by (a L)^n on waves of the law, L the inverse square of its shortest scale: about a tenth of the largest square of its waves.
    """
    rough = scheme.step_size * (math.pi / (8.5 * spacing)) ** 2
    nodes = math.ceil(20 / math.log(1 / min(rough, 0.45)))
    rule = gauss_hermite(min(max(nodes, 6), 23) + level)
    return cubature(scheme, level - 4, device, normal=lambda name, component: rule)


def steady(scheme: Scheme) -> Refusal | None:
    """Refused where the factor of the last Gaussian depends on the state, or mixes the coordinates."""
    rule = gauss_hermite(3)
    at = cubature(scheme, -4, normal=lambda name, component: rule)
    x = torch.tensor([[0.3, -1.2], [2.1, 0.7], [-0.4, 0.1]], dtype=torch.float64)
    factor = torch.as_tensor(scheme.step(x[:, None], 0.0, at.draws)[1], dtype=torch.float64).detach()
    if (refused := mixing(scheme, factor, len(x), len(at))) is not None:
        return refused
    each = factor.expand(len(x), len(at), 2)
    return None if _alike(each, each[:1]) else Refusal("scheme", scheme.name, _STEADY)


def _require_steady(scheme: Scheme, factor: Any, factors: np.ndarray, group: Tensor) -> None:
    """Raise InvalidParameter where the factor of the last Gaussian is another than that of its group from some start."""
    factor = torch.as_tensor(factor, dtype=torch.float64, device=group.device).detach().abs()
    if not _alike(factor, torch.as_tensor(factors, device=group.device)[group]):
        raise InvalidParameter("scheme", scheme.name, _STEADY)


def _alike(factor: Tensor, other: Tensor) -> bool:
    return bool(((factor - other).abs() <= 1e-12 * other.abs()).all())


def _groups(scheme: Scheme, x: Tensor, at: Cubature) -> tuple[np.ndarray, Tensor]:
    """The factors of the last Gaussian that there are, (g, 2), and which of them each node has, (q,)."""
    factor = torch.as_tensor(scheme.step(x[:, None], 0.0, at.draws)[1], dtype=torch.float64).detach().abs().expand(len(x), len(at), 2)[0].cpu().numpy()
    _, first, group = np.unique((factor / factor.max()).round(14), axis=0, return_index=True, return_inverse=True)
    return factor[first], torch.as_tensor(np.asarray(group).reshape(-1), device=x.device)
