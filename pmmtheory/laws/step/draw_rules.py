"""Rules for the draws of a step, split where the step jumps in a draw."""

from __future__ import annotations

import math
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.numerics.rules import gauss_legendre
from pmmtheory.schemes import Draw, Index, Midpoints, Normal, Scheme, Uniform
from pmmtheory.targets.line import LineTarget

Rule = tuple[np.ndarray, np.ndarray]

_CELLS = 128
_PROBES = 7
_LARGEST = 8
"""Numbers in a state up to which a step is searched for jumps."""

_STEEP = 6.0
"""How many times the median change over a cell a change must be for a jump to be looked for."""

_FARTHEST = 9.0
"""Where the rule for a normal draw with jumps ends."""

_FOUND: WeakKeyDictionary[Scheme, dict[tuple[str, float], tuple[float, ...]]] = WeakKeyDictionary()


def draw_rules(scheme: Scheme, level: int, finer: int = 0) -> dict[str, Rule]:
    """Nodes and weights for each draw but Midpoints; those of normal draws in which the step is smooth are finer by some levels more.

    Raises
    ------
    InvalidParameter
        For a step on the line that jumps in a uniform draw at a place that depends on the state or on another draw.
    """
    rules: dict[str, Rule] = {}
    for name, draw in scheme.draws.items():
        if isinstance(draw, Midpoints):
            continue
        normal = type(draw) is Normal
        searched = not scheme.dynamics.state_shape if normal else _uniform(draw)
        places = jumps(scheme, name) if searched else ()
        rules[name] = (_split_normal if normal else _split)(places, level) if places else draw.rule(level + finer * normal)
    return rules


def _uniform(draw: object) -> bool:
    return type(draw) is Uniform or (type(draw) is Index and draw.n == math.inf)


def _split(places: tuple[float, ...], level: int) -> Rule:
    """Gauss-Legendre in sqrt(u) between the jumps."""
    edges = np.sqrt(np.array([0.0, *places, 1.0]))
    nodes, weights = gauss_legendre(round(18 * 1.25**level))
    v = (edges[:-1, None] + np.diff(edges)[:, None] * nodes).ravel()
    return v * v, 2 * v * (np.diff(edges)[:, None] * weights).ravel()


def _split_normal(places: tuple[float, ...], level: int) -> Rule:
    """Gauss-Legendre between the jumps, under the density."""
    edges = np.array([-_FARTHEST, *places, _FARTHEST])
    nodes, weights = gauss_legendre(round(36 * 1.25**level))
    z = (edges[:-1, None] + np.diff(edges)[:, None] * nodes).ravel()
    mass = np.exp(-z * z / 2) * (np.diff(edges)[:, None] * weights).ravel()
    return z, mass / mass.sum()


def jumps(scheme: Scheme, name: str) -> tuple[float, ...]:
    """Where a step on the line jumps in a uniform draw, or in a normal one at a place that depends on nothing else."""
    known = _FOUND.setdefault(scheme, {})
    key = (name, scheme.step_size)
    if key not in known:
        known[key] = _jumps(scheme, name)
    return known[key]


def _jumps(scheme: Scheme, name: str) -> tuple[float, ...]:
    shape = scheme.dynamics.state_shape
    if math.prod(shape) > _LARGEST or any(isinstance(d, Midpoints) for d in scheme.draws.values()):
        return ()
    x, ones = _states(scheme, shape), (1,) * len(shape)
    others = {other: _some(draw).reshape(-1, *ones).expand(-1, *(ones if draw.shared else shape)) for other, draw in scheme.draws.items() if other != name}

    def step(probe: Tensor, u: Tensor) -> Tensor:
        """What the step makes of each probe's state, (2 s, *u.shape): the mean and the images of the factor."""
        at, flat = probe.flatten(), u.reshape(-1, *ones)
        mean, factor = scheme.step(x[at], 0.0, {other: values[at] for other, values in others.items()} | {name: flat})
        spread = factor * torch.ones_like(x[at])
        both = torch.cat([mean.expand(x[at].shape).reshape(len(at), -1), spread.reshape(len(at), -1)], -1)
        return both.T.reshape(-1, *u.shape)

    normal = isinstance(scheme.draws[name], Normal)
    u = torch.linspace(-6.013, 6.017, _CELLS + 1, dtype=torch.float64) if normal else torch.linspace(1e-6, 1 - 1e-9, _CELLS + 1, dtype=torch.float64) ** 2
    values = step(torch.arange(_PROBES)[:, None].expand(-1, len(u)), u.expand(_PROBES, -1))
    change = torch.abs(torch.diff(values))
    floor = 1e-7 * torch.abs(values - values.mean(-1, keepdim=True)).max() + _STEEP * change.median(-1, keepdim=True).values
    probe, cell = torch.nonzero((change > floor).any(0)).T
    low, high, left, right = u[cell], u[cell + 1], values[:, probe, cell], values[:, probe, cell + 1]
    first = torch.abs(right - left).max(0).values
    for halvings in (6, 6, 36):  # a change that is smooth, or that of a root, is gone after the first
        if len(probe) == 0:
            return ()
        for _ in range(halvings):
            middle = (low + high) / 2
            at = step(probe, middle)
            lower = torch.abs(at - left).max(0).values > torch.abs(right - at).max(0).values
            low, high = torch.where(lower, low, middle), torch.where(lower, middle, high)
            left, right = torch.where(lower, left, at), torch.where(lower, at, right)
        jumped = torch.abs(right - left).max(0).values > 0.25 * first
        probe, low, high, left, right, first = probe[jumped], low[jumped], high[jumped], left[:, jumped], right[:, jumped], first[jumped]
    found = [high[probe == k].numpy() for k in range(_PROBES)]
    if any(len(each) != len(found[0]) or not np.allclose(each, found[0], rtol=0, atol=1e-9) for each in found):
        if normal:
            return ()
        allowed = "a step that jumps in a uniform draw at one place, whatever the state and the other draws; particles serve any"
        raise InvalidParameter("scheme", scheme.name, allowed)
    return tuple(found[0].tolist())


def _states(scheme: Scheme, shape: tuple[int, ...]) -> Tensor:
    """States to start from, (probes, *shape): across the support of a target on the line, of the size of one elsewhere."""
    target = scheme.dynamics.target
    if not shape and isinstance(target, LineTarget):
        return torch.linspace(target.quadrature.low, target.quadrature.high, _PROBES + 2, dtype=torch.float64)[1:-1]
    pattern = torch.cos(1.0 + 2.3 * torch.arange(_PROBES * math.prod(shape), dtype=torch.float64) ** 2)
    return 2 * pattern.reshape(_PROBES, *shape)


def _some(draw: Draw) -> Tensor:
    """Values of another draw, one a probe."""
    if isinstance(draw, Normal):
        return torch.linspace(-0.37, 0.41, _PROBES, dtype=torch.float64)
    values = draw.rule(0)[0]
    return torch.as_tensor(values)[(3 * torch.arange(_PROBES)) % len(values)]
