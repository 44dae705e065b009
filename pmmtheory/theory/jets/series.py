"""Truncated power series in b_0, b_1, ...: the derivatives of a force at the place where a step begins.

A series is a mapping of monomials to tensors: its coefficients at every node of a quadrature over the draws. A monomial is a tuple of exponents,
first those of two infinitesimals (with squares zero, for derivatives by place), then those of b_0, b_1, .... The weight of b_n is n + 1, the power of an
inverse length that it has, and what has more weight than WEIGHT is left out.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache

import torch
from torch import Tensor

from pmmtheory.theory.jets.taylor import Derivatives

Monomial = tuple[int, ...]
Rows = dict[Monomial, Tensor]

INFINITESIMALS = 2

WEIGHT = 12
"""The highest weight of a monomial that is kept."""


class Kept(threading.local):
    """The highest weight that is kept now, below WEIGHT where less is asked for."""

    def __init__(self) -> None:
        self.weight = WEIGHT


KEPT = Kept()


@contextmanager
def kept(highest: int) -> Iterator[None]:
    """Leave out what has more weight than this."""
    KEPT.weight = highest
    try:
        yield
    finally:
        KEPT.weight = WEIGHT


ONE: Monomial = (0,) * (INFINITESIMALS + WEIGHT)


class NoSeries(Exception):
    """Why a step has no such series, in words."""


def force(n: int) -> Monomial:
    """b_n."""
    return tuple(int(place == INFINITESIMALS + n) for place in range(len(ONE)))


def infinitesimal(n: int) -> Monomial:
    return tuple(int(place == n) for place in range(len(ONE)))


@lru_cache(maxsize=4096)
def weight(monomial: Monomial) -> int:
    """The sum of n + 1 over its b_n."""
    return sum((n + 1) * power for n, power in enumerate(monomial[INFINITESIMALS:]))


@lru_cache(maxsize=65536)
def joined(one: Monomial, other: Monomial) -> Monomial | None:
    """The product of two monomials, None where it is left out."""
    both = tuple(p + q for p, q in zip(one, other, strict=True))
    return None if max(both[:INFINITESIMALS]) > 1 or weight(both) > WEIGHT else both


def times(one: Mapping[Monomial, Tensor], other: Mapping[Monomial, Tensor], most: int = WEIGHT) -> Rows:
    """The product of two series, up to a weight."""
    rows: Rows = {}
    limit = min(most, KEPT.weight)
    for m, p in one.items():
        for n, q in other.items():
            if weight(m) + weight(n) <= limit and (both := joined(m, n)) is not None:
                rows[both] = rows[both] + p * q if both in rows else p * q
    return rows


def plus(one: Mapping[Monomial, Tensor], other: Mapping[Monomial, Tensor]) -> Rows:
    """The sum of two series."""
    rows = dict(one)
    for m, row in other.items():
        rows[m] = rows[m] + row if m in rows else row
    return rows


def composed(derivatives: Derivatives, rows: Mapping[Monomial, Tensor], like: Tensor) -> Rows:
    """A function of a series, by its derivatives at the constant part; `like` has the shape of the coefficients."""
    values = derivatives(rows.get(ONE, torch.zeros_like(like)))
    rest = {m: row for m, row in rows.items() if m != ONE and bool((row != 0).any())}
    if any(weight(m) < 1 and not any(m[:INFINITESIMALS]) for m in rest):
        raise NoSeries("it divides by a force that may be zero")
    power: Rows = {ONE: torch.ones_like(like)}
    total: Rows = {}
    k = 0
    while power:
        value = next(values)
        total = plus(total, {m: row * value for m, row in power.items()})
        k += 1
        power = {m: row / k for m, row in times(power, rest).items()}
    return total


def divided(rows: Mapping[Monomial, Tensor], by: Mapping[Monomial, Tensor]) -> tuple[Rows, int]:
    """A series over one without a constant part, which must be one monomial; and the weight that is lost. Powers may be negative on the way."""
    held = {m: row for m, row in by.items() if bool((row != 0).any())}
    if len(held) != 1 or not all(bool((row != 0).all()) for row in held.values()):
        raise NoSeries("it divides by a force that may be zero")
    ((monomial, divisor),) = held.items()
    if any(monomial[:INFINITESIMALS]):
        raise NoSeries("it divides by what may be zero")
    return {tuple(p - q for p, q in zip(m, monomial, strict=True)): row / divisor for m, row in rows.items()}, weight(monomial)
