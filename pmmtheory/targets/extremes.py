"""Extremes of the second derivative, and the functional of Muckenhoupt, over panels that are graded to the density."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from pmmtheory.numerics.rules import gauss_legendre

Function = Callable[[Tensor], Tensor]

_CANDIDATES, _TURNS = 12, 8


def maximum(f: Function, x: Tensor) -> float:
    """The supremum of f, by a zoom into the largest values at points that resolve it.

    What still grows when the zoom ends is carried on at its rate, and is infinite where that does not fall.
    """
    x = torch.unique(x)
    values = f(x).detach().nan_to_num(nan=-math.inf)
    padded = torch.nn.functional.pad(values, (1, 1), value=-math.inf)
    peaks = torch.nonzero((values >= padded[:-2]) & (values >= padded[2:])).flatten()
    peaks = peaks[torch.argsort(values[peaks], descending=True)][:_CANDIDATES]
    a, b = x[(peaks - 1).clamp_min(0)], x[(peaks + 1).clamp_max(x.numel() - 1)]
    rows, t = torch.arange(peaks.numel()), torch.linspace(0, 1, 17, dtype=torch.float64)
    seen = [float(values[peaks[0]])]
    for turn in range(2 * _TURNS):
        at = a[:, None] + (b - a)[:, None] * t
        value = f(at).detach().nan_to_num(nan=-math.inf)
        where = value.argmax(-1)
        seen.append(max(seen[-1], float(value.max())))
        row = value[int(value.amax(-1).argmax())]
        if float(row.max() - row.min()) <= 1e-13 * abs(seen[-1]) or (turn >= 5 and seen[-1] - seen[-6] <= 1e-13 * abs(seen[-1])):
            return seen[-1]
        a, b = at[rows, (where - 1).clamp_min(0)], at[rows, (where + 1).clamp_max(16)]
    ratio = (seen[-1] - seen[_TURNS]) / (seen[_TURNS] - seen[0])
    return seen[-1] + 1.5 * (seen[-1] - seen[_TURNS]) * ratio / (1 - ratio) if ratio < 0.95 else math.inf


def hardy(log_density: Function, edges: np.ndarray, median: float, outer: tuple[float, float], weight: Function) -> float:
    """log of the larger, over both sides of the median, of sup_x mass(x) weight(log mass(x)) int_median^x 1/pi.

    outer : the masses below and above the edges. Everything is kept as a logarithm, so that modes however far apart have a number.
    The supremum over edges is raised by what the functional changes by between two of them, and by its rounding.
    """
    fine = np.unique(np.concatenate([(edges[:-1, None] + np.diff(edges)[:, None] * np.arange(8) / 8).ravel(), [edges[-1], median]]))
    nodes, weights = gauss_legendre(6)
    left, width = torch.as_tensor(fine[:-1])[:, None], torch.as_tensor(np.diff(fine))[:, None]
    log_p = log_density(left + width * torch.as_tensor(nodes)).detach()
    log_w = torch.log(width * torch.as_tensor(weights))
    mass, resistance = torch.logsumexp(log_p + log_w, -1), torch.logsumexp(log_w - log_p, -1)
    middle = int(np.searchsorted(fine, median))
    worst = -math.inf
    sides = ((mass[middle:], resistance[middle:], outer[1]), (mass[:middle].flip(0), resistance[:middle].flip(0), outer[0]))
    for outward, crossing, rest in sides:
        inward = torch.cat([torch.log(torch.tensor([rest], dtype=torch.float64)), outward.flip(0)])
        beyond = torch.logcumsumexp(inward, 0).flip(0)[1:-1]
        crossed = torch.logcumsumexp(crossing, 0)[:-1]
        value = beyond + torch.log(weight(beyond)) + crossed
        if value.numel() == 0:
            continue
        best = int(torch.argmax(value))
        beside = value[max(best - 1, 0) : best + 2].min()
        worst = max(worst, float(value[best] + (value[best] - beside)))
    return worst + 1e-9
