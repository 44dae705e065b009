"""Decide a check from what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pmmtheory.errors import PmmError
from pmmtheory.estimate import Estimate
from pmmtheory.harness.store import Stored
from pmmtheory.harness.study import Check, Point
from pmmtheory.rates import RateFit, fit_rate

Results = Mapping[str, Stored]


@dataclass(frozen=True)
class Outcome:
    """A check with its verdict.

    Attributes
    ----------
    study : str
    check : Check
    verdict, reason : str
        "pass", "fail" or "undecided", and why, in words.
    points : tuple of (float, Estimate)
        The steps with their measured values.
    skipped : str
        Which points are missing, and why; empty when none is.
    predicted_constant : Estimate or None
    fit : RateFit or None
        None for kind "inequality".
    ratio : float or None
        For kind "inequality": the largest measured / bound.
    results : mapping
        All that is stored, by the keys of cells.
    """

    study: str
    check: Check
    verdict: str
    reason: str
    points: tuple[tuple[float, Estimate], ...]
    skipped: str
    predicted_constant: Estimate | None = None
    fit: RateFit | None = None
    ratio: float | None = None
    results: Results = field(default_factory=dict, repr=False, compare=False)

    def estimate(self, point: Point, metric: str | None = None) -> Estimate | None:
        """The number of one of the check's points or bounds, or another one that its cell gave; None where there is none."""
        return self.results.get(point.cell.key, Stored()).estimates.get(metric or point.metric)

    @property
    def as_it_should(self) -> bool:
        """A claim must pass; a control must fail."""
        return self.verdict == ("fail" if self.check.control else "pass")


def decide(study: str, check: Check, results: Results) -> Outcome:
    """The verdict on a check; points without a stored estimate are skipped and named."""
    points = tuple((point.step, estimate) for point in check.points if (estimate := find(point, results)) is not None)
    skipped = _skipped((*check.points, *check.bounds), results)
    if check.claim.kind == "inequality":
        verdict, reason, ratio = _compare(check, results)
        if verdict == "pass" and skipped:
            verdict, reason = "undecided", f"{reason}, but points are missing"
        return Outcome(study, check, verdict, reason, points, skipped, ratio=ratio, results=results)
    constant, claim = find(check.constant, results) if check.constant else None, check.claim
    try:
        steps, estimates = [step for step, _ in points], [estimate for _, estimate in points]
        claimed = constant.value if constant else None
        fit = fit_rate(steps, estimates, claim.rate, claim.kind, claimed, claim.correction, claim.logarithm, claim.crossover)
    except PmmError as error:
        return Outcome(study, check, "undecided", str(error), points, skipped, constant, results=results)
    verdict, reason = fit.verdict, fit.reason
    if verdict == "pass" and check.constant and constant is None:
        verdict, reason = "undecided", f"{reason}, but the predicted constant is missing: {_why(check.constant, results)}"
    return Outcome(study, check, verdict, reason, points, skipped, constant, fit, results=results)


def find(point: Point, results: Results) -> Estimate | None:
    """The stored estimate of a point."""
    return results.get(point.cell.key, Stored()).estimates.get(point.metric)


def _compare(check: Check, results: Results) -> tuple[str, str, float | None]:
    """Measured <= bound at every step? The verdict, the reason and the tightest ratio."""
    bounds = {point.step: find(point, results) for point in check.bounds}
    pairs = [(point.step, measured, bound) for point in check.points if (measured := find(point, results)) and (bound := bounds.get(point.step))]
    if not pairs:
        return "undecided", "no point was measured together with its bound", None
    ratio, step = max((measured.value / bound.value if bound.value > 0 else float("inf"), step) for step, measured, bound in pairs)
    tightest = f"the largest measured / bound is {ratio:.4g}, at step {step:g}"
    if any(measured.value - measured.error > bound.value + bound.error for _, measured, bound in pairs):
        return "fail", f"the bound is exceeded: {tightest}", ratio
    if all(measured.value + measured.error <= bound.value - bound.error for _, measured, bound in pairs):
        return "pass", tightest, ratio
    return "undecided", f"the bound lies within the errors: {tightest}", ratio


def _skipped(points: tuple[Point, ...], results: Results) -> str:
    """The missing points, those with the same reason together."""
    steps: dict[str, list[str]] = {}
    for point in points:
        if find(point, results) is None:
            steps.setdefault(_why(point, results), []).append(f"{point.step:g}")
    return "; ".join(f"step {', '.join(dict.fromkeys(names))}: {reason}" for reason, names in steps.items())


def _why(point: Point, results: Results) -> str:
    """Why a point has no estimate."""
    stored = results.get(point.cell.key)
    if stored is None:
        return "not computed yet"
    return stored.reason or f"the measure {point.cell.measure} gave no {point.metric!r}"
