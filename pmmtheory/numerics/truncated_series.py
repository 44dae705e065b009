"""Power series in two variables up to a total degree: coefficients along the first axis, in the order of `exponents`, of any shape behind it."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

Exponents = tuple[tuple[int, int], ...]


@lru_cache(maxsize=64)
def exponents(degree: int) -> Exponents:
    """All (i, j) with i + j <= degree, the lower sums first."""
    return tuple((i, total - i) for total in range(degree + 1) for i in range(total + 1))


def place(i: int, j: int) -> int:
    """Where the coefficient of y_1^i y_2^j stands."""
    return (i + j) * (i + j + 1) // 2 + i


def totals(degree: int, device: torch.device) -> Tensor:
    """i + j of each of them, (k,)."""
    return torch.tensor([i + j for i, j in exponents(degree)], device=device)


def multiply_wave(series: Tensor, taylor: np.ndarray, direction: Tensor) -> Tensor:
    """The series times f(direction . y), f(t) = sum_k taylor[k] t^k; direction: (2, ...).

    By Horner's rule in the product with direction . y, which carries the terms of one sum of exponents to those of the next.
    """
    sums = [slice(place(0, total), place(0, total + 1)) for total in range(len(taylor))]
    own, found = [series[some] for some in sums], torch.empty_like(series)
    carried = [found[some] for some in sums]
    for k in range(len(taylor) - 1, -1, -1):
        for total in range(len(taylor) - 1 - k, 0, -1):
            torch.mul(own[total], float(taylor[k]), out=carried[total])
            carried[total][1:].addcmul_(direction[0], carried[total - 1])
            carried[total][:-1].addcmul_(direction[1], carried[total - 1])
        torch.mul(own[0], float(taylor[k]), out=carried[0])
    return found


def wave(taylor: np.ndarray, direction: Tensor) -> Tensor:
    """The series of f(direction . y) alone."""
    powers = [[torch.ones_like(one)] for one in direction]
    for own, one in zip(powers, direction, strict=True):
        for _ in taylor[1:]:
            own.append(own[-1] * one)
    every = exponents(len(taylor) - 1)
    found = direction.new_empty((len(every), *direction.shape[1:]))
    for one, (i, j) in zip(found, every, strict=True):
        torch.mul(powers[0][i], powers[1][j], out=one).mul_(math.comb(i + j, i) * float(taylor[i + j]))
    return found


def times_gaussian(series: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """The series times exp(first y_1^2 + second y_2^2); first and second of the shape of a coefficient."""
    degree = next(d for d in range(len(series)) if place(d, 0) + 1 == len(series))
    for which, factor in enumerate((first, second)):
        found = series.clone()
        for i, j in exponents(degree):
            share = torch.ones_like(factor)
            for k in range(1, (i, j)[which] // 2 + 1):
                share = share * factor / k
                found[place(i, j)] += share * series[place(i - 2 * k, j) if which == 0 else place(i, j - 2 * k)]
        series = found
    return series


def exponential(log: np.ndarray) -> np.ndarray:
    """The Taylor coefficients of exp(f) from those of f, f(0) = 0."""
    found = np.zeros_like(log)
    found[0] = 1.0
    for k in range(1, len(log)):
        found[k] = sum(j * log[j] * found[k - j] for j in range(1, k + 1)) / k
    return found


def logarithm(of: np.ndarray) -> np.ndarray:
    """The Taylor coefficients of log f from those of f, f(0) = 1."""
    found = np.zeros_like(of)
    for k in range(1, len(of)):
        found[k] = of[k] - sum(j * found[j] * of[k - j] for j in range(1, k)) / k
    return found
