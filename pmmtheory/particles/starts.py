"""Where the particles of each chunk start, and what each draws from."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, required, whole
from pmmtheory.numerics.devices import known_device
from pmmtheory.numerics.finite import all_finite
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Target

CHUNK = 65_536
"""Particles of a chunk: their states stay in the cache of a processor."""

_ON_A_GPU = 1 << 24
"""Numbers of the states of a chunk there, where a launch costs as much as millions of them."""


def chunk_size(scheme: Scheme, device: str) -> int:
    """Particles of a chunk."""
    return max(CHUNK, _ON_A_GPU // math.prod(scheme.dynamics.state_shape)) if device.startswith("cuda") else CHUNK


def stream(seed: int, number: int, device: str) -> torch.Generator:
    """An independent generator for one chunk of one seed."""
    return torch.Generator(device=known_device(device)).manual_seed(_mixed(whole("seed", seed), whole("number", number)))


def starts(scheme: Scheme, n: int, seed: int, initial: Any, chunk: int) -> Callable[[int], Tensor]:
    """Where the particles of a chunk start, by its number."""
    system = scheme.dynamics
    if initial is None or isinstance(initial, Target):
        source, event = required("initial", initial or system.target), system.state_shape[1:] if system.blocks > 1 else system.state_shape
        if source.dim != math.prod(event):
            raise InvalidParameter("initial", source.name, f"a target in dimension {math.prod(event)}")

        def drawn(number: int) -> Tensor:
            first = number * chunk
            size = min(chunk, n - first)
            return system.lift(_draws(source, size, _mixed(seed, -1 - first)).reshape(size, *event), stream(seed, -2 - first, "cpu"))

        return drawn
    shape = (n, *system.state_shape)
    try:
        points = torch.as_tensor(initial, dtype=torch.float64).detach()
    except (TypeError, ValueError, RuntimeError):
        raise InvalidParameter("initial", initial, f"a target, one finite point, or {n} finite points of shape {shape}") from None
    if not all_finite(points) or tuple(points.shape) not in _allowed(shape):
        raise InvalidParameter("initial", tuple(points.shape), f"a target, one finite point, or {n} finite points of shape {shape}")
    return lambda number: points.expand(shape)[number * chunk : (number + 1) * chunk]


def _draws(source: Target, n: int, seed: int) -> Tensor:
    """Draws of a target; raises InvalidParameter, naming `initial`, where it has none."""
    try:
        return source.sample(n, seed)
    except InvalidParameter as refused:
        if refused.name != "target":
            raise
        raise InvalidParameter("initial", source.name, "one point, a point a particle, or a target with exact draws, which this one has not") from None


def _mixed(seed: int, number: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed}/{number}".encode(), digest_size=7).digest(), "big")


def _allowed(shape: tuple[int, ...]) -> set[tuple[int, ...]]:
    """The shapes of one point and of n points; a number is a point on the line."""
    return {shape, shape[1:]} | ({(1,)} if len(shape) == 1 else set())
