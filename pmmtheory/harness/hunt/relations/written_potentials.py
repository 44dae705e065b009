"""A potential that a user writes, in 1 to 4 dimensions: its drift and the diagonal of its Hessian against finite differences, or a refusal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import PmmError
from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.targets import Potential


def draw(draw: Draw) -> dict[str, Any]:
    dim = draw.whole(2, 4) if draw.chance(0.7) else 1
    return {
        "dim": dim,
        "mixed": draw.real(0.3, 0.8),
        "ripple": draw.real(0.2, 0.5),
        "detached": draw.chance(0.2),
        "place": [draw.place(2.0) for _ in range(dim)],
    }


def check(dim: int, mixed: float, ripple: float, detached: bool, place: list[float]) -> Iterator[Compared]:
    def potential(x: Tensor) -> Tensor:
        flat = x[..., None] if dim == 1 else x
        value = (flat**2).sum(-1) / 2 + mixed * torch.cos(flat.sum(-1)) / dim + ripple * torch.sin(flat[..., 0] - 0.3)
        return value.detach() if detached else value

    point = torch.tensor(place[0] if dim == 1 else place, dtype=torch.float64)
    units = torch.ones((1,), dtype=torch.float64) if dim == 1 else torch.eye(dim, dtype=torch.float64)
    try:
        target = Potential(potential, dim=dim)
        slope = target.drift(point).reshape(-1)
    except PmmError as error:
        if not detached:
            raise error
        yield Compared("refused, as it must be", 0.0, 0.0, 0.0)
        return
    step = 1e-4
    for k, unit in enumerate(units):
        rise = float(potential(point + step * unit) - potential(point - step * unit)) / (2 * step)
        yield compare(f"drift {k}", float(slope[k]), -rise, 1e-7)
    try:
        bend = target.curvature(point).reshape(-1)
    except PmmError:  # a curvature off the line may be refused
        return
    for k, unit in enumerate(units):
        second = float(potential(point + step * unit) + potential(point - step * unit) - 2 * potential(point)) / step**2
        yield compare(f"curvature {k}", float(bend[k]) if len(bend) > k else float("nan"), second, 1e-6)
