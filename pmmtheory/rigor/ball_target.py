"""What a target on the line is to a proof: functions of balls, and what has to be known of them far out and off the line."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from flint import arb, ctx

Argument = Any
"""A real ball, a complex ball or a power series of balls."""


class BallTarget(ABC):
    """exp(-F), which need not be normalised, with F' and F''. Functions take real and complex balls and power series."""

    @abstractmethod
    def weight(self, z: Argument) -> Argument:
        """exp(-F(z)), entire or meromorphic."""

    @abstractmethod
    def slope(self, z: Argument) -> Argument:
        """F'(z)."""

    def curvature(self, z: Argument) -> Argument:
        """F''(z)."""
        raise NotImplementedError

    @abstractmethod
    def steepness(self, edge: arb) -> arb:
        """k with sign(x) F'(x) >= k for |x| >= edge, so that exp(-F(x)) <= exp(-F(+-edge)) exp(-k (|x| - edge)); a proof is beside each."""

    @property
    @abstractmethod
    def reach(self) -> arb:
        """A place beyond which little is left at the working precision: a choice, of which nothing has to be proved."""

    def slope_bound(self) -> list[arb]:
        """a_k of at least 0 with |F'(x)| <= sum_k a_k |x|^k everywhere."""
        raise NotImplementedError

    def curvature_bound(self) -> arb:
        """b with |F''| <= b everywhere."""
        raise NotImplementedError


class Pulled(BallTarget):
    """F'(z) = z/v - g(z) with g bounded on every line Im z = a of a strip around the real one: what chains of the drift -F' need."""

    variance: arb

    @abstractmethod
    def wave_bound(self, height: arb) -> tuple[arb, arb]:
        """(A, B) with |Re g(x + ia)| <= A and |Im g(x + ia)| <= B for all real x, at a = height >= 0."""

    def slope_bound(self) -> list[arb]:
        return [self.wave_bound(arb(0))[0].upper(), 1 / self.variance]

    def steepness(self, edge: arb) -> arb:
        """x/v - g(x) >= edge/v - max|g|."""
        return (edge / self.variance - self.wave_bound(arb(0))[0]).lower()

    @property
    def reach(self) -> arb:
        return ((self.variance * ctx.prec).sqrt() + self.variance * self.wave_bound(arb(0))[0]).mid()


class Reflected(BallTarget):
    """The law of -X."""

    def __init__(self, target: BallTarget):
        self._target = target

    def weight(self, z: Argument) -> Argument:
        return self._target.weight(-z)

    def slope(self, z: Argument) -> Argument:
        return -self._target.slope(-z)

    def curvature(self, z: Argument) -> Argument:
        return self._target.curvature(-z)

    def steepness(self, edge: arb) -> arb:
        return self._target.steepness(edge)

    @property
    def reach(self) -> arb:
        return self._target.reach


def tanh(z: Argument) -> Argument:
    """1 - 2/(exp(2z) + 1), in which z stands once."""
    return 1 - 2 / ((2 * z).exp() + 1)
