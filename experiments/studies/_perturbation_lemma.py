"""A normal variable with a small independent part: the published lemma in W2, and its sharp form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pmmtheory.harness.findings import among, exponent, hold
from pmmtheory.harness.study import Cell, Check, Point
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.claim import Claim

_SUM = "Z + V"
_LEMMA, _SHARP = "Srinivasan & Nagaraj 2025, Lemma 1", "derived: the sharp small-perturbation lemma"


def lemma_checks(profile: str) -> Iterator[Check]:
    sizes = (0.14, 0.1, 0.07, 0.05, 0.035)
    for chance in (0.2, 0.02) if profile == "full" else (0.2,):
        cells = [(size, Cell.of("perturbed_normal", size=size, chance=chance)) for size in sizes]
        for words, bound, control in (
            ("the bound of the lemma", "bound", False),
            ("a thirtieth of the bound, below nu^2/4 (wrong)", "thirtieth", True),
        ):
            points, bounds = (tuple(Point(size, cell, metric) for size, cell in cells) for metric in ("w2_squared", bound))
            claim = Claim(f"W2^2 of Z and Z + V is below {words}, p = {chance:g}", _SUM, "w2^2", 0, "inequality", _LEMMA, "E V = 0, |V| <= beta")
            yield Check(claim, "gaussian", points, bounds=bounds, control=control)
        skew = (1 - 2 * chance) ** 2 / (chance * (1 - chance))
        for metric, divisor in (("third", 18), ("third kl", 12)):
            claim = Claim(
                f"Skewness adds k3^2/{divisor} to {'W2^2' if divisor == 18 else 'KL'}, p = {chance:g}", _SUM, metric, 6, "asymptotic", _SHARP, correction=2
            )
            constant = Point(0.0, Cell.of("number", value=skew / divisor), "value")
            yield Check(claim, "gaussian", tuple(Point(size, cell, metric) for size, cell in cells), constant)


def lemma_findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    outcomes = among(outcomes, scheme=_SUM)
    published = among(outcomes, kind="inequality", control=False)
    largest = max((outcome.ratio for outcome in published if outcome.ratio is not None), default=None)
    if hold(published) and largest is not None:
        yield f"W2^2 of a slightly perturbed normal is at most {100 * largest:.2g}% of its bound."
    if power := exponent(among(outcomes, kind="asymptotic")):
        yield f"Skewness of that part adds k3^2/18 to W2^2 and k3^2/12 to KL: order {power}."
