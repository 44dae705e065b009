"""Stationary laws of LMC that have no closed form, enclosed as a whole: on two modes and on a ripple."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial

from flint import arb, ctx

from pmmtheory.divergences import kl, tv
from pmmtheory.dynamics import Overdamped
from pmmtheory.estimate import Estimate
from pmmtheory.laws import LineLaw, stationary_law
from pmmtheory.rigor.ball_target import Pulled
from pmmtheory.rigor.balls import exact, require
from pmmtheory.rigor.enclosure import Claimed
from pmmtheory.rigor.lmc import Kernel
from pmmtheory.rigor.stationary import Stationary, stationary
from pmmtheory.rigor.stationary_distances import ToTarget
from pmmtheory.rigor.targets import ball_target
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import Cosine, GaussianMixture
from pmmtheory.targets.line import LineTarget

STEP = 0.1

CASES: tuple[tuple[LineTarget, int, int, float], ...] = (
    (GaussianMixture([0.5, 0.5], [-1.5, 1.5], [1.0, 1.0]), 10, 118, 0.75),
    (Cosine(), 8, 84, 1.25),
)
"""Targets; nodes a unit of length, nodes on each side, and the height of the strip: choices that decide how good an enclosure is."""


def claims() -> Iterator[Claimed]:
    """E X^2, TV and KL to the target."""
    proofs: dict[str, tuple[Callable[[LineLaw, LineTarget], Estimate], Callable[[Stationary], arb]]] = {
        "E X^2": (lambda law, target: law.moment(2), lambda law: law.second_moment),
        "tv": (tv, lambda law: ToTarget(law).tv()),
        "kl": (kl, lambda law: ToTarget(law).kl()),
    }
    for case in CASES:
        for words, (stated, proof) in proofs.items():
            yield Claimed(f"{words} of LMC on {case[0].name}, step {STEP:g}", partial(_stated, case[0], stated), partial(_proved, case, proof))


def _stated(target: LineTarget, found: Callable[[LineLaw, LineTarget], Estimate]) -> Estimate:
    return found(stationary_law(EulerMaruyama(Overdamped(target), STEP)), target)


def _proved(case: tuple[LineTarget, int, int, float], proof: Callable[[Stationary], arb]) -> arb:
    return proof(enclosed(*case, ctx.prec))


@lru_cache(maxsize=4)
def enclosed(target: LineTarget, nodes: int, reach: int, height: float, bits: int) -> Stationary:
    """The law of LMC, at the working precision."""
    pulled = ball_target(target)
    require(isinstance(pulled, Pulled), "a force is linear up to a bounded part")
    assert isinstance(pulled, Pulled)
    return stationary(Kernel(pulled, exact(STEP), arb(1) / nodes, reach, exact(height)))
