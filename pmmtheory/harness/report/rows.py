"""What the report says of a claim, in words and digits."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pmmtheory.harness.table import plus_minus
from pmmtheory.harness.verdict import Outcome

Numbers = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
"""Predicted, measured, interval."""


@dataclass(frozen=True)
class Row:
    """A claim as the report shows it; lists have the rate first, then the constant.

    Attributes
    ----------
    number : int
        In its study, from 1 on.
    verdict, mark, kind : str
        In words; a sign before them; and "good", "bad" or "open".
    statement, target, source, assumptions, reason : str
    predicted, measured, interval : tuple of str
    """

    number: int
    verdict: str
    mark: str
    kind: str
    statement: str
    target: str
    source: str
    assumptions: str
    predicted: tuple[str, ...]
    measured: tuple[str, ...]
    interval: tuple[str, ...]
    reason: str


def row(number: int, outcome: Outcome) -> Row:
    """The row of an outcome."""
    check, claim = outcome.check, outcome.check.claim
    if check.control:
        verdict = "fails, as it must" if outcome.as_it_should else f"control not caught: {outcome.verdict}"
    else:
        verdict = outcome.verdict
    kind = "good" if outcome.as_it_should else "open" if outcome.verdict == "undecided" else "bad"
    predicted, measured, interval = _of_inequality(outcome) if claim.kind == "inequality" else _of_rate(outcome)
    reason = "; ".join(filter(None, ("" if outcome.as_it_should else outcome.reason, f"missing: {outcome.skipped}" if outcome.skipped else "")))
    mark = {"good": "✓", "bad": "✗", "open": "?"}[kind]
    return Row(number, verdict, mark, kind, claim.statement, check.target, claim.source, claim.assumptions, predicted, measured, interval, reason)


def outward(low: float, high: float) -> str:
    """An interval in digits that do not make it narrower.

    >>> outward(0.999936, 1.000091), outward(-0.5236, 2.0)
    ('[0.9999, 1.0001]', '[-0.5236, 2]')
    """
    unit = 10.0 ** (math.floor(math.log10(max(abs(low), abs(high), 1e-300))) - 4)
    ends = (math.floor(low / unit + 1e-6) * unit, math.ceil(high / unit - 1e-6) * unit)
    return f"[{ends[0]:.5g}, {ends[1]:.5g}]"


def _of_inequality(outcome: Outcome) -> Numbers:
    """The bound, and what it is compared with where it is tightest."""
    if outcome.ratio is None:
        return ("measured ≤ bound",), ("not measured",), ()
    return ("measured ≤ bound",), (f"largest measured / bound {outcome.ratio:.4g}",), _sides(outcome)


def _sides(outcome: Outcome) -> tuple[str, ...]:
    """Both sides, with their errors, at the step where measured / bound is largest."""
    bounds = {point.step: outcome.estimate(point) for point in outcome.check.bounds}
    pairs = [(number, bound) for point in outcome.check.points if (number := outcome.estimate(point)) and (bound := bounds.get(point.step)) and bound.value > 0]
    if not pairs:
        return ()
    number, bound = max(pairs, key=lambda pair: pair[0].value / pair[1].value)
    return (f"{number.value:.5g} ± {number.error:.1g} ≤ {bound.value:.5g} ± {bound.error:.1g}",)


def _of_rate(outcome: Outcome) -> Numbers:
    """The exponent, and the constant where one is predicted; a constant at a rate that does not hold means nothing."""
    claim, fit, constant = outcome.check.claim, outcome.fit, outcome.predicted_constant
    predicted = [f"rate ≥ {claim.rate:g}" if claim.kind == "bound" else f"rate {claim.rate:.4g}"]
    measured, interval = ["no fit"], []
    if fit and math.isfinite(fit.rate):
        low, high = fit.interval
        known = math.isfinite(high - low)
        measured = [f"rate {plus_minus(fit.rate, (high - low) / 2)}" if known else f"rate {fit.rate:.4g}"]
        interval = [outward(low, high) if known else "no interval"]
    if constant:
        predicted.append(f"constant {constant.value:.5g}")
        if fit and math.isfinite(fit.constant):
            measured.append(f"constant {fit.constant:.5g}")
            interval.append(outward(*fit.constant_interval) if math.isfinite(fit.constant_interval[1] - fit.constant_interval[0]) else "no interval")
    return tuple(predicted), tuple(measured), tuple(interval)
