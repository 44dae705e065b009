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


_OWN, _OTHERS = (0.0, 1.0, -2.3, 6.1), (0.0, 0.8, -3.4)
"""Values of a normal draw, and of the others beside it."""

_SEEN, _TAKEN = 120, 6
"""How many positions, and values of the draws that are not normal, a step is seen at."""

_SAME = 1e-13
"""A difference between two moves, relative to them, that is rounding."""

Part = tuple[int, Callable[[Tensor], Gaussians]]
"""The number of its Gaussians, and what gives them from starts of shape (n, 2)."""


def parts_by_draws(scheme: Scheme, t: float, level: int, grid: Tensor) -> Part:
    """The law of a step from positions of a grid, by product rules over the draws. The force feels noise through its integral: few nodes are enough.

    A component of a normal draw that the force does not feel moves the mean along one direction: it joins the covariance.
    """
    normals = [(name, block) for name, draw in scheme.draws.items() if draw.normal for block in range(2)]
    straight = _straight(scheme, t, normals, grid)
    curved = gauss_hermite(10 + 2 * level)
    nodes = cubature(scheme, level - 3, grid.device, normal=lambda *component: STILL if component in straight else curved)
    middle, q = torch.stack([grid[len(grid) // 2], grid.new_zeros(())]).reshape(1, 1, 2), len(nodes)

    unmoved = scheme.step(middle, t, nodes.draws)[0] if straight else middle

    def slope(name: str, block: int) -> Tensor:
        moved = nodes.draws[name].clone()
        moved[..., block] = 1.0
        change: Tensor = scheme.step(middle, t, nodes.draws | {name: moved})[0] - unmoved
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
    new = (torch.diff(covariances).abs() > 1e-14 * covariances.abs().amax(1, keepdim=True)).any(0)
    return math.gcd(covariances.shape[1], *(torch.nonzero(new).flatten() + 1).tolist())


def states_on(grid: Tensor) -> Tensor:
    """States at these positions, (n, 2), with a velocity of its own at each."""
    return torch.stack([grid, 4 * torch.sin(2.4 * torch.arange(len(grid), dtype=grid.dtype, device=grid.device))], -1)


def _straight(scheme: Scheme, t: float, normals: list[tuple[str, int]], grid: Tensor) -> list[tuple[str, int]]:
    """The components for every unit of which a step moves by one vector from all positions of the grid, whatever the other normal draws are.

    That vector may differ between values of the draws that are not normal. All components are seen in one step, as far as a normal draw goes.
    """
    if not normals:
        return []
    some = grid[torch.linspace(0, len(grid) - 1, min(len(grid), _SEEN)).round().long()]
    starts = states_on(some)[:, None]
    rest = cubature(scheme, -3, grid.device, normal=lambda *component: STILL)
    taken = torch.linspace(0, len(rest) - 1, min(len(rest), _TAKEN)).round().long()
    shape = len(taken), len(normals), len(_OTHERS), len(_OWN)
    draws: dict[str, Any] = {}
    for key, draw in scheme.draws.items():
        value = rest.draws[key][0, taken][:, None, None, None].expand(*shape, -1).clone()
        if draw.normal:
            value += grid.new_tensor(_OTHERS)[:, None, None]
        for place, (name, block) in enumerate(normals):
            if name == key:
                value[:, place, ..., block] = grid.new_tensor(_OWN)
        draws[key] = value.flatten(0, 3)[None]
    means = scheme.step(starts, t, draws)[0].expand(len(some), math.prod(shape), 2).reshape(len(some), *shape, 2)
    moves = (means[..., 1:, :] - means[..., :1, :]) / grid.new_tensor(_OWN[1:])[:, None]
    apart = (moves - moves[len(some) // 2, :, :, 0, 0][:, :, None, None]).abs().amax((0, 1, 3, 4))
    rounding = 8 * torch.finfo(grid.dtype).eps * means.abs().amax((0, 1, 3, 4))
    same = (apart <= _SAME * moves.abs().amax((0, 1, 3, 4)) + rounding).all(-1)
    return [component for component, kept in zip(normals, same.tolist(), strict=True) if kept]
