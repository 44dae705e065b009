"""Underdamped schemes on a Gaussian: the order and the constant of every error of the stationary covariance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from experiments.studies._covariance import FRICTION, STEPS, covariance_check, exact_covariance_check
from pmmtheory.harness.findings import among, exponents
from pmmtheory.harness.study import Check, Study
from pmmtheory.harness.verdict import Outcome

_ERRORS: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "ULMC": ({"scheme": "EulerMaruyama"}, {"uu": 1, "uv": 3, "vv": 1}),
    "RMM": ({"scheme": "RandomizedMidpoint"}, {"uu": 3, "-uv": 3, "vv": 3}),
    "PMM bernoulli, K=inf": ({"scheme": "PoissonMidpoint", "substeps": "inf", "midpoints": "bernoulli"}, {"uu": 3, "-uv": 5, "vv": 3}),
    "PMM single, K=inf": ({"scheme": "PoissonMidpoint", "substeps": "inf", "midpoints": "single"}, {"uu": 5, "-uv": 5, "vv": 4}),
    "BAOAB": ({"scheme": "BAOAB"}, {"-vv": 2}),
    "OBABO": ({"scheme": "OBABO"}, {"uu": 2}),
    "ABOBA": ({"scheme": "ABOBA"}, {"vv": 2}),
    "UBU": ({"scheme": "UBU"}, {"-uu": 2, "uv": 2, "vv": 2}),
    "BUB": ({"scheme": "BUB"}, {"uu": 2, "-uv": 2, "-vv": 2}),
}
"""Options, and the order of each error; a minus where the entry is too small."""

_SHORT = tuple(0.4 * 0.6**i for i in range(6))
"""Steps at which errors of high order are not yet rounding."""

_LONG = (*STEPS, STEPS[-1] / 2)
"""One more, for the constants of order 3 at low friction."""

_EXACT = {"BAOAB": ("uu", "uv"), "OBABO": ("uv", "vv"), "ABOBA": ("uu", "uv")}


def _checks(profile: str) -> Iterator[Check]:
    for friction in (FRICTION, 0.7) if profile == "full" else (FRICTION,):
        for scheme, (options, orders) in _ERRORS.items():
            label = scheme if friction == FRICTION else f"{scheme}, friction {friction:g}"
            for entry, order in orders.items():
                steps = _SHORT if order > 4 else _LONG if order == 3 and friction != FRICTION else STEPS
                yield covariance_check(label, entry, order, steps, friction, options)
            for entry in _EXACT.get(scheme, ()):
                yield exact_covariance_check(label, entry, STEPS, friction, options)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    names = {"ULMC": "ULMC", "RMM": "RMM", "PMM": "PMM bernoulli, K=inf", "single": "PMM single, K=inf"}
    if found := exponents({words: among(outcomes, scheme=scheme, distance=("uu", "-uu")) for words, scheme in names.items()}):
        yield f"Order in E U^2: {found}."


study = Study("underdamped_gaussian", "Underdamped schemes on a Gaussian: every error of the stationary covariance, with constants", _checks, _findings)
