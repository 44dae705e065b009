"""A step of many draws with fewer of them, of the same law: normals in which it is linear join its last Gaussian."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pmmtheory.schemes import Draw, Normal, Scheme
from pmmtheory.schemes.draw import Rule
from pmmtheory.schemes.drawn import drawn
from pmmtheory.testing.subject import ROUNDINGS

_MANY = 20_000
"""Nodes of a product rule from which on it is worth while."""

_PROBES = 512
_VALUES = (1.0, -1.0, 3.0, -7.0)
_SEED = 20240523
_REACH = 6.8
"""Where the sparse rule of a normal ends: beyond it are 1e-11 of its mass; finer levels reach further."""

_HIGHEST = 10.0
"""The frequency, in units of the inverse noise of a step, up to which its characteristic function is asked for."""


def folded(scheme: Scheme) -> Scheme:
    """A scheme on the line whose step has the same law with fewer draws to integrate over; the scheme itself where a product rule has few nodes.

    With mean m + c z and factor f, where m, c and f do not depend on the normal z, a step is N(m, c^2 + f^2) given the other draws. Whether it is
    linear is tried at some hundred random states and draws, and that the law is that of the particles is a law of its own. Rules of the normals that
    are left are as fine as their share of the noise needs; two levels of them tell what that costs.
    """
    plain = scheme.dynamics.blocks == 1 and scheme.dynamics.target.dim == 1 and scheme.structure is None
    if not plain or any(draw.layered for draw in scheme.draws.values()) or math.prod(len(draw.rule(0)[1]) for draw in scheme.draws.values()) < _MANY:
        return scheme
    linear: list[str] = []
    for name in [name for name, draw in scheme.draws.items() if draw.normal]:
        if _is_linear(scheme, name, linear):
            linear.append(name)
    left = {name: draw for name, draw in scheme.draws.items() if name not in linear}
    if math.prod(len(draw.rule(0)[1]) for draw in left.values()) >= _MANY:
        shares = _shares(scheme)
        left = {name: SparseNormal(shares[name]) if draw.normal else draw for name, draw in left.items()}
    return _Folded(scheme, tuple(linear), left)


@dataclass(frozen=True)
class SparseNormal(Normal):
    """A standard normal of which a step makes no more than `share` of its noise: waves exp(i c z) are as long as that says.

    The trapezoid rule of spacing h is off by exp(-(2 pi/h - c)^2/2), and that of a wave by what is beyond its end.
    """

    share: float

    @property
    def normal(self) -> bool:
        return False

    def rule(self, level: int) -> Rule:
        end = _REACH + 0.4 * level
        z = np.linspace(-end, end, 1 + math.ceil(end / math.pi * (end + _HIGHEST * self.share)))
        w = np.exp(-z * z / 2)
        return z, w / w.sum()

    def cells(self, count: int) -> np.ndarray | None:
        return None

    def mirrored(self, value: Any) -> Any:
        return -value


class _Folded(Scheme):
    """A scheme with some normals in its last Gaussian."""

    def __init__(self, scheme: Scheme, linear: tuple[str, ...], draws: Mapping[str, Draw]):
        super().__init__(scheme.dynamics, scheme.step_size)
        self.owner, self.linear, self.draws = scheme, linear, draws
        self.smooth, self.drift_calls, self.exact_with = scheme.smooth, scheme.drift_calls, scheme.exact_with

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        zero = torch.zeros(torch.broadcast_shapes(x.shape, *(value.shape for value in draws.values())), dtype=x.dtype, device=x.device)
        still = {name: zero for name in self.linear}
        mean, factor = self.owner.step(x, t, {**draws, **still})
        variance = factor**2 * torch.ones_like(mean)
        for name in self.linear:
            variance = variance + (self.owner.step(x, t, {**draws, **still, name: zero + 1})[0] - mean) ** 2
        return mean, torch.sqrt(variance)

    @property
    def kinks(self) -> tuple[float, ...]:
        return self.owner.kinks

    @property
    def name(self) -> str:
        return self.owner.name

    def with_step(self, step_size: float) -> Any:
        return folded(self.owner.with_step(step_size))

    def over(self, dynamics: Any) -> Any:
        return folded(self.owner.over(dynamics))


def _probes(scheme: Scheme) -> tuple[Tensor, dict[str, Any]]:
    generator = torch.Generator().manual_seed(_SEED)
    x = 3 * torch.randn(_PROBES, generator=generator, dtype=torch.float64)
    return x, drawn(scheme, x, generator)


def _is_linear(scheme: Scheme, name: str, others: list[str]) -> bool:
    """Whether a step is linear in a normal with a slope that none of the others that are folded changes, and a factor that it does not change."""
    x, draws = _probes(scheme)

    def at(value: float, rest: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, factor = scheme.step(x, 0.0, {**draws, **rest, name: torch.full_like(x, value)})
        return mean, factor * torch.ones_like(x)

    still = {other: torch.zeros_like(x) for other in others}
    rest, factor = at(0.0, {})
    slope = at(1.0, {})[0] - rest
    allowed = ROUNDINGS * torch.finfo(x.dtype).eps * (1 + torch.abs(rest) + torch.abs(slope))
    alone = at(1.0, still)[0] - at(0.0, still)[0]
    if bool((torch.abs(alone - slope) > allowed).any()):
        return False
    found = [at(value, {}) for value in _VALUES]
    return all(
        bool((torch.abs(mean - rest - value * slope) <= 10 * allowed).all()) and bool((torch.abs(width - factor) <= allowed).all())
        for value, (mean, width) in zip(_VALUES, found, strict=True)
    )


def _shares(scheme: Scheme) -> dict[str, float]:
    """How much of the noise of a step each normal makes at most: the largest change with it, in units of the noise."""
    x, draws = _probes(scheme)
    width, shift = float(scheme.dynamics.noise(scheme.step_size)), 0.1

    def mean(name: str, by: float) -> Tensor:
        return scheme.step(x, 0.0, {**draws, name: draws[name] + by})[0]

    return {name: float(torch.abs(mean(name, shift) - mean(name, -shift)).max()) / (2 * shift * width) for name, draw in scheme.draws.items() if draw.normal}
