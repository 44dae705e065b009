"""Integrals over the line on panels that fit several functions, halved until two rules agree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

_NODES = 5
"""Nodes of the coarser rule, Gauss; the finer one is Kronrod's of twice as many and one."""

_ROUNDS = 10

_CHUNK = 1200
"""Positions at once."""

ROUGHLY = 1e-2
"""How well what a coarser resolution changes is told, relative to it."""


class Piece(Protocol):
    """A function that lives on [low, high], varies on the scale of `width` and is not smooth at the `breaks`."""

    @property
    def low(self) -> float: ...

    @property
    def high(self) -> float: ...

    @property
    def width(self) -> float: ...

    @property
    def breaks(self) -> tuple[float, ...]: ...

    @property
    def device(self) -> torch.device: ...


def panels(pieces: Sequence[Piece], goal: float = 0.0) -> Tensor:
    """The ends of panels, ascending: each no wider than the functions that live there allow, or twice as wide where they are told roughly only."""
    times = 2.0 if goal >= ROUGHLY else 1.0
    spans = [span for p in pieces for span in pairwise((p.low, *p.breaks, p.high)) if span[1] > span[0]]
    widths = [times * p.width for p in pieces for span in pairwise((p.low, *p.breaks, p.high)) if span[1] > span[0]]
    ends = np.unique(np.concatenate([np.linspace(*span, int(np.ceil((span[1] - span[0]) / width)) + 1) for span, width in zip(spans, widths, strict=True)]))
    least = 0.2 * times * min(p.width for p in pieces)
    sharp = {end for p in pieces for end in p.breaks}
    kept = [ends[0]]
    for end in ends[1:-1]:
        if end in sharp or (end - kept[-1] >= least and ends[-1] - end >= least):
            kept.append(end)
    return torch.as_tensor(np.array([*kept, ends[-1]]), device=pieces[0].device)


def integrated(row: Callable[[Tensor], Tensor], ends: Tensor, goal: float, extra: list[float] | None = None, floor: float = 1e-300) -> tuple[float, float]:
    """The integral of a function of positions (n,) -> (n,) and its error, to `goal` of it where that can be reached, or to the floor.

    Where `extra` is given the function has two columns, (n, 2), and the integral of the second is added to extra[0].
    """
    nodes, weights, coarse = (torch.as_tensor(part, device=ends.device) for part in _kronrod())
    left, right = ends[:-1], ends[1:]
    total, error, many = 0.0, 0.0, len(left)
    for number in range(_ROUNDS):
        half = (right - left) / 2
        points = ((left + right) / 2)[:, None] + half[:, None] * nodes
        values = torch.cat([row(part) for part in points.reshape(-1).split(_CHUNK)])
        first = (values if extra is None else values[:, 0]).reshape(points.shape)
        fine, rough = (first @ weights) * half, (first @ coarse) * half
        change = (fine - rough).abs()
        size = total + float(fine.sum())
        poor = change > max(goal * abs(size), floor) / many
        if number == _ROUNDS - 1:
            poor = torch.zeros_like(poor)
        total, error = total + float(fine[~poor].sum()), error + float(change[~poor].sum())
        if extra is not None:
            extra[0] += float(((values[:, 1].reshape(points.shape) @ weights) * half)[~poor].sum())
        if not bool(poor.any()):
            return total, error
        left, right = left[poor], right[poor]
        middle = (left + right) / 2
        left, right = torch.cat([left, middle]), torch.cat([middle, right])
    return total, error


@lru_cache(maxsize=1)
def _kronrod() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes on [-1, 1] of the Kronrod rule of 2n + 1 nodes, its weights, and those of the Gauss rule on the same nodes, zero elsewhere.

    The weights are found from the moments of Legendre polynomials; the added nodes are the roots of the Stieltjes polynomial.
    """
    n = _NODES
    gauss, shares = np.polynomial.legendre.leggauss(n)
    fine, w = np.polynomial.legendre.leggauss(2 * n + 2)
    legendre = np.polynomial.legendre.legvander
    weight = legendre(fine, n)[:, n] * w
    basis = legendre(fine, n + 1)
    system = np.array([[weight @ (basis[:, j] * fine**i) for j in range(n + 1)] for i in range(n + 1)])
    right = -np.array([weight @ (basis[:, n + 1] * fine**i) for i in range(n + 1)])
    added = np.polynomial.legendre.legroots(np.append(np.linalg.lstsq(system, right, rcond=None)[0], 1.0)).real
    nodes = np.sort(np.concatenate([gauss, added]))
    moments = np.zeros(2 * n + 1)
    moments[0] = 2.0
    weights = np.linalg.solve(legendre(nodes, 2 * n).T, moments)
    coarse = np.zeros(2 * n + 1)
    coarse[[int(np.argmin(np.abs(nodes - x))) for x in gauss]] = shares
    return nodes, weights, coarse
