"""The drift calls in a relaxation time that a scheme needs for W2 <= accuracy on a Gaussian in the plane with curvatures 1 and kappa."""

from __future__ import annotations

import math
from collections.abc import Callable

from pmmtheory.divergences import w2
from pmmtheory.errors import NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import scheme_on
from pmmtheory.harness.measures.gaussian_error import uniform
from pmmtheory.laws import stationary_law
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Gaussian


def measure(
    device: str,
    scheme: str,
    accuracy: float,
    condition: float,
    damping: float | None = None,
    substeps: float | str | None = None,
    midpoints: str | None = None,
) -> dict[str, Estimate]:
    """`rate`, the calls for a time 1/lam, or friction/lam with the friction damping sqrt(L), at the `step` whose stationary position has W2 = accuracy.

    Both axes share the random times of a step, so that the law is no product. With v the random variance of the flat axis, of variance 1 in the target,

        W2(steep)^2 + W2(flat)^2 <= W2^2 <= W2(steep)^2 + E (sqrt(v) - 1)^2:

    projections shorten, and an optimal plan of the steep axis goes with sqrt(v) Z -> Z on the other. Half of the gap is in the error.
    """
    friction = None if damping is None else damping * math.sqrt(condition)
    steep, flat = (scheme_on(Gaussian(0.0, 1 / curvature), scheme, 1e-3 / condition, substeps, midpoints, friction) for curvature in (condition, 1.0))
    step, error = _solved(lambda step: _distance(steep.with_step(step), flat.with_step(step), device), accuracy, 0.1 / condition)
    rate = steep.drift_calls / step * (1.0 if friction is None else friction)
    return {"step": Estimate(step, step * error, "exact law"), "rate": Estimate(rate, rate * error, "exact law")}


def _distance(steep: Scheme, flat: Scheme, device: str) -> Estimate:
    """W2 of the position in the plane, between its bounds."""
    one, other = (stationary_law(chain, device=device, engine="gaussian").position for chain in (steep, flat))
    first, second = (w2(law, chain.dynamics.target) for law, chain in ((one, steep), (other, flat)))
    low = math.hypot(first.value - first.error, max(0.0, second.value - second.error))
    coupled = uniform(other, 1.0)
    high = math.hypot(first.value + first.error, coupled.value + coupled.error)
    return Estimate((low + high) / 2, (high - low) / 2, "exact laws of both axes")


def _solved(distance: Callable[[float], Estimate], accuracy: float, step: float) -> tuple[float, float]:
    """The step with distance = accuracy, by secants in logarithms, and its relative error."""
    slope, previous = 0.5, None
    for _ in range(40):
        found = distance(step)
        gap, place = math.log(found.value / accuracy), math.log(step)
        if previous and previous[0] != place:
            slope = min(2.0, max(0.1, (place - previous[0]) / (gap - previous[1]))) if gap != previous[1] else slope
        if abs(gap) < max(1e-9, found.relative_error):
            return step, slope * (abs(gap) + found.relative_error)
        previous = place, gap
        step = math.exp(max(place - 1.5, min(place + 0.7, place - slope * gap)))
    raise NotConverged(f"the step for W2 = {accuracy:g}", abs(gap), max(1e-9, found.relative_error))
