"""States of a scheme near and far, and one value of every draw for each: what its steps are tried on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from pmmtheory.schemes.layout import normals
from pmmtheory.schemes.scheme import Scheme


def drawn(scheme: Scheme, x: Tensor, generator: torch.Generator, together: bool = False, but: str = "") -> dict[str, Any]:
    """What `scheme.step` takes as draws at states x, (..., *state_shape), `but` one; `together`, all states have the same value of draws that are shared.

    Shared ones have a one for every axis of the state, normals next to midpoints a layer for each.
    """
    axes = len(scheme.dynamics.state_shape)
    shape = (1,) * x.ndim if together else tuple(x.shape[: x.ndim - axes]) + (1,) * axes
    draws: dict[str, Any] = {}
    layers: tuple[int, ...] = ()
    for name, draw in sorted(scheme.draws.items(), key=lambda item: not item[1].layered):
        if name == but:
            continue
        if draw.normal:
            draws[name] = normals(x, generator, layers)
            continue
        draws[name] = draw.sample(shape if draw.shared else layers + tuple(x.shape), generator, x.dtype)
        if draw.layered:
            layers = (draws[name][0].shape[0],)
    return draws


def states(scheme: Scheme, mean: Tensor, deviations: Tensor, scales: Sequence[float], generator: torch.Generator) -> Tensor:
    """Random states, one a scale, (scales, *state_shape): the position mean + scale deviation Z, all else scale Z."""
    x = torch.randn((len(scales), *scheme.dynamics.state_shape), generator=generator, dtype=torch.float64)
    scale = torch.tensor(scales, dtype=torch.float64).reshape(-1, *([1] * (x.ndim - 1)))
    widths = torch.ones(x.shape[1:], dtype=torch.float64)
    position = scheme.dynamics.position(widths)
    position.copy_(deviations.reshape(position.shape))
    return scale * x * widths + in_position(scheme, mean)


def in_position(scheme: Scheme, mean: Tensor) -> Tensor:
    """A state with this position and zero elsewhere."""
    state = torch.zeros(scheme.dynamics.state_shape, dtype=torch.float64)
    position = scheme.dynamics.position(state)
    position.copy_(mean.reshape(position.shape))
    return state
