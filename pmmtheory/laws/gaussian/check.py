"""Whether a step on a Gaussian target acts on each axis by itself, alike on all of one variance: what laws by moments take for granted.

Seen on the step of the scheme itself, from random states near and far with random draws, so that no piece of it can be passed by.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.step.cubature import cubature
from pmmtheory.schemes import Scheme
from pmmtheory.schemes.drawn import drawn, in_position, states
from pmmtheory.targets import Gaussian

_SCALES = (0.7, 3.0, 40.0, *(1.0, 2.0) * 5)
"""How far from the mean the states are, in standard deviations."""

_FEW, _NODES = 3, 100_000
"""So many of them serve in more than 256 dimensions; and numbers in the states at nodes of the draws."""

_AGREES = 1e-9


def require_axes(scheme: Scheme, target: Gaussian, t: float = 0.0, merged: bool = False) -> None:
    """Raise InvalidParameter unless the steps of the scheme are those on the axes of its target, turned and moved.

    merged : whether one axis is to stand for all of the same variance.
    """
    system, variances = scheme.dynamics, target.variances
    centres = _turned(torch.as_tensor(target.mean, dtype=torch.float64).reshape(-1), target.axes)
    kept = torch.zeros_like(centres) if system.autonomous else centres
    pair = target.dim == 1  # on the line a state has no axis: two equal ones show it
    both = torch.cat([variances, variances]) if pair else variances
    chain = scheme.over(system.on(Gaussian(torch.cat([kept, kept]) if pair else kept, both)))
    generator = torch.Generator().manual_seed(7)
    try:
        centre, widths = torch.cat([kept, kept]) if pair else kept, torch.sqrt(both)

        def whole(state: Tensor) -> Tensor:
            return state[..., 0] if pair else state if target.axes is None else state @ target.axes.T

        def first(value: Tensor) -> Tensor:
            return value[..., 0] if pair else value

        def back(state: Tensor) -> Tensor:
            return state[..., None].expand(*state.shape, 2) if pair else state if target.axes is None else state @ target.axes

        moved = in_position(scheme, torch.as_tensor(target.mean, dtype=torch.float64)) if system.autonomous else torch.zeros((), dtype=torch.float64)
        reach = float(torch.as_tensor(target.mean, dtype=torch.float64).abs().max())
        for x, draws, z in _trials(chain, centre, widths, generator):
            own = {name: scheme.draws[name].mapped(value, first if scheme.draws[name].shared else whole) for name, value in draws.items()}
            seen, factor = scheme.step(whole(x) + moved, t, own)
            told, width = chain.step(x, t, draws)
            told, noise = (part[..., :1].expand(part.shape) if pair else part for part in (told, width * z))
            _require(scheme, back(seen - moved), told, x.abs(), reach)
            _require(scheme, back(factor * whole(z)), noise, z.abs(), 0.0)
            if merged and not pair:
                _require_merged(scheme, chain, x, draws, z, t)
    except (RuntimeError, IndexError) as reason:
        raise InvalidParameter("scheme", scheme.name, f"one whose step serves any number of axes, for a law by moments ({reason})") from None


def merges(scheme: Scheme, target: Gaussian) -> bool:
    """Whether one axis may stand for all of the same variance."""
    try:
        require_axes(scheme, target, merged=True)
    except InvalidParameter:
        return False
    return True


def _require_merged(scheme: Scheme, chain: Scheme, x: Tensor, draws: dict[str, Any], z: Tensor, t: float) -> None:
    """Axes of one variance with one state and one noise must stay alike, and be what a chain on one of each is."""
    distinct, place = torch.unique(chain.dynamics.target.variances, return_inverse=True)  # type: ignore[attr-defined]
    first = torch.full((len(distinct),), len(place)).scatter_reduce(0, place, torch.arange(len(place)), "amin")
    if len(distinct) == 1:
        distinct, first, place = distinct.repeat(2), first.repeat(2), place
    few = scheme.over(scheme.dynamics.on(Gaussian(torch.zeros_like(distinct), distinct)))
    own = {name: value if few.draws[name].shared else value[..., first] for name, value in draws.items()}
    told, width = few.step(x[..., first], t, own)
    every = {name: value if few.draws[name].shared else value[..., first[place]] for name, value in draws.items()}
    seen, factor = chain.step(x[..., first[place]], t, every)
    _require(scheme, seen, told[..., place], x[..., first[place]].abs(), 0.0)
    _require(scheme, factor * z[..., first[place]], (width * z[..., first])[..., place], x[..., first[place]].abs(), 0.0)


def _require(scheme: Scheme, seen: Tensor, told: Tensor, size: Tensor, reach: float) -> None:
    allowed = _AGREES * (told.abs().amax(0) + size.amax(0)) + 1e-13 * (reach + told.abs().max() + size.max())
    if not bool(((seen - told).abs() <= allowed).all()):
        raise InvalidParameter("scheme", scheme.name, "a step that acts on each axis of its target by itself, with that target's drift, for a law by moments")


def _trials(chain: Scheme, centre: Tensor, widths: Tensor, generator: torch.Generator) -> Iterator[tuple[Tensor, dict[str, Any], Tensor]]:
    """States, one value of every draw for each, and of the last normal: draws at random, and those at the nodes of their rules, for what is rare."""
    x = states(chain, centre, widths, _SCALES if len(centre) <= 256 else _SCALES[:_FEW], generator)
    yield x, drawn(chain, x, generator), torch.randn(x.shape, generator=generator, dtype=torch.float64)
    others = [draw for draw in chain.draws.values() if not draw.normal]
    if not others or any(draw.several or draw.layered or not draw.shared for draw in others):
        return
    at = cubature(chain, 1, normals=False)
    some = slice(None, None, 1 + len(at) * x[0].numel() // _NODES)
    x = states(chain, centre, widths, (1.5,) * len(at.weights[some]), generator)
    given = {name: chain.draws[name].mapped(value, lambda part: part[0, some]) for name, value in at.draws.items()}
    yield x, drawn(chain, x, generator) | given, torch.randn(x.shape, generator=generator, dtype=torch.float64)


def _turned(point: Tensor, axes: Tensor | None) -> Tensor:
    return point if axes is None else point @ axes
