"""The number of drift calls that a scheme needs for TV <= accuracy."""

from __future__ import annotations

import math

from experiments.catalogue import build_scheme
from pmmtheory import schemes
from pmmtheory.divergences import Estimate, tv
from pmmtheory.laws import spectral_gap, stationary_law, transient_laws
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Gaussian
from pmmtheory.targets.line import LineTarget
from pmmtheory.theory import leading_term


def measure(
    device: str, target: str, scheme: str, accuracy: float, cold_start: bool, substeps: float | str | None = None, midpoints: str | None = None
) -> dict[str, Estimate]:
    """The step at which the stationary TV equals the accuracy, and the calls that it costs.

    rate : calls for one unit of diffusion time at the step whose stationary TV is the accuracy.
    calls : with cold_start, calls until TV <= accuracy from N(mean + sd, variance/2), at the step whose stationary TV is half the accuracy.
    """
    any_step = build_scheme(scheme, target, 0.01, substeps, midpoints)
    step, error = _step_for(any_step, accuracy, device)
    rate = any_step.drift_calls / step
    found = {"rate": Estimate(rate, rate * error, "exact law on the line"), "step": Estimate(step, step * error, "exact law on the line")}
    if cold_start:
        half, error = _step_for(any_step, accuracy / 2, device)
        calls = any_step.drift_calls * _steps_until(any_step.with_step(half), accuracy, device)
        found["calls"] = Estimate(calls, calls * (error + 1e-3), "exact law on the line")
    return found


def _step_for(chain: Scheme, accuracy: float, device: str) -> tuple[float, float]:
    """The step with stationary TV = accuracy, by secant steps in logarithms from the leading term, and its relative error."""
    goal = chain.dynamics.target
    assert isinstance(goal, LineTarget)
    kind = getattr(schemes, type(chain).__name__)
    term = leading_term(kind, goal)
    slope, step, error = 1 / term.order, min((accuracy / term.tv) ** (1 / term.order), 0.15 / float(goal.smoothness)), 0.0
    previous: tuple[float, float] | None = None
    for _ in range(12):
        estimate = tv(stationary_law(chain.with_step(step), rtol=1e-4 * accuracy, device=device), goal)
        gap, place = math.log(estimate.value / accuracy), math.log(step)
        if previous and place != previous[0]:
            slope = (place - previous[0]) / (gap - previous[1])
        error = slope * (abs(gap) + estimate.relative_error)
        if abs(gap) < 1e-7:
            break
        previous = (place, gap)
        step = math.exp(place - slope * gap)
    return step, error


def _steps_until(chain: Scheme, accuracy: float, device: str) -> float:
    """The number of steps from a cold start until TV <= accuracy, interpolated in log TV between counts 2% apart."""
    goal = chain.dynamics.target
    assert isinstance(goal, LineTarget)
    initial = Gaussian(goal.mean + math.sqrt(goal.covariance), goal.covariance / 2)
    horizon = math.log(1 / accuracy) / spectral_gap(goal)
    while True:
        counts = sorted({max(1, round(horizon / chain.step_size * 1.02**-i)) for i in range(36)})
        values = [float(tv(law, goal)) for law in transient_laws(chain, initial, counts, rtol=1e-4 * accuracy, device=device)]
        if values[0] > accuracy >= values[-1]:
            break
        horizon *= 1.9 if values[-1] > accuracy else 0.6
    i = next(i for i, value in enumerate(values) if value <= accuracy)
    share = math.log(values[i - 1] / accuracy) / math.log(values[i - 1] / values[i])
    return counts[i - 1] + share * (counts[i] - counts[i - 1])
