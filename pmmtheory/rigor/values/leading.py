"""The leading constants of theory.leading_term."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial

from flint import arb, ctx

from pmmtheory.estimate import Estimate
from pmmtheory.rigor import leading
from pmmtheory.rigor.enclosure import Claimed
from pmmtheory.rigor.targets import ball_target
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, Scheme
from pmmtheory.targets import Cosine, GaussianMixture, LogCosh
from pmmtheory.targets.line import LineTarget
from pmmtheory.theory import leading_term


def claims() -> Iterator[Claimed]:
    """KL, TV and W2 of LMC, and of the Poisson midpoint method with K = inf."""
    targets = (Cosine(), GaussianMixture([0.5, 0.5], [-1.5, 1.5], [1.0, 1.0]), LogCosh())
    for kind, phi, name in ((EulerMaruyama, leading.LMC, "LMC"), (PoissonMidpoint, leading.POISSON, "PMM")):
        for target in targets:
            for distance in ("kl", "tv", "w2"):
                words = f"leading {distance} of {name} on {target.name}"
                yield Claimed(words, partial(_stated, kind, target, distance), partial(_proved, target, phi, distance))


def _stated(kind: type[Scheme], target: LineTarget, distance: str) -> Estimate:
    found: Estimate = getattr(leading_term(kind, target), distance)
    return found


def _proved(target: LineTarget, phi: leading.Phi, distance: str) -> arb:
    found: arb = getattr(_constants(target, phi, ctx.prec), distance)
    return found


@lru_cache(maxsize=64)
def _constants(target: LineTarget, phi: leading.Phi, bits: int) -> leading.Leading:
    """All three, at the working precision."""
    return leading.leading(ball_target(target), phi)
