"""Numbers of the package, each by a second computation that shares nothing with the first: closed forms, quadrature by another library, plain loops.

Rates tell whether errors fall as they should; a constant factor that the two sides of a claim share, or a number that no rate is about, is seen here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from experiments.studies import _routes_schemes as schemes
from experiments.studies._routes import APART, Routes
from pmmtheory.harness.findings import among, hold
from pmmtheory.harness.study import Check, Study
from pmmtheory.harness.verdict import Outcome

SCHEDULES = Routes("routes_schedules", "schedules", {"betas, cosine": 1e-10, "betas, scaled linear": 1e-12})
WRONG = Routes("routes_schedules", "schedules", {"betas, cosine without an offset": 1e-10})
FAMILIES = (SCHEDULES, *schemes.FAMILIES)


def _checks(profile: str) -> Iterator[Check]:
    for routes in FAMILIES:
        yield from routes.checks()
    for wrong in (WRONG, schemes.WRONG):
        yield from wrong.checks(control=True)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    ours = among(outcomes, distance=APART, control=False)
    if hold(ours):
        yield f"{len(ours)} numbers of {len({outcome.check.target for outcome in ours})} families agree with a second computation of each."


study = Study("two_routes", "Numbers by two computations that share nothing", _checks, _findings)
