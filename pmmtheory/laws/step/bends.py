"""Where a step on the line is not smooth in the state, and where its noise is small, seen from a step on many states."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from pmmtheory.schemes import Scheme
from pmmtheory.targets.line import on_the_line

_CELLS, _PROBES = 4096, 7

_FINE = 64
"""Cells of one cell and its neighbours, when a bend is looked for within it."""

_SURE, _DEPTH = 4, 11
"""How many times 16 the cells are narrower on which a bend must still be seen, and those on which its place is looked for."""

_SHARP = 40.0
"""How many times the turns around it a turn must be for a bend."""

_AROUND = 16
"""Cells on each side whose turns are those around."""

_ROUNDINGS = 256
"""How many roundings of its largest number a step may turn by where it does not."""

_MOST = 12
"""Bends beyond which a step is no longer one of smooth pieces."""

_WIDER = 1.5
"""How many times the interval asked for the one looked at is: those of the next resolutions lie within."""

_FAINTEST = 1e-3

_FOUND: WeakKeyDictionary[Scheme, dict[float, Bends]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Bends:
    """What a step is in the state.

    Attributes
    ----------
    places : tuple of floats
        Where it has a kink or a jump whatever its draws.
    moving : bool
        Whether it has others, at places that depend on its draws.
    x, quiet : (n,) tensors
        States, and the least share that the deviation of the last Gaussian has there of the one in the middle, at most 1.
    """

    places: tuple[float, ...]
    moving: bool
    x: Tensor
    quiet: Tensor

    def noise(self, at: Tensor) -> Tensor:
        """That share at states, the least within a few cells."""
        cell = (at.cpu() - self.x[0]) / (self.x[1] - self.x[0])
        return self.quiet[cell.round().long().clamp(0, len(self.x) - 1)].to(at.device)


def bends(scheme: Scheme, low: float, high: float) -> Bends:
    """The bends of a step between low and high and somewhat beyond, those of the force of the target among them.

    A kink or a jump is a second difference of mean or factor that is 40 times those around it, on cells 1/4096 of the interval wide and, at the same
    place, on cells 16^4 times narrower; a narrow smooth turn is gone there. A step with a declared structure is what its structure says: not looked at.
    """
    known = _FOUND.setdefault(scheme, {})
    found = known.get(scheme.step_size)
    if found is None or found.x[0] > low or found.x[-1] < high:
        middle, half = (low + high) / 2, _WIDER * (high - low) / 2
        found = known[scheme.step_size] = _found(scheme, torch.linspace(middle - half, middle + half, _CELLS + 1, dtype=torch.float64))
    return found


def _found(scheme: Scheme, x: Tensor) -> Bends:
    if scheme.structure is not None or any(draw.layered for draw in scheme.draws.values()):
        return Bends((), False, x, torch.ones_like(x))
    values = _seen(scheme, x)
    sharp, apart = _turning(values), 3 * float(x[1] - x[0])
    places: list[float] = []
    everywhere: list[bool] = []
    for cell in torch.nonzero(sharp.any(0))[: 20 * _MOST, 0].tolist():
        place = _within(scheme, float(x[max(cell - 1, 0)]), float(x[min(cell + 3, _CELLS)]))
        if place is not None and (not places or place - places[-1] > apart):
            places.append(place)
            seen = sharp[:, max(cell - 2, 0) : cell + 3].any(1).reshape(2, -1).any(0)
            everywhere.append(2 * int(seen.sum()) > len(seen))
    moving = len(places) > _MOST or not all(everywhere)
    return Bends(() if len(places) > _MOST else tuple(p for p, e in zip(places, everywhere, strict=True) if e), moving, x, _quiet(scheme, x, values))


def _quiet(scheme: Scheme, x: Tensor, values: Tensor) -> Tensor:
    """The least of the factors at and around each state over those in the middle of the target, with the same draws."""
    factor = values[len(values) // 2 :].abs()
    middle = factor[:, int(torch.searchsorted(x, on_the_line(scheme.dynamics.target).mean).clamp(0, _CELLS))][:, None]
    share = torch.where(middle > 0, factor / middle, 1.0).amin(0).clamp(_FAINTEST, 1.0)
    return -torch.nn.functional.max_pool1d(-share[None], 9, 1, 4)[0]


def _seen(scheme: Scheme, x: Tensor) -> Tensor:
    """Means and factors from every state with some values of the draws, (2 probes, n)."""
    draws = {name: torch.as_tensor(draw.probes(_PROBES))[None] for name, draw in scheme.draws.items()}
    mean, factor = scheme.step(x[:, None], 0.0, draws)
    shape = (len(x), _PROBES if draws else 1)
    return torch.cat([torch.as_tensor(part, dtype=x.dtype).expand(shape) for part in (mean, factor)], 1).T


def _turning(values: Tensor) -> Tensor:
    """Whether each second difference stands out of those around it, (k, n - 2): of their mean on one side at least, and then of their median."""
    turn = torch.diff(torch.diff(values)).abs()
    rounding = _ROUNDINGS * torch.finfo(values.dtype).eps * values.abs().amax(-1, keepdim=True)
    padded = torch.nn.functional.pad(turn[None], (_AROUND, _AROUND), mode="reflect")[0]
    sums = torch.nn.functional.pad(torch.cumsum(padded, -1), (1, 0))
    n, side = turn.shape[1], _AROUND - 2
    left, right = (sums[:, k + side : k + side + n] - sums[:, k : k + n] for k in (0, _AROUND + 3))
    sharp = turn > _SHARP / side * torch.minimum(left, right).clamp_min(0) + rounding
    row, cell = torch.nonzero(sharp).T
    windows = padded[row[:, None], cell[:, None] + torch.arange(2 * _AROUND + 1)]
    sharp[row, cell] = turn[row, cell] > _SHARP * windows.median(-1).values + rounding[row, 0]
    return sharp


def _within(scheme: Scheme, low: float, high: float) -> float | None:
    """The place of a bend between two states, to their roundings where it is a jump; None where there is none on finer cells."""
    for turns in range(_DEPTH):
        x = torch.linspace(low, high, _FINE + 1, dtype=torch.float64)
        values = _seen(scheme, x)
        turn = torch.diff(torch.diff(values)).abs()
        rounding = _ROUNDINGS * torch.finfo(values.dtype).eps * values.abs().amax(-1, keepdim=True)
        over = turn / (_SHARP * turn.median(-1, keepdim=True).values + rounding)
        if float(over.max()) < 1:
            if turns < _SURE:
                return None
            break
        cell = int(over.amax(0).argmax())
        low, high = float(x[max(cell - 1, 0)]), float(x[min(cell + 3, _FINE)])
    return (low + high) / 2
