"""Laws of many steps: the exact law against particles, closed forms, and the order of the stationary error."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from pmmtheory.divergences import tv
from pmmtheory.errors import NotConverged, UnstableStep
from pmmtheory.estimate import Estimate
from pmmtheory.laws import LinearLaw, LineLaw, PlaneLaw, observed_law, stationary_law, transient_law
from pmmtheory.laws.observed import Observation
from pmmtheory.particles import sample_step, simulate
from pmmtheory.rates import fit_rate
from pmmtheory.targets import Cosine, Gaussian, Target
from pmmtheory.testing.folded import folded
from pmmtheory.testing.jumping_laws import exact_bias, order_by_particles
from pmmtheory.testing.subject import CLOSED_FORM_AT, LINE, SEED, Skipped, Subject, Unclaimed, Violation, require, rounding

_PARTICLES = 100_000
_SIGMAS = 4.0
_MARGIN = 10.0
_STEPS = tuple(0.05 / 2**k for k in range(5))
_PLANE_STEPS = tuple(0.2 / 1.6**k for k in range(5))
_CURVATURE = 1.7


def law_and_particles(subject: Subject) -> None:
    """Three moments and the distribution function of 10^5 particles are those of the exact law, after 3 steps.

    On the line from a point; in the phase plane, whose laws are smooth, from a Gaussian position and velocity.

    Moments to 4 standard errors; sup |F_n - F| <= sqrt(log(2/p)/(2n)) (Dvoretzky, Kiefer & Wolfowitz; Massart 1990) with p
    the probability of 4 standard errors.
    """
    scheme = subject.on_line(_target(subject))
    steps = 3
    start: Any = Gaussian(1.2, 0.5) if scheme.dynamics.blocks > 1 else 1.2
    law = _position(observed_law(scheme, transient_law(folded(scheme), start, steps)))
    states = simulate(scheme, _PARTICLES, steps, seed=SEED, dtype=torch.float64, initial=start)
    if scheme.observes:
        states = sample_step(Observation(scheme), states, 0.0, torch.Generator().manual_seed(SEED))
    x = scheme.dynamics.position(states)
    for k in (1, 2, 3):
        exact, power = law.moment(k), x**k
        allowed = _SIGMAS * float(power.std()) / math.sqrt(_PARTICLES) + exact.error
        require(power.mean(), torch.tensor(exact.value), allowed, f"after {steps} steps the moment {k} of the particles is")
    below = law.cdf(torch.sort(x).values)
    ranks = torch.arange(_PARTICLES + 1, dtype=torch.float64) / _PARTICLES
    gap = torch.maximum((ranks[1:] - below).max(), (below - ranks[:-1]).max())
    chance = math.erfc(_SIGMAS / math.sqrt(2))
    bound = math.sqrt(math.log(2 / chance) / (2 * _PARTICLES))
    require(gap, torch.zeros_like(gap), bound + law.numerical_error, f"after {steps} steps the distribution functions of particles and exact law differ by")


def stationary_gaussian(subject: Subject) -> None:
    """lam Var = the given function of a lam, at stationarity on a Gaussian of curvature lam; Var is that of the position."""
    if subject.stationary_variance is None:
        raise Unclaimed("no closed form of the stationary variance is given")
    for x in CLOSED_FORM_AT:
        scheme = subject.on_line(Gaussian(0.0, 1 / _CURVATURE), x / _CURVATURE)
        law = observed_law(scheme, stationary_law(folded(scheme), rtol=1e-7, engine="gaussian" if scheme.dynamics.blocks > 1 else None))
        found, error = _variance(law)
        seen, wanted = (torch.tensor(v, dtype=torch.float64) for v in (_CURVATURE * found, subject.stationary_variance(x)))
        allowed = _MARGIN * _CURVATURE * error + rounding(wanted)
        require(seen, wanted, allowed, f"on a Gaussian of curvature lam, lam times the stationary variance at step*lam = {x:g} is")


def weak_order(subject: Subject) -> str | None:
    """TV(stationary law of step a, target) = O(a^order), by a fit over halved steps that excludes smaller rates."""
    if subject.jumping:
        exact_bias(subject)
        return order_by_particles(subject, subject.claimed_order())
    order = subject.claimed_order()
    found = _errors(subject, order)
    if order == math.inf:
        _exact(found)
        return None
    fit = fit_rate(list(found), list(found.values()), order, kind="bound")
    if fit.verdict == "undecided":
        raise Skipped(f"the order is undecided: {fit.reason}")
    if fit.verdict == "fail":
        seen = ", ".join(f"{value.value:.3g} at step {step:g}" for step, value in found.items())
        raise Violation(
            f"its stationary law approaches the target like step^{fit.rate:.4g}, not like step^{order:g} "
            f"(allowed error {(fit.interval[1] - fit.interval[0]) / 2:.2g}; total variation {seen})"
        )
    return None


def _exact(found: Mapping[float, Estimate]) -> None:
    """Of the order infinity: no error beyond what is stated of it."""
    if not found:
        raise Skipped("no stationary law was computed")
    for step_size, seen in found.items():
        if seen.value > _MARGIN * seen.error + 1e-12:
            raise Violation(
                f"its stationary law at step {step_size:g} is off the target by {seen.value:.3g} in total variation, not by nothing "
                f"(allowed error {seen.error:.2g})"
            )


def _variance(law: LineLaw | LinearLaw) -> tuple[float, float]:
    """The variance of the position, and its error."""
    if isinstance(law, LineLaw):
        assert law.coarse is not None
        return law.covariance, abs(law.covariance - law.coarse.covariance)
    value = float(law.position.covariance)
    return value, law.numerical_error * value


def _target(subject: Subject) -> Target:
    """In the phase plane one whose drift is entire: laws then take few positions."""
    return LINE if subject.dynamics(LINE).blocks == 1 else Cosine(0.6, 1.0, 1.0)


def _position(law: LineLaw | PlaneLaw) -> LineLaw:
    """The law of the position alone."""
    return law.position if isinstance(law, PlaneLaw) else law


def _errors(subject: Subject, order: float) -> dict[float, Estimate]:
    """The stationary error at each step, each computed to a thousandth of what the step before it lets expect."""
    found: dict[float, Estimate] = {}
    target = _target(subject)
    steps, rtol, finest = (_STEPS, 1e-6, 1e-10) if target is LINE else (_PLANE_STEPS, 1e-5, 1e-5)
    for step_size in steps:
        scheme = subject.on_line(target, step_size)
        try:
            found[step_size] = tv(_position(observed_law(scheme, stationary_law(folded(scheme), rtol), rtol)), target)
        except NotConverged:
            continue
        except UnstableStep as error:
            if step_size == steps[-1]:
                raise Violation(f"it has no stationary law: {error}") from error
            continue
        rtol = min(max(1e-3 * found[step_size].value / 2 ** min(order, 10.0), finest), rtol)
    return found
