"""Rules for the draws of a step, split where the step jumps in a draw."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes import Scheme
from pmmtheory.schemes.draw import Rule

_CELLS = 4096
_PROBES = 7
_GLANCE = (1, 4)
"""The states, of all that are probed, from which a step is seen again at later times."""

_LARGEST = 8
"""Numbers in a state up to which a step is searched for jumps."""

_LISTED = 20_000
"""Values of an index at which a step is seen."""

_STEEP = 6.0
"""How many times the median change over a cell a change must be for a jump to be looked for."""

_SHARP, _FEW = 50.0, 8
"""How many times the median turn at a cell a turn must be for a kink; and how many cells may have one."""

_NARROW = 32768
"""Cells in which a step from one state is searched for narrow events in a uniform draw."""

_TOWARDS_ZERO = (1e-7, 1e-5, 1e-3, 0.03, 0.25)

_SAME = 1e-9
"""Places no farther apart are one, relative to how far they are from an end of a uniform draw."""

_IN_A_CELL = 8
"""How many jumps a cell may hold that are looked for."""

_ROUNDINGS = 64
"""How many roundings of its largest number a step may change by where nothing changes."""

_FOUND: WeakKeyDictionary[Scheme, dict[tuple[str, float, float], tuple[float, ...]]] = WeakKeyDictionary()


def draw_rules(scheme: Scheme, level: int, finer: int = 0, normals: bool = True, t: float = 0.0) -> dict[str, Rule]:
    """Nodes and weights for each draw of the step at time t; those of normal draws in which the step is smooth are finer by some levels more, or left out.

    Raises
    ------
    InvalidParameter
        For a step on the line that jumps in a uniform draw at a place that depends on the state or on another draw.
    """
    rules: dict[str, Rule] = {}
    for name, draw in scheme.draws.items():
        if draw.normal and not normals:
            continue
        places = () if draw.normal and scheme.dynamics.state_shape else jumps(scheme, name, t)
        rules[name] = draw.split(places, level) if places else draw.rule(level + finer * draw.normal)
    return rules


def jumps(scheme: Scheme, name: str, t: float = 0.0) -> tuple[float, ...]:
    """Where the step at time t on the line jumps in a uniform draw, or in a normal one at a place that depends on nothing else."""
    known = _FOUND.setdefault(scheme, {})
    t = 0.0 if scheme.dynamics.autonomous else t
    key = (name, scheme.step_size, t)
    if key not in known:
        require_smooth(scheme, name, t)
        cells = scheme.draws[name].cells(_CELLS) if _searched(scheme) else None
        new = cells is not None and (t == 0 or bool(jumps(scheme, name)) or _uneven(scheme, name, t, torch.as_tensor(cells)))
        known[key] = _jumps(scheme, name, t, torch.as_tensor(cells)) if new else ()
    return known[key]


def _uneven(scheme: Scheme, name: str, t: float, u: Tensor) -> bool:
    """Whether a step jumps or bends in a draw, with cells between u, from one of a few states: a glance at a time after the first."""
    step, states = _seen(scheme, name, t), torch.tensor(_GLANCE)
    values = step(states[:, None], u[None])
    return len(_jumping(step, states, values, u)[0]) > 0 or bool(_bends(values, u))


def _jumps(scheme: Scheme, name: str, t: float, u: Tensor) -> tuple[float, ...]:
    step, states = _seen(scheme, name, t), torch.arange(_PROBES)
    u = u if scheme.draws[name].normal else _with_narrow(step, u)
    values = step(states[:, None], u[None])
    probe, low, high = _jumping(step, states, values, u)
    if len(probe) == 0:
        return _bends(values, u) or _root(scheme, name, t, values, u)
    for _ in range(_IN_A_CELL):
        u = torch.unique(torch.cat([u, low, high]))
        more = _jumping(step, states, step(states[:, None], u[None]), u)
        if len(more[0]) <= len(probe):
            break
        probe, low, high = more
    found = _shared(probe.numpy(), high.numpy(), scheme.draws[name].normal)
    if found is None:
        if scheme.draws[name].normal:
            return ()
        allowed = "a step that jumps in a uniform draw at one place, whatever the state and the other draws; particles serve any"
        raise InvalidParameter("scheme", scheme.name, allowed)
    return found


def _jumping(step: Callable[[Tensor, Tensor], Tensor], states: Tensor, values: Tensor, u: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """From which states a step jumps, and between which places, of its values (2 s, states, n) at the ends u of cells: at most once in each cell.

    A state is named once for each of its jumps.
    """
    change = torch.abs(torch.diff(values))
    row, cell = torch.nonzero((change > _still(values) + _STEEP * change.median(-1, keepdim=True).values).any(0)).T
    probe, low, high, left, right = states[row], u[cell], u[cell + 1], values[:, row, cell], values[:, row, cell + 1]
    first = torch.abs(right - left).max(0).values
    for halvings in (6, 6, 36):  # a change that is smooth, or that of a root, is gone after the first
        if len(probe) == 0:
            break
        for _ in range(halvings):
            middle = (low + high) / 2
            at = step(probe, middle)
            lower = torch.abs(at - left).max(0).values > torch.abs(right - at).max(0).values
            low, high = torch.where(lower, low, middle), torch.where(lower, middle, high)
            left, right = torch.where(lower, left, at), torch.where(lower, at, right)
        jumped = torch.abs(right - left).max(0).values > 0.25 * first
        probe, low, high, left, right, first = probe[jumped], low[jumped], high[jumped], left[:, jumped], right[:, jumped], first[jumped]
    return probe, low, high


def _with_narrow(step: Callable[[Tensor, Tensor], Tensor], u: Tensor) -> Tensor:
    """Ends of cells in a uniform draw, and those of much narrower ones in which a step from one state changes out of the order."""
    fine = (torch.arange(_NARROW, dtype=torch.float64) + 0.5) / _NARROW
    values = step(torch.tensor([[_PROBES // 2]]), fine[None])[:, 0]
    change = torch.abs(torch.diff(values))
    cells = torch.nonzero((change > _still(values) + _SHARP * change[:, ::16].median(-1, keepdim=True).values).any(0))[:, 0]
    if not 0 < len(cells) <= 2 * _FEW:
        return u
    ends: Tensor = torch.unique(torch.cat([u, fine[cells], fine[cells + 1]]))
    return ends


def _still(values: Tensor) -> Tensor:
    """What a step may change by between neighbouring values of a draw where nothing changes."""
    return 1e-7 * torch.abs(values - values.mean(-1, keepdim=True)).max() + _ROUNDINGS * torch.finfo(values.dtype).eps * torch.abs(values).max()


def _root(scheme: Scheme, name: str, t: float, values: Tensor, u: Tensor) -> tuple[float, ...]:
    """Ever shorter parts towards zero, for a step that has a root there which no normal draw hides: one in which a step jumps or bends hides none."""
    normals = [other for other, draw in scheme.draws.items() if draw.normal]
    if name in normals or normals and (scheme.dynamics.state_shape or not all(jumps(scheme, other, t) for other in normals)):
        return ()
    slopes = torch.abs(torch.diff(values) / torch.diff(u))
    steep = slopes[..., 0] > slopes[..., 1:].amax(-1) + 1e-7 * torch.abs(values).amax(-1)
    early = slopes[..., 0] > 100 * slopes.median(-1).values
    return _TOWARDS_ZERO if bool((steep & early).any()) else ()


def _shared(probe: np.ndarray, place: np.ndarray, normal: bool) -> tuple[float, ...] | None:
    """Places of which each was found from more than half of the states, ascending: from some a jump may be none. None where there is another."""
    order = np.argsort(place, kind="stable")
    low, high = place[order][:-1], place[order][1:]
    close = _SAME * (1.0 if normal else np.minimum(high, 1 - low)) + 4 * np.finfo(float).eps * np.abs(high)
    apart = np.flatnonzero(high - low > close) + 1
    groups = np.split(order, apart)
    if any(2 * len(set(probe[group].tolist())) <= _PROBES for group in groups):
        return None
    return tuple(float(place[group].max()) for group in groups)


def _bends(values: Tensor, u: Tensor) -> tuple[float, ...]:
    """The ends of cells in which a step has a kink, if it has few and the same from all states: a rule split there has next to nothing of it left."""
    widths = torch.diff(u)
    slopes = torch.diff(values) / widths
    turn, rounding = torch.abs(torch.diff(slopes)), torch.finfo(values.dtype).eps * torch.abs(values).amax(-1, keepdim=True) / widths[1:].minimum(widths[:-1])
    floor = _SHARP * turn.median(-1, keepdim=True).values + 1e-7 * torch.abs(slopes).amax(-1, keepdim=True) + _ROUNDINGS * rounding
    cells = (turn > floor).any(0).any(0).nonzero()[:, 0]
    if not 0 < len(cells) <= _FEW:
        return ()
    return tuple(sorted({float(u[cell + k]) for cell in cells.tolist() for k in (0, 2)}))


def _searched(scheme: Scheme) -> bool:
    return math.prod(scheme.dynamics.state_shape) <= _LARGEST and not any(draw.layered for draw in scheme.draws.values())


def _seen(scheme: Scheme, name: str, t: float) -> Callable[[Tensor, Tensor], Tensor]:
    """The step from some states, with some values of the other draws, as a function of one draw."""
    shape = scheme.dynamics.state_shape
    x, ones = _states(scheme, shape), (1,) * len(shape)
    probes = {other: torch.as_tensor(draw.probes(_PROBES)) for other, draw in scheme.draws.items() if other != name}
    others = {other: values.reshape(-1, *ones).expand(-1, *(ones if scheme.draws[other].shared else shape)) for other, values in probes.items()}

    def step(probe: Tensor, u: Tensor) -> Tensor:
        """What the step makes of each probe's state at each u, which broadcast, (2 s, *their shape): the mean and the images of the factor."""
        over = torch.broadcast_shapes(probe.shape, u.shape)
        mean, factor = scheme.step(x[probe], t, {other: values[probe] for other, values in others.items()} | {name: u.reshape(*u.shape, *ones)})
        unit = torch.ones((*over, *shape), dtype=torch.float64)
        both = torch.stack([mean.expand(unit.shape), factor * unit], len(over)).flatten(len(over))
        return both.movedim(-1, 0).contiguous()

    return step


def require_smooth(scheme: Scheme, name: str, t: float = 0.0) -> None:
    """Raise InvalidParameter where a step jumps about with an index of which a rule takes some values: polynomials of more terms tell it no better."""
    every = scheme.draws[name].every()
    if every is None or not _searched(scheme):
        return
    u = torch.as_tensor(every[:: math.ceil(len(every) / _LISTED)])
    values = _seen(scheme, name, t)(torch.arange(_PROBES)[:, None], u[None]).reshape(-1, len(u))
    left = []
    for terms in (6, 12):
        basis = torch.linalg.qr(torch.as_tensor(np.polynomial.legendre.legvander(2 * u.numpy() - 1, terms - 1)))[0]
        left.append(torch.abs(values - values @ basis @ basis.T).amax(1))
    rough = (left[1] > 0.8 * left[0]) & (left[1] > 1e-9 * torch.abs(values).amax(1))
    if bool(rough.any()):
        allowed = f"a step that varies smoothly with an index of {len(every)} values, of which a law takes some; particles serve any"
        raise InvalidParameter("scheme", scheme.name, allowed)


def _states(scheme: Scheme, shape: tuple[int, ...]) -> Tensor:
    """States to start from, (probes, *shape): across the support of a target on the line, elsewhere within two deviations of its mean; of the size of one
    where steps depend on time, which start from noise.
    """
    system = scheme.dynamics
    target: Any = system.target
    support = getattr(target, "quadrature", None) if not shape else None
    if support is not None:
        return torch.linspace(support.low, support.high, _PROBES + 2, dtype=torch.float64)[1:-1]
    pattern = torch.cos(1.0 + 2.3 * torch.arange(_PROBES * math.prod(shape), dtype=torch.float64) ** 2)
    states = 2 * pattern.reshape(_PROBES, *shape)
    if system.autonomous and hasattr(target, "covariance"):
        covariance = torch.as_tensor(target.covariance, dtype=torch.float64).cpu()
        widths = torch.sqrt(covariance.diagonal() if covariance.ndim else covariance)
        for state in states:
            position = system.position(state)
            position.copy_((torch.as_tensor(target.mean, dtype=torch.float64).cpu() + widths * position).reshape(position.shape))
    return states
