"""Samplers against the process that they discretise, not against the data: from any start, on Gaussian data, where both laws are exact.

What the start and the stop leave out is in both laws, so that the error of the steps alone is seen. With random midpoints W2 lies between two numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pmmtheory.harness.findings import among, exponents
from pmmtheory.harness.study import Cell, Check, Point
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.claim import Claim

_DATA, _STOP, _NOISE = "two axes", 0.01, "N(0, I)"
_POISSON = "PMM over V1, K=5"
_ORDERS: dict[str, tuple[float, float]] = {
    "EM": (1, _STOP),
    "Heun": (2, _STOP),
    _POISSON: (1, 0.0),
    "Euler": (1, _STOP),
    "EI": (1, _STOP),
    "DDPM V1": (1, 0.0),
    "DDIM": (1, 0.0),
}
"""The order in W2, or in the lower bound on it, and the stop."""
_QUICK = ("EM", "Heun")
_SOURCES = {"Heun": "order of the explicit trapezoid rule"}


def process_checks(profile: str) -> Iterator[Check]:
    counts = (33, 65, 129, 257) if profile == "quick" else (65, 129, 257, 513, 1025)
    for method in _QUICK if profile == "quick" else _ORDERS:
        order, stop = _ORDERS[method]
        yield _order(method, stop, order, counts, "below", _SOURCES.get(method, "Euler: order 1"))
    if profile == "full":
        yield _order("RMM", _STOP, 1.5, counts, "above", "the variance of the random variance, of order 3 (theory.scale_mixture)")
        yield _order("EM", _STOP, 1, counts, "below", "Euler: order 1", "p_T")
    for method, grid in (("Euler", "quadratic"), ("Euler", "log-snr"), ("EM", "uniform")):
        yield _order(method, _STOP, 1, (17, 33, 65, 129), "below", "Euler: order 1", grid=grid)
    yield _order("EM", _STOP, 2, counts, "below", "negative control", control=True)


def _order(
    method: str, stop: float, order: float, counts: Sequence[int], metric: str, source: str, start: str = _NOISE, grid: str = "", control: bool = False
) -> Check:
    options: dict[str, Any] = ({} if method in ("RMM", _POISSON) else {"shift": 0.5}) | ({"grid": grid} if grid else {})
    cells = [(1 / (n - 1), Cell.of("process_error", method=method, count=n, stop=stop, start=start, **options)) for n in counts]
    words = {"below": "W2", "above": "what a coupling shows of W2"}[metric]
    label = f"{method} on the {grid} grid" if grid else method
    statement = f"{words} of {label} from its process, from {start}, falls like N^-{order:g}"
    claim = Claim(statement, label, "w2", order, "asymptotic", source, "Gaussian data")
    return Check(claim, _DATA, tuple(Point(at, cell, metric) for at, cell in cells), control=control)


def process_findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    ours = among(outcomes, control=False, statement="W2 of")
    if found := exponents({method.split(",")[0]: among(ours, scheme=method, statement=_NOISE) for method in _ORDERS if among(ours, scheme=method)}):
        yield f"W2 from the process itself falls like N^-p, p = {found}."
    if found := exponents({"RMM": among(outcomes, scheme="RMM", statement="a coupling")}):
        yield f"Random variances let a coupling of the randomized midpoint show no more than N^-p, p = {found}."
