"""Normalisers and moments of targets: acb.integral between two edges, and what is beyond them bounded by how steeply the potential rises there."""

from __future__ import annotations

from collections.abc import Sequence

from flint import acb, arb

from pmmtheory.rigor.ball_target import BallTarget
from pmmtheory.rigor.balls import total
from pmmtheory.rigor.integral import beyond, integral, tail


def outside(target: BallTarget, edge: arb, polynomial: Sequence[arb]) -> arb:
    """A bound on int p(|x|) exp(-F(x)) dx over |x| > edge, for p with coefficients of at least 0."""
    steepness = target.steepness(edge)
    return total(beyond(edge, target.weight(end), steepness, polynomial) for end in (edge, -edge))


def integral_of_power(target: BallTarget, k: int) -> arb:
    """int x^k exp(-F) dx."""
    edge = target.reach

    def f(z: acb, analytic: bool) -> acb:
        found: acb = z**k * target.weight(z)
        return found

    inside = integral(f, -edge, arb(0)) + integral(f, arb(0), edge)
    return inside + tail(outside(target, edge, [arb(0)] * k + [arb(1)]))


def log_normaliser(target: BallTarget) -> arb:
    """log int exp(-F) dx."""
    return integral_of_power(target, 0).log()


def moment(target: BallTarget, k: int) -> arb:
    """E X^k."""
    return integral_of_power(target, k) / integral_of_power(target, 0)
