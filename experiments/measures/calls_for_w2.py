"""The number of drift calls per unit of time that a scheme needs for W2 <= accuracy, on the Gaussian target."""

from __future__ import annotations

import math

from experiments.catalogue import build_scheme
from pmmtheory.divergences import w2
from pmmtheory.errors import NotConverged
from pmmtheory.estimate import Estimate
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
    """The step with stationary W2 = accuracy by secant steps in logarithms, and its relative error."""
    target = chain.dynamics.target
    assert isinstance(target, Gaussian)
    place, slope, error = math.log(0.1 / math.sqrt(float(target.smoothness))), 0.5, 0.0
    previous: tuple[float, float] | None = None
    for _ in range(20):
        law = stationary_law(chain.with_step(math.exp(place)), device=device, engine="linear")
        estimate = w2(law.position, target)
        gap = math.log(estimate.value / accuracy)
        if previous and place != previous[0]:
            slope = (place - previous[0]) / (gap - previous[1])
        error, previous = abs(slope) * estimate.relative_error, (place, gap)
        if abs(gap) < 1e-5:
            return math.exp(place), error + abs(slope * gap)
        place -= max(-1.5, min(1.5, slope * gap))
    raise NotConverged(f"the step of {chain.name} for W2 = {accuracy:g}", abs(gap), 1e-5)
