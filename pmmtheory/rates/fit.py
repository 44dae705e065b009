"""From pairs (step, error) to a rate, a constant, an honest interval and a verdict."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pmmtheory.errors import InvalidParameter, choice, positive, real, reals
from pmmtheory.estimate import Estimate
from pmmtheory.rates.form import Form
from pmmtheory.rates.judge import judge

USABLE = 0.01
"""Relative error beyond which a point does not enter a fit."""
FEWEST = 4
"""Points that a fit needs."""
NEAR = 1.2
"""Steps nearer to each other than by this factor say little more than one of them."""


@dataclass(frozen=True)
class RateFit:
    """The outcome of a fit error = C step^p (1 + c step + ...).

    Attributes
    ----------
    rate, interval : float, (float, float)
        p and its interval. Where the points show no rate the interval is infinite and p the last local rate; NaN with too few points.
    constant, constant_interval : float, (float, float)
        C and its interval, with p held at the predicted rate where one was given.
    used : tuple of float
        The step sizes that entered, smallest first.
    verdict : "pass", "fail" or "undecided"
    reason : str
        The verdict in words.
    """

    rate: float
    interval: tuple[float, float]
    constant: float
    constant_interval: tuple[float, float]
    used: tuple[float, ...]
    verdict: str
    reason: str


def fit_rate(
    step_sizes: Sequence[float],
    estimates: Sequence[Estimate | float],
    predicted: float | None = None,
    kind: str = "asymptotic",
    constant: float | None = None,
    correction: float = 1.0,
    logarithm: float = 0.0,
    crossover: float | None = None,
) -> RateFit:
    """Judge a claim error = C step^p (1 + c step^r + ...) as step -> 0.

    The slopes of the logarithms between neighbouring steps approach p. It is assumed that from each to the next their distance from p
    shrinks at least like step^(0.4 r), and so do its changes. Where they shrink like one power of the step they are extrapolated, with
    every exponent about the one seen that its own drift allows; where they turn, or are lost in the errors of the points, the interval
    is what the assumption leaves, or the hull of all fits that match. Where they do not shrink, the verdict is "undecided". Of steps nearer to each
    other than by a factor of 1.2 one is used; where too few would be left all are, and intervals are wider: over a short range a large next term looks
    like another rate.
    Errors are taken three times as large as stated and added up, so that they may be bounds as well as standard errors.

    Parameters
    ----------
    step_sizes : positive numbers, all different
    estimates : one a step, with errors (a plain number counts as exact to rounding)
        Points that are not positive, or whose error exceeds 1% of their value, are left out.
    predicted : float, optional
        The rate claimed; without one the verdict is "undecided".
    kind : "asymptotic" or "bound"
        Whether the rate is claimed to equal `predicted`, or to be at least that.
    constant : float, optional
        The constant claimed; that of a bound is not judged.
    correction : float
        The exponent r of the first correction. Those of half of it are found too, if they show.
    logarithm : float
        The exponent of a further factor log(1/step), for steps below 1.
    crossover : float, optional
        The exponent q of a second term, for errors C step^p (1 + c step^r + ...) + D step^q whose second term is seen. Needs 5 points.

    Returns
    -------
    RateFit
        verdict "pass": the interval of the rate lies within 1/4 of the prediction (for a bound: above it less 1/4), and that of the
        constant, if claimed, is no wider than 5%. verdict "fail": the prediction, or the constant, lies outside its interval widened at
        both ends by half its width and by 0.02 (the constant: 0.2%). "undecided": the rest, and what shows no rate.

    Raises
    ------
    InvalidParameter
        For an estimate that is no finite number, or other wrong input.

    Examples
    --------
    >>> steps = [0.1, 0.05, 0.025, 0.0125, 0.00625]
    >>> fit = fit_rate(steps, [3 * h**2 * (1 + h) for h in steps], predicted=2.0)
    >>> fit.verdict, round(fit.rate, 2), round(fit.constant, 2)
    ('pass', 2.0, 3.0)
    """
    choice("kind", kind, ("asymptotic", "bound"))
    for name, value in (("predicted", predicted), ("constant", constant)):
        if value is not None:
            real(name, value)
    form = Form(correction, logarithm, crossover)
    steps = [positive("step_sizes", h) for h in reals("step_sizes", step_sizes, "a sequence of finite numbers above 0")]
    if isinstance(estimates, str | Mapping) or not isinstance(estimates, Iterable):
        raise InvalidParameter("estimates", estimates, "a sequence of finite numbers or Estimates")
    estimates = [_estimate(given) for given in estimates]
    if len(steps) != len(estimates) or len(set(steps)) != len(steps):
        raise InvalidParameter("step_sizes", steps, "as many different steps as estimates")
    if logarithm and max(steps, default=0.0) >= 1:
        raise InvalidParameter("step_sizes", steps, "below 1 where there is a factor log(1/step)")
    measured = _apart(usable(steps, estimates), FEWEST + (crossover is not None))
    used = tuple(sorted(h for h, _ in measured))
    if len(used) < FEWEST:
        reason = f"only {len(used)} of {len(steps)} points are positive with an error below 1%; a fit needs {FEWEST}"
        return RateFit(math.nan, (-math.inf, math.inf), math.nan, (0.0, math.inf), used, "undecided", reason)
    with np.errstate(all="ignore"):  # powers that are no numbers tell nothing: infinite intervals
        points = form.points(measured)
        rate = form.rate(points)
        last = form.local_rates(points).values[-1:]
        middle = rate.middle if rate.known else correction * float(last[0]) if len(last) else math.nan
        log_constant = form.log_constant(points, middle if predicted is None else predicted)
    verdict, reason = judge(rate, predicted, kind, log_constant, constant)
    constants = log_constant.exponentials
    found = math.sqrt(constants[0]) * math.sqrt(constants[1]) if log_constant.known else math.nan
    return RateFit(middle, (rate.low, rate.high), found, constants, used, verdict, reason)


def usable(steps: Sequence[float], estimates: Sequence[Estimate | float]) -> list[tuple[float, Estimate]]:
    """The pairs whose error is positive and known to 1%; plain numbers are exact to rounding."""
    pairs = zip(steps, (_estimate(given) for given in estimates), strict=True)
    return [(h, e) for h, e in pairs if e.value > 0 and e.error <= USABLE * e.value]


def _apart(measured: list[tuple[float, Estimate]], fewest: int) -> list[tuple[float, Estimate]]:
    """From the smallest step on those that are no nearer than NEAR to the last; all where that leaves fewer than so many."""
    kept: list[tuple[float, Estimate]] = []
    for point in sorted(measured, key=lambda pair: pair[0]):
        if not kept or point[0] >= NEAR * (1 - 1e-9) * kept[-1][0]:
            kept.append(point)
    return kept if len(kept) >= fewest else measured


def _estimate(given: Estimate | float) -> Estimate:
    if isinstance(given, Estimate):
        return given
    value = real("estimates", given, "a finite number or an Estimate")
    return Estimate(value, 2e-16 * abs(value), "given")
