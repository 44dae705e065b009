"""The number of drift calls that a scheme needs for TV <= accuracy."""

from __future__ import annotations

import math

from pmmtheory import schemes
from pmmtheory.divergences import Estimate, tv
from pmmtheory.harness.catalogue import build_scheme
from pmmtheory.laws import spectral_gap, stationary_law, transient_laws
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Gaussian
from pmmtheory.targets.line import LineTarget
from pmmtheory.theory import leading_term


def measure(
    device: str, target: str, scheme: str, accuracy: float, cold_start: bool, substeps: float | str | None = None, midpoints: str | None = None
) -> dict[str, Estimate]:
    """The calls that TV <= accuracy costs.

    Without a cold start, `rate`: calls for one unit of diffusion time at the step whose stationary TV is the accuracy.
    With one, `calls`: all calls from N(mean + sd, variance/2) until TV <= accuracy, at the step whose stationary TV is half of it.
    """
    any_step = build_scheme(scheme, target, 0.01, substeps, midpoints)
    step, error = _step_for(any_step, accuracy / 2, 2e-3, device) if cold_start else _step_for(any_step, accuracy, 1e-4, device)
    found = {"step": Estimate(step, step * error, "exact law on the line")}
    if cold_start:
        calls = any_step.drift_calls * _steps_until(any_step.with_step(step), accuracy, device)
        return found | {"calls": Estimate(calls, calls * (error + 1e-3), "exact law on the line")}
    rate = any_step.drift_calls / step
    return found | {"rate": Estimate(rate, rate * error, "exact law on the line")}


def _step_for(chain: Scheme, accuracy: float, relative: float, device: str) -> tuple[float, float]:
    """The step with stationary TV = accuracy, by secant steps in logarithms from the leading term, and its relative error; laws to `relative`."""
    goal = chain.dynamics.target
    assert isinstance(goal, LineTarget)
    kind = getattr(schemes, type(chain).__name__)
    term = leading_term(kind, goal)
    slope, step, error = 1 / term.order, (accuracy / term.tv) ** (1 / term.order), 0.0
    previous: tuple[float, float] | None = None
    for _ in range(12):
        estimate = tv(stationary_law(chain.with_step(step), rtol=relative * accuracy, device=device), goal)
        gap, place = math.log(estimate.value / accuracy), math.log(step)
        if previous and place != previous[0]:
            slope = (place - previous[0]) / (gap - previous[1])
        step, error, previous = math.exp(place - slope * gap), slope * (gap**2 + estimate.relative_error), (place, gap)
        if abs(gap) < math.sqrt(relative) / 30:
            break
    return step, error


def _steps_until(chain: Scheme, accuracy: float, device: str) -> float:
    """The number of steps from a cold start until TV <= accuracy, interpolated in log TV between counts 2% apart."""
    goal = chain.dynamics.target
    assert isinstance(goal, LineTarget)
    initial = Gaussian(goal.mean + math.sqrt(goal.covariance), goal.covariance / 2)
    horizon = math.log(1 / accuracy) / spectral_gap(goal)
    while True:
        counts = sorted({max(1, round(horizon / chain.step_size * 1.02**-i)) for i in range(36)})
        values = [float(tv(law, goal)) for law in transient_laws(chain, initial, counts, rtol=1e-3 * accuracy, device=device)]
        if values[0] > accuracy >= values[-1]:
            break
        horizon *= 1.9 if values[-1] > accuracy else 0.6
    i = next(i for i, value in enumerate(values) if value <= accuracy)
    share = math.log(values[i - 1] / accuracy) / math.log(values[i - 1] / values[i])
    return counts[i - 1] + share * (counts[i] - counts[i - 1])
