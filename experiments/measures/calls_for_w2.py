"""The number of drift calls per unit of time that a scheme needs for W2 <= accuracy, on the Gaussian target."""

from __future__ import annotations

import math

from scipy.interpolate import barycentric_interpolate

from pmmtheory.divergences import w2
from pmmtheory.errors import NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import build_scheme
from pmmtheory.laws import stationary_law
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Gaussian


def measure(
    device: str,
    target: str,
    scheme: str,
    accuracy: float,
    friction: float | None = None,
    substeps: float | str | None = None,
    midpoints: str | None = None,
    dim: int = 1,
) -> dict[str, Estimate]:
    """`rate`: calls for one unit of diffusion time at the `step` whose stationary position has W2 = accuracy."""
    chain = build_scheme(scheme, target, 0.1, substeps, midpoints, friction, dim)
    step, error = _step_for(chain, accuracy, device)
    rate = chain.drift_calls / step
    return {"step": Estimate(step, step * error, "exact law"), "rate": Estimate(rate, rate * error, "exact law")}


def _step_for(chain: Scheme, accuracy: float, device: str) -> tuple[float, float]:
    """The step with stationary W2 = accuracy, by inverse interpolation in logarithms, and its relative error."""
    target = chain.dynamics.target
    assert isinstance(target, Gaussian)
    places, gaps, slope, change = [math.log(0.1 / math.sqrt(float(target.smoothness)))], list[float](), 0.5, math.inf
    for _ in range(20):
        law = stationary_law(chain.with_step(math.exp(places[-1])), device=device, engine="gaussian")
        estimate = w2(law.position, target)
        gaps.append(math.log(estimate.value / accuracy))
        if len(gaps) > 1:
            slope = abs((places[-1] - places[-2]) / (gaps[-1] - gaps[-2]))
        found = places[0] - slope * gaps[0] if len(gaps) == 1 else _root(gaps[-4:], places[-4:])
        if len(gaps) > 2:
            change = abs(found - _root(gaps[-3:], places[-3:])) if len(gaps) > 3 else slope * abs(gaps[-1])
        unsure = slope * estimate.relative_error
        if change < max(1e-7, unsure):
            return math.exp(found), unsure + change
        places.append(max(places[-1] - 1.5, min(places[-1] + 1.5, found)))
    raise NotConverged(f"the step of {chain.name} for W2 = {accuracy:g}", abs(gaps[-1]), 1e-7)


def _root(gaps: list[float], places: list[float]) -> float:
    """Where the polynomial through places as a function of gaps has the gap 0."""
    return float(barycentric_interpolate(gaps, places, 0.0))
