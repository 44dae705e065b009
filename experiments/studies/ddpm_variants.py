"""The variants of DDPM: which is best at which budget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pmmtheory.harness.findings import among, exponent, hold
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.claim import Claim

_DATA = "two modes"
_SOURCE = "Kandasamy & Nagaraj 2024, App. A, where on images the variants cross"
_FEW, _MANY = (5, 10, 20), (50,)
_EVERY = (5, 10, 20, 40, 80, 200)
_NEARER: dict[tuple[str, str], dict[str, tuple[int, ...]]] = {
    ("w2", "V1"): {variant: _FEW + _MANY for variant in ("V1b", "V1c", "V1d", "V2", "V3", "V3-literal")},
    ("tv", "V1"): {"V1b": _FEW},
    ("tv", "V1b"): {"V1": _MANY} | {variant: _FEW + _MANY for variant in ("V1c", "V1d", "V2", "V3", "V3-literal")},
    ("w2", "V3"): {"V2": _EVERY},
    ("tv", "V3"): {"V2": _EVERY},
}
"""(distance, variant) -> the variants that it beats, and at how many calls: V1 is best in W2; in TV they cross; V3 as it was likely run beats V2."""


def cell(variant: str, steps: int, **options: Any) -> Cell:
    """The error of a variant."""
    return Cell.of("sampler_error", data=_DATA, sampler="DDPM", variant=variant, steps=steps, rtol=1e-4 if steps <= 10 else 1e-5, **options)


def _checks(profile: str) -> Iterator[Check]:
    for variant in ("V1", "V1b", "V1c", "V1d", "V2", "V3") if profile == "full" else ("V1", "V2", "V3"):
        counts = (30, 60, 90, 180, 300) if profile == "quick" else (30, 60, 90, 180, 300, 450, 900)
        points = tuple(Point(1 / n, cell(variant, n, end=100), "w2") for n in counts)
        claim = Claim(f"W2 of DDPM {variant} at time 100 falls like steps^-1", f"DDPM {variant}", "w2", 1, "asymptotic", "Euler steps of the reverse process")
        yield Check(claim, _DATA, points)
    for (metric, better), others in _NEARER.items():
        for worse, budgets in others.items():
            statement = f"DDPM {better} beats {worse} at {', '.join(map(str, budgets))} calls ({metric.upper()})"
            points, bounds = (tuple(Point(1 / n, cell(variant, n), metric) for n in budgets) for variant in (better, worse))
            yield Check(Claim(statement, f"DDPM {better}", metric, 0, "inequality", _SOURCE), _DATA, points, bounds=bounds)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    rates = among(outcomes, kind="asymptotic")
    if power := exponent(rates):
        yield f"DDPM {', '.join(outcome.check.claim.scheme.removeprefix('DDPM ') for outcome in rates)}: order {power}."
    others = _NEARER["w2", "V1"]
    best = among(outcomes, kind="inequality", scheme="DDPM V1", distance="w2")
    if hold(best) and len(best) == len(others):
        calls = ", ".join(map(str, sorted(set.intersection(*map(set, others.values())))))
        yield f"V1 is the nearest to the data of {len(others) + 1} variants with {calls} calls."
    first, last = (among(outcomes, distance="tv", statement=words) for words in ("V1 beats V1b at", "V1b beats V1 at"))
    if hold(first) and hold(last):
        before, after = max(round(1 / step) for step, _ in first[0].points), min(round(1 / step) for step, _ in last[0].points)
        yield f"In TV V1 and V1b cross between {before} and {after}."


study = Study("ddpm_variants", "Variants of DDPM on an exact score: orders, and which is best at which budget", _checks, _findings)
