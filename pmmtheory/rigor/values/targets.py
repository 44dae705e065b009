"""Normalisers and moments of targets, by quadrature and by rigorous quadrature."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from flint import arb

from pmmtheory.estimate import Estimate
from pmmtheory.rigor import moments
from pmmtheory.rigor.enclosure import Claimed
from pmmtheory.rigor.targets import ball_target
from pmmtheory.targets import Cosine, DoubleWell, GaussianMixture, LogCosh
from pmmtheory.targets.line import LineTarget


def claims() -> Iterator[Claimed]:
    """log Z, E X^2 and E X^4."""
    bimodal = GaussianMixture([0.5, 0.5], [-1.5, 1.5], [1.0, 1.0])
    for target in (Cosine(), bimodal, LogCosh(), DoubleWell()):
        if target is not bimodal:
            yield Claimed(f"log Z of {target.name}", partial(_normaliser, target), partial(_proved, target, 0))
        for k in (2, 4):
            yield Claimed(f"E X^{k} of {target.name}", partial(target.moment, k), partial(_proved, target, k))


def _proved(target: LineTarget, k: int) -> arb:
    """E X^k, or log Z for k = 0."""
    found = ball_target(target)
    return moments.moment(found, k) if k else moments.log_normaliser(found)


def _normaliser(target: LineTarget) -> Estimate:
    """Its error is that of Z, relatively, and the rounding of the logarithm."""
    found = target.quadrature
    return Estimate.of(found.log_normaliser, "quadrature", normaliser=found.error, rounding=2.0**-52 * abs(found.log_normaliser))
