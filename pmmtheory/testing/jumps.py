"""Whether a step jumps: in which draws, at places that a rule knows or not, and whether it may stay where it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.step.draw_rules import jumps as known_places
from pmmtheory.schemes import Scheme
from pmmtheory.schemes.drawn import drawn

_SEED = 20240521
_STATES = 24
_CELLS = 129
_SAMPLES = 4096


@dataclass(frozen=True)
class Jumps:
    """Where a step jumps.

    Attributes
    ----------
    draws : tuple of str
        In these its mean or its factor jumps.
    unruly : tuple of str
        Those of them of which no rule is known that integrates such a step; with all draws that have no rule.
    stays : bool
        Whether the next state equals the last with positive probability.
    """

    draws: tuple[str, ...] = ()
    unruly: tuple[str, ...] = ()
    stays: bool = False


def find_jumps(scheme: Scheme) -> Jumps:
    """Look at random states along a path from the least to the largest value of each draw.

    The path is cut in halves around its largest change: one that stays as it is, is a jump. Jumps smaller than the changes next to them are not seen,
    nor any where the step cannot be evaluated: the laws of programs say so.
    """
    if not scheme.draws or any(draw.layered for draw in scheme.draws.values()):
        return Jumps()
    try:
        found = tuple(name for name in scheme.draws if _jumps_in(scheme, name))
        stays = _stays(scheme)
    except Exception:  # the scheme's own code may raise anything
        return Jumps()
    unruly = tuple(name for name in scheme.draws if not _has_rule(scheme, name) or (name in found and not _ruled(scheme, name)))
    return Jumps(found, unruly, stays and bool(unruly))


def _states(scheme: Scheme) -> Tensor:
    shape = scheme.dynamics.state_shape
    return 1.5 * torch.randn((_STATES, *shape), generator=torch.Generator().manual_seed(_SEED), dtype=torch.float64)


def _jumps_in(scheme: Scheme, name: str) -> bool:
    generator = torch.Generator().manual_seed(_SEED)
    x, axes = _states(scheme), len(scheme.dynamics.state_shape)
    others = drawn(scheme, x, generator)
    value = scheme.draws[name].sample((_SAMPLES,), generator, x.dtype)
    if not isinstance(value, Tensor) or not bool(value.max() > value.min()):
        return False
    low, span = value.min().to(x), (value.max() - value.min()).to(x)

    def step(s: Tensor) -> Tensor:
        """Mean and factor at the shares s, (states, cells), of the path: (states, cells, numbers)."""
        size = s.shape[1]
        start = x.repeat_interleave(size, 0)
        draws = {key: scheme.draws[key].mapped(held, lambda part: part.repeat_interleave(size, 0)) for key, held in others.items()}
        draws[name] = (low + span * s.reshape(-1, *[1] * axes)).expand(draws[name].shape)
        mean, factor = scheme.step(start, 0.0, draws)
        both = torch.stack([mean.expand(start.shape), factor * torch.ones_like(start)], -1)
        return both.reshape(len(x), size, -1)

    cells = torch.linspace(0, 1, _CELLS, dtype=x.dtype).expand(len(x), -1)
    values = step(cells)
    change = torch.abs(torch.diff(values, dim=1)).amax(-1)
    first, at = change.max(1)
    rows = torch.arange(len(x))
    a, b, left, right = cells[rows, at], cells[rows, at + 1], values[rows, at], values[rows, at + 1]
    for _ in range(48):
        middle = (a + b) / 2
        between = step(middle[:, None])[:, 0]
        lower = torch.abs(between - left).amax(-1) > torch.abs(right - between).amax(-1)
        a, b = torch.where(lower, a, middle), torch.where(lower, middle, b)
        left, right = torch.where(lower[:, None], left, between), torch.where(lower[:, None], between, right)
    scale = 1e-9 * (1 + torch.abs(values).amax((1, 2)))
    return bool(((torch.abs(right - left).amax(-1) > 0.25 * first) & (first > scale)).any())


def _stays(scheme: Scheme) -> bool:
    """Whether one of some thousand steps ends where it began, although others of the same chain do not."""
    x = _states(scheme).repeat_interleave(_SAMPLES // _STATES, 0)
    generator = torch.Generator().manual_seed(_SEED)
    mean, factor = scheme.step(x, 0.0, drawn(scheme, x, generator))
    after = mean + factor * torch.randn(x.shape, generator=generator, dtype=x.dtype)
    same = (after == x).reshape(len(x), -1).all(1)
    return bool(same.any()) and not bool(same.all())


def _has_rule(scheme: Scheme, name: str) -> bool:
    try:
        return len(scheme.draws[name].rule(1)[1]) > 0
    except Exception:  # the draw's own code may raise anything
        return False


def _ruled(scheme: Scheme, name: str) -> bool:
    """Whether the rule of a draw integrates a step that jumps in it: it splits there, or its nodes are all the values there are."""
    draw = scheme.draws[name]
    try:
        if known_places(scheme, name):
            return True
    except InvalidParameter:
        return False
    nodes, sample = draw.rule(1)[0], draw.sample((_SAMPLES,), torch.Generator().manual_seed(_SEED), torch.float64)
    return _all_among(sample, nodes)


def _all_among(sample: Tensor, nodes: Any) -> bool:
    there = torch.as_tensor(nodes, dtype=torch.float64).flatten().sort().values
    if len(there) < 2:
        return bool((sample == there).all())
    at = torch.searchsorted(there, sample.double().flatten().contiguous()).clamp(1, len(there) - 1)
    gap = torch.minimum(torch.abs(sample.flatten() - there[at]), torch.abs(sample.flatten() - there[at - 1]))
    return float(gap.max()) < 1e-12 * (1 + math.fabs(float(there[-1])))
