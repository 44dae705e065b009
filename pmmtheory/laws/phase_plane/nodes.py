"""One underdamped step on the line as a finite sum of Gaussians of the plane, from many starts at once, by rules over its draws."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pmmtheory.dynamics.factors import covariance
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.step.cubature import STILL, cubature
from pmmtheory.numerics.rules import gauss_hermite
from pmmtheory.schemes import Scheme


@dataclass(frozen=True)
class Gaussians:
    """sum_q weights_q N(mean_q, [[uu, uv], [uv, vv]]_q) for every start; the weights may be negative.

    mean_u, mean_v : (starts, q) tensors; uu, uv, vv, weights : (q,) tensors. So many in a row, `together`, have one covariance.
    """

    mean_u: Tensor
    mean_v: Tensor
    uu: Tensor
    uv: Tensor
    vv: Tensor
    weights: Tensor
    together: int = 1


Part = tuple[int, Callable[[Tensor], Gaussians]]
"""The number of its Gaussians, and what gives them from starts of shape (n, 2)."""


def parts_by_draws(scheme: Scheme, t: float, level: int, device: torch.device) -> Part:
    """The law of a step by product rules over the draws. The force feels noise through its integral: few nodes are enough.

    A component of a normal draw that the force does not feel moves the mean along one direction: it joins the covariance.
    """
    normals = [(name, block) for name, draw in scheme.draws.items() if draw.normal for block in range(2)]
    straight = _straight(scheme, normals)
    curved = gauss_hermite(10 + 2 * level)
    nodes = cubature(scheme, level - 3, device, normal=lambda *component: STILL if component in straight else curved)
    origin, q = torch.zeros((1, 1, 2), dtype=torch.float64, device=device), len(nodes)

    unmoved = scheme.step(origin, t, nodes.draws)[0] if straight else origin

    def slope(name: str, block: int) -> Tensor:
        moved = nodes.draws[name].clone()
        moved[..., block] = 1.0
        change: Tensor = scheme.step(origin, t, nodes.draws | {name: moved})[0] - unmoved
        return change.expand(1, q, 2)[0]

    slopes = [slope(*component) for component in straight]

    def at(x: Tensor) -> Gaussians:
        mean, factor = scheme.step(x[:, None], t, nodes.draws)
        mean = mean.expand(x.shape[0], q, 2)
        spread = covariance(factor, scheme.dynamics, mean[:1])
        if not bool((spread == spread[:1]).all()):
            raise InvalidParameter("scheme", scheme.name, "a step whose noise does not depend on the state, for a law in the phase plane")
        uu, uv, vv = spread[0, :, 0, 0], spread[0, :, 0, 1], spread[0, :, 1, 1]
        for slope in slopes:
            uu, uv, vv = uu + slope[:, 0] ** 2, uv + slope[:, 0] * slope[:, 1], vv + slope[:, 1] ** 2
        return Gaussians(mean[..., 0], mean[..., 1], uu, uv, vv, nodes.weights, _together(torch.stack([uu, uv, vv])))

    return q, at


def _together(covariances: Tensor) -> int:
    """How many in a row are equal, everywhere, but for rounding."""
    new = (torch.diff(covariances).abs() > 1e-14 * covariances.abs().max()).any(0)
    return math.gcd(covariances.shape[1], *(torch.nonzero(new).flatten() + 1).tolist())


def _straight(scheme: Scheme, normals: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """The components for every unit of which a step moves by the same vector from everywhere, whatever the other draws are: all in one step."""
    x = torch.tensor([[0.3, -0.7], [-1.1, 0.4], [2.0, 1.3]], dtype=torch.float64)[:, None]
    values = [(other, own) for other in (0.0, 0.8) for own in (0.0, 1.0, -2.0)]
    draws: dict[str, Any] = {}
    for key, draw in scheme.draws.items():
        others = torch.tensor([other if draw.normal else 0.4 for other, _ in values], dtype=torch.float64).repeat(len(normals))
        draws[key] = others[None, :, None].repeat(1, 1, 1 if draw.shared else 2)
    for place, (name, block) in enumerate(normals):
        draws[name][0, len(values) * place : len(values) * (place + 1), block] = torch.tensor([own for _, own in values], dtype=torch.float64)
    if not normals:
        return []
    means = scheme.step(x, 0.0, draws)[0].expand(3, len(normals) * len(values), 2).reshape(3, len(normals), 2, 3, 2)
    moves = (means[..., 1:, :] - means[..., :1, :]) / torch.tensor([[1.0], [-2.0]], dtype=torch.float64)
    apart, size = (part.movedim(1, 0).flatten(1).abs().amax(1) for part in (moves - moves[:1, :, :1, :1], moves))
    return [component for component, off, most in zip(normals, apart.tolist(), size.tolist(), strict=True) if off <= 1e-13 * (1 + most)]
