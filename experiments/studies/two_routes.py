"""Numbers of the package, each by a second computation that shares nothing with the first: closed forms, quadrature by another library, plain loops.

Rates tell whether errors fall as they should; a constant factor that the two sides of a claim share, or a number that no rate is about, is seen here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from experiments.studies._routes import APART, Routes
from experiments.studies._routes_of_rates import RATES
from pmmtheory.harness.findings import among, hold
from pmmtheory.harness.study import Check, Study
from pmmtheory.harness.verdict import Outcome

_SCHEDULES = Routes("routes_schedules", "schedules", {1e-8: ("betas, cosine", "betas, scaled linear")})
_WRONG = Routes("routes_schedules", "schedules", {1e-8: ("betas, cosine without an offset",)})
_FAMILIES = (_SCHEDULES, *RATES)


def _checks(profile: str) -> Iterator[Check]:
    for routes in _FAMILIES:
        yield from routes.checks()
    yield from _WRONG.checks(control=True)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    ours = among(outcomes, distance=APART, control=False)
    if hold(ours):
        yield f"{len(ours)} numbers of {len({outcome.check.target for outcome in ours})} families agree with a second computation of each."


study = Study("two_routes", "Numbers by two computations that share nothing", _checks, _findings)
