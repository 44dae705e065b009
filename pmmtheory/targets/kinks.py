"""Kinks of a potential on the line: places where F' or F'' jumps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

Function = Callable[[Tensor], Tensor]

_JUMP = 1e-4
"""The least jump of a derivative that is one, relative to its size beside it."""


def kinks_at(places: np.ndarray, room: np.ndarray, extent: float, drift: Function, curvature: Function) -> tuple[np.ndarray, np.ndarray]:
    """Which places are kinks of F'' or F', and the jump of F' at each.

    places, room : (n,) the places, and how far around them nothing else happens; extent : the length of the support.
    A kink is a difference across the place that is far above what a smooth function changes by over so short a distance,
    or an F'' that grows without bound towards it. Returns (n,) booleans and (n,) jumps, zero where F' has none.
    """
    delta = np.maximum(1e-7 * room, 8 * np.spacing(np.abs(places)))
    x = torch.as_tensor(np.stack([places - 4 * delta, places - delta, places + delta, places + 4 * delta]))
    slope, bend = (-drift(x)).detach().numpy(), curvature(x).detach().numpy()
    with np.errstate(invalid="ignore", over="ignore"):
        steepest, bends = np.abs(slope).max(0), np.abs(bend)
        least = 1e-8 * np.maximum(1 / extent**2, steepest**2)
        jump, change = slope[2] - slope[1], np.abs(bend[2] - bend[1])
        broken = np.abs(jump) > 100 * delta * bends.max(0) + 1e-9 * np.maximum(steepest, 1 / extent)
        bent = (change > _JUMP * bends.max(0)) & (change > 30 * np.maximum(np.abs(bend[1] - bend[0]), np.abs(bend[3] - bend[2]))) & (change > least)
        blown = (np.minimum(bends[1], bends[2]) > 1.2 * np.maximum(bends[0], bends[3])) & (bends.max(0) > least)
    return broken | bent | blown, np.where(broken, jump, 0.0)


def locate(left: np.ndarray, right: np.ndarray, drift: Function, curvature: Function) -> np.ndarray:
    """Places in the panels [left, right] where F' or F'' may jump, by bisection towards the larger change of either; unsorted, unverified."""
    found = []
    for derivative in (drift, curvature):
        a, b = left.copy(), right.copy()
        before, after = derivative(torch.as_tensor(np.stack([a, b]))).detach().numpy()
        for _ in range(70):
            middle = (a + b) / 2
            value = derivative(torch.as_tensor(middle)).detach().numpy()
            with np.errstate(invalid="ignore"):
                lower = np.abs(value - before) >= np.abs(after - value)
            a, b = np.where(lower, a, middle), np.where(lower, middle, b)
            before, after = np.where(lower, before, value), np.where(lower, value, after)
            if bool((b - a <= 2 * np.spacing(np.abs(a))).all()):
                break
        found.append(_rounded(a, b, right - left))
    return np.concatenate(found)


def _rounded(a: np.ndarray, b: np.ndarray, room: np.ndarray) -> np.ndarray:
    """The number with few digits between a and b, where there is one; else the middle."""
    middle = (a + b) / 2
    unit = np.maximum(b - a, np.maximum(np.spacing(np.abs(middle)), 1e-17 * room))
    short = np.array([float(f"{m:.12g}") for m in middle])
    return np.where(np.abs(middle) <= 2 * unit, 0.0, np.where(np.abs(short - middle) <= 2 * unit, short, middle))
