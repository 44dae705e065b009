"""One value of every draw of a scheme, for states."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pmmtheory.schemes.midpoints import Midpoints
from pmmtheory.schemes.scheme import Scheme


def drawn(scheme: Scheme, x: Tensor, generator: torch.Generator) -> dict[str, Any]:
    """What `scheme.step` takes as draws at states x, (..., *state_shape).

    Shared ones have a one for every axis of the state, normals next to midpoints a layer for each.
    """
    axes = len(scheme.dynamics.state_shape)
    shape = tuple(x.shape[: x.ndim - axes]) + (1,) * axes
    draws: dict[str, Any] = {}
    layers: tuple[int, ...] = ()
    for name, draw in scheme.draws.items():
        if isinstance(draw, Midpoints):
            draws[name] = draw.sample(shape, generator, x.dtype)
            layers = (draws[name][0].shape[0],)
        else:
            draws[name] = draw.sample(shape if draw.shared else layers + tuple(x.shape), generator, x.dtype)
    return draws
