"""Integrals of powers of two Gaussian densities, from the eigenvalues of one covariance relative to the other."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate

EPS = 2.0**-52


def power_sum(order: float, x: Tensor, r: Tensor, square: Tensor, eta: Tensor, known: Tensor | float, words: str) -> tuple[float, float, float]:
    """log int p^a q^(1 - a) = (a - 1)/2 sum (a t^2/c + log(c)/(1 - a) - log r), with what carried errors and rounding do to it.

    r are the eigenvalues of Q^-1 P, with relative errors eta, and x = r - 1 to relative accuracy; square is t^2, t = B^-1 (m_p - m_q) on their axes,
    of relative error `known`; c = 1 + (1 - a) x must be positive on all. Near r = 1 the logarithms are those of 1 + x without x, which cancels.

    Raises
    ------
    InvalidParameter
        Where it is infinite, or may be for all that is known.
    """
    rest = 1 - order
    c = order + rest * r if rest > 0 else 1 + rest * x
    off = abs(rest) * (r * eta + 4 * EPS * x.abs()) + 2 * EPS * (1 + abs(rest) * x.abs())
    room = c - 2 * off
    if not float(c.min()) > 0:
        raise InvalidParameter("law", words, f"laws whose renyi of order {order:g} is finite")
    if not float(room.min()) > 0:
        raise InvalidParameter("law", words, f"laws whose renyi of order {order:g} is surely finite: rounding may hide a direction in which it is not")
    near = torch.maximum(x.abs(), torch.abs(rest * x)) < 0.5
    parts = torch.where(near, surplus(x, r), -torch.log(r)), torch.where(near, -surplus(rest * x, c), torch.log(c)) / rest
    pulled = order * square / c
    value = rest / -2 * float((pulled + parts[0] + parts[1]).sum())
    far = torch.where(near, torch.zeros_like(x), 4 * (1 + (1 + abs(rest) * x.abs()) / (abs(rest) * c)))
    digits = EPS * float((16 * (pulled + parts[0].abs() + parts[1].abs()) + far).sum())
    moved = order * (x.abs() / c * eta + r * eta**2 / room**2) + pulled * (6 * known + 2 * off / room)
    return value, abs(rest) / 2 * float(moved.sum()), abs(rest) / 2 * digits + 4 * EPS * abs(value)


def surplus(x: Tensor, ratio: Tensor) -> Tensor:
    """x - log(1 + x), to relative accuracy, where ratio = 1 + x has all digits near 0: with s = x/(2 + x), 2 s^2/(1 - s) - 2 (s^3/3 + s^5/5 + ...)."""
    s = x / (2 + x)
    square = s * s
    series = sum((square**k / (2 * k + 3) for k in range(9, -1, -1)), torch.zeros_like(x))
    return torch.where(s.abs() < 0.1, 2 * square / (1 - s) - 2 * s * square * series, x - torch.log(ratio))


def closed_form(name: str, words: str, value: float, **parts: float) -> Estimate:
    """A number with an error in parts; raises InvalidParameter, naming the law by `words`, where it or they are beyond double precision."""
    if not (math.isfinite(value) and all(math.isfinite(part) for part in parts.values())):
        raise InvalidParameter("law", words, f"laws whose {name}, with its error, is below 1e308, which is what double precision holds")
    return Estimate.of(value, "closed form", **parts)
