"""How fast the laws from two starts come together, against the contraction of Srinivasan & Nagaraj."""

from __future__ import annotations

from pmmtheory.divergences import w2
from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import build_scheme
from pmmtheory.laws import transient_law
from pmmtheory.targets import Gaussian
from pmmtheory.targets.line import LineTarget
from pmmtheory.theory.bounds import srinivasan_nagaraj_contraction

_STARTS = ((-1.0, 0.5), (1.5, 0.8))
"""Means and variances."""


def measure(
    device: str, target: str, scheme: str, step_size: float, steps: int, substeps: int | None = None, midpoints: str | None = None
) -> dict[str, Estimate]:
    """w2 after `steps` steps from N(-1, 0.5) and N(1.5, 0.8), the bound, and `fast`, for a control: one with four times the rate."""
    chain = build_scheme(scheme, target, step_size, substeps, midpoints)
    goal = chain.dynamics.target
    assert isinstance(goal, LineTarget)
    starts = [Gaussian(*start) for start in _STARTS]
    found = w2(*(transient_law(chain, start, steps, device=device, engine="line") for start in starts))
    lam, smooth, initial = goal.strong_convexity, float(goal.smoothness), float(w2(*starts))
    bound = srinivasan_nagaraj_contraction(step_size, substeps or 1, steps, lam, smooth, initial)
    fast = bound**4 / initial**3
    return {"w2": found, "bound": Estimate(bound, 1e-12 * bound, "contraction"), "fast": Estimate(fast, 1e-12 * fast, "contraction")}
