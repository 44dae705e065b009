"""What a step does far out, where it is affine: the maps of a deviation, for some of what it may draw, and the noise that each adds.

With them a law is told to fall no faster than some Gaussians, where its density is no number any more: powers of it may have no integral.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import torch

from pmmtheory.laws.step.cubature import STILL, cubature, enumerable
from pmmtheory.schemes import Scheme

Sides = tuple[float, float]
"""On the left and on the right."""

Maps = tuple[np.ndarray, np.ndarray]
"""M and Q, (q, s, s): far out a step takes a state x to M x + N(0, Q)."""

_FAR = (1e9, 1e6, 1e3)
"""Distances in lengths of the support, the farthest at which a step is a number."""

_MIDPOINTS, _SETS = 200, 8
"""The most midpoints of a step that are looked at, the latest ones, and how many sets of them."""


_NEARLY, _SAME = 1 - 1e-6, 1e-6
"""A law that is so wide, of the width from which an integral is infinite, may be too wide; and by how much curvatures of tails that are alike may differ,
relatively."""


def too_wide(order: float, own: float, other: float) -> bool:
    """Whether int p^a q^(1 - a) is infinite, or nearly, for Gaussians p and q with these variances."""
    return (order - 1) * own > _NEARLY * order * other


def tails_alike(curvatures: Sides) -> bool:
    """Whether both tails of a target are so, by the curvatures there."""
    left, right = curvatures
    return abs(left - right) <= _SAME * left < math.inf


class Far(ABC):
    """How a law on the line falls far out."""

    @property
    @abstractmethod
    def variances(self) -> Sides:
        """Of Gaussians that the law falls no faster than, on the left and on the right; infinite where it falls more slowly than any."""

    @property
    def centres(self) -> tuple[float, ...]:
        """Where these may be centred besides where the law is seen to be largest."""
        return ()

    @property
    def modes(self) -> tuple[float, ...]:
        """Where what steps lead to has maxima, which the law may have too, however few digits it has there."""
        return ()


def far_maps(scheme: Scheme, length: float, side: float = 1.0, t: float = 0.0, alike: bool = True) -> Maps:
    """The maps of the step at time t far out on a side of the first axis; length: that of the support.

    alike : whether the force is so on the other side. Where it is not, what other normals than the last Gaussian add is left out, as they may lead there.

    The draws are the nodes of a rule and, of several midpoints, none of them and the last ones, up to all: where there may be as many as one likes, and they
    push at all, M is infinite for these. What may be drawn lies between.
    """
    for far in _FAR:
        found = _of_draws(scheme, side * far * length, t, alike) if enumerable(scheme) else _of_midpoints(scheme, side * far * length, t, alike)
        if not (np.isnan(found[0]).any() or np.isnan(found[1]).any()):
            break
    return found


def _of_draws(scheme: Scheme, far: float, t: float, alike: bool) -> Maps:
    at = cubature(scheme, 0, normal=lambda name, component: STILL, t=t)
    return _maps(scheme, far, at.draws, len(at), t, alike)


def _of_midpoints(scheme: Scheme, far: float, t: float, alike: bool) -> Maps:
    k = scheme.draws["midpoints"].substeps  # type: ignore[attr-defined]
    count = 1 if k == math.inf else min(int(k) - 1, _MIDPOINTS)
    times = torch.tensor([0.5]) if k == math.inf else torch.arange(k - count, k) / k
    axes = (1,) * (2 + len(scheme.dynamics.state_shape))
    still, numbers = torch.zeros((count, *axes), dtype=torch.float64), torch.arange(count).reshape(-1, *axes)
    times = times.to(still).reshape(still.shape)
    sizes = sorted({round(share * count) for share in np.linspace(0, 1, _SETS + 1)})
    every = [_maps(scheme, far, {"z": still, "midpoints": (times, numbers >= count - size)}, 1, t, alike) for size in sizes]
    matrices, noises = (np.concatenate(parts) for parts in zip(*every, strict=True))
    if k == math.inf and not np.allclose(matrices[0], matrices[1], rtol=0, atol=1e-12):
        matrices[1] = math.inf
    return matrices, noises


def _maps(scheme: Scheme, far: float, draws: dict[str, Any], nodes: int, t: float, alike: bool) -> Maps:
    """The columns of M from states far out, one for each number in them; those of normals by draws as large; and what the last Gaussian adds."""
    shape, scale = scheme.dynamics.state_shape, abs(far)
    size = math.prod(shape)
    units = scale * torch.eye(size, dtype=torch.float64)
    states = units[:1] * math.copysign(1.0, far) + torch.cat([0 * units[:1], units[1:]])
    layered = any(draw.layered for draw in scheme.draws.values())
    normals = {name: draws[name].shape[0] if layered else 1 for name, draw in scheme.draws.items() if draw.normal and alike}
    count = size * sum(normals.values())
    x = torch.cat([states, states[:1].expand(count, size)]).reshape(-1, 1, *shape)
    drawn, row = dict(draws), size
    for name, layers in normals.items():
        z = torch.zeros((layers, len(x), size), dtype=torch.float64)
        for layer in range(layers):
            z[layer, row : row + size] = units
            row += size
        z = z.reshape(layers, len(x), 1, *shape)
        drawn[name] = z if layered else z[0]
    mean, factor = scheme.step(x, t, drawn)
    moved = mean.expand(len(x), nodes, *shape).reshape(len(x), nodes, size) / scale
    columns = torch.cat([moved[:1] * math.copysign(1.0, far), moved[1:size] - moved[0]])
    spread = torch.stack([torch.as_tensor(factor * unit.reshape(1, 1, *shape)).expand(len(x), nodes, *shape)[0] for unit in units / scale])
    added = torch.cat([moved[size:] - moved[0], spread.reshape(size, nodes, size)])
    return columns.permute(1, 2, 0).numpy(), torch.einsum("zqi,zqj->qij", added, added).numpy()
