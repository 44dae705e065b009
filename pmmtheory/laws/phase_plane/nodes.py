"""One underdamped step on the line as a finite sum of Gaussians of the plane, from many starts at once, by rules over its draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pmmtheory.dynamics import BlockFactor
from pmmtheory.numerics.rules import gauss_hermite
from pmmtheory.schemes import Normal, Scheme


@dataclass(frozen=True)
class Gaussians:
    """sum_q weights_q N(mean_q, [[uu, uv], [uv, vv]]_q) for every start; the weights may be negative.

    mean_u, mean_v : (starts, q) tensors; uu, uv, vv, weights : (q,) tensors.
    """

    mean_u: Tensor
    mean_v: Tensor
    uu: Tensor
    uv: Tensor
    vv: Tensor
    weights: Tensor


Part = tuple[int, Callable[[Tensor], Gaussians]]
"""The number of its Gaussians, and what gives them from starts of shape (n, 2)."""


def parts_by_draws(scheme: Scheme, t: float, level: int, device: torch.device) -> Part:
    """The law of a step by product rules over the draws. The force feels noise through its integral: few nodes are enough.

    A component of a normal draw that the force does not feel moves the mean along one direction: it joins the covariance.
    """
    names: list[tuple[str, int]] = []
    rules: list[tuple[np.ndarray, np.ndarray]] = []
    straight: list[tuple[str, int]] = []
    for name, draw in scheme.draws.items():
        for block in range(1 if draw.shared else 2):
            normal = type(draw) is Normal
            curved = not normal or not _is_straight(scheme, name, block)
            rule = gauss_hermite(10 + 2 * level) if normal else draw.rule(level - 3)
            names.append((name, block))
            rules.append(rule if curved else (np.zeros(1), np.ones(1)))
            straight += [] if curved else [(name, block)]
    grids = np.meshgrid(*(rule[0] for rule in rules), indexing="ij") if rules else []
    weights = np.ones(1)
    for _, w in rules:
        weights = np.multiply.outer(weights, w).reshape(-1)
    columns = {name: torch.as_tensor(grid.reshape(1, -1), device=device) for name, grid in zip(names, grids, strict=True)}

    def drawn(moved: tuple[str, int] | None = None) -> dict[str, Any]:
        parts = {key: torch.ones_like(column) if key == moved else column for key, column in columns.items()}
        return {name: parts[name, 0][..., None] if draw.shared else torch.stack([parts[name, 0], parts[name, 1]], -1) for name, draw in scheme.draws.items()}

    q, shares = len(weights), torch.as_tensor(weights, device=device)
    origin = torch.zeros((1, 1, 2), dtype=torch.float64, device=device)
    slopes = [(scheme.step(origin, t, drawn(key))[0] - scheme.step(origin, t, drawn())[0]).expand(1, q, 2)[0] for key in straight]

    def at(x: Tensor) -> Gaussians:
        mean, factor = scheme.step(x[:, None], t, drawn())
        mean = mean.expand(x.shape[0], q, 2)
        uu, uv, vv = (torch.as_tensor(entry, dtype=x.dtype, device=device).reshape(-1).expand(q) for entry in _covariance(factor))
        for slope in slopes:
            uu, uv, vv = uu + slope[:, 0] ** 2, uv + slope[:, 0] * slope[:, 1], vv + slope[:, 1] ** 2
        return Gaussians(mean[..., 0], mean[..., 1], uu, uv, vv, shares)

    return q, at


def _covariance(factor: Any) -> tuple[Any, Any, Any]:
    if isinstance(factor, BlockFactor):
        return factor.covariance
    return factor**2, 0.0, factor**2


def _is_straight(scheme: Scheme, name: str, block: int) -> bool:
    """Whether a step moves by the same vector from everywhere for every unit of this component, whatever the other draws are."""
    x = torch.tensor([[0.3, -0.7], [-1.1, 0.4], [2.0, 1.3]], dtype=torch.float64)

    def mean(other: float, own: float) -> Tensor:
        draws: dict[str, Any] = {}
        for key, draw in scheme.draws.items():
            draws[key] = torch.full((1, 1) if draw.shared else (1, 2), other if type(draw) is Normal else 0.4, dtype=torch.float64)
        draws[name][0, block] = own
        return scheme.step(x, 0.0, draws)[0]

    moves = torch.stack([(mean(other, own) - mean(other, 0.0)) / own for other in (0.0, 0.8) for own in (1.0, -2.0)])
    return bool((moves - moves[0, 0]).abs().max() <= 1e-13 * (1 + moves.abs().max()))
