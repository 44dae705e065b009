"""Underdamped schemes beyond Gaussians: the laws of position and velocity on a rippled and on a bimodal target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pmmtheory.harness.findings import among, constants, exponents
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.claim import Claim

FRICTION = 2.0
SCHEMES: dict[str, tuple[int, dict[str, Any]]] = {
    "ULMC": (1, {"scheme": "EulerMaruyama"}),
    "BAOAB": (2, {"scheme": "BAOAB"}),
    "OBABO": (2, {"scheme": "OBABO"}),
    "ABOBA": (2, {"scheme": "ABOBA"}),
    "UBU": (2, {"scheme": "UBU"}),
    "BUB": (2, {"scheme": "BUB"}),
    "RMM": (3, {"scheme": "RandomizedMidpoint"}),
    "PMM single, K=inf": (3, {"scheme": "PoissonMidpoint", "midpoints": "single", "substeps": "inf", "rtol": 1e-6}),
    "PMM bernoulli, K=inf": (3, {"scheme": "PoissonMidpoint", "midpoints": "bernoulli", "substeps": "inf"}),
}
_KINDS = {1: "ULMC", 2: "splittings", 3: "midpoints"}
_TARGETS: dict[str, tuple[float, tuple[str, ...]]] = {
    "ripple": (0.28, tuple(SCHEMES)),
    "bimodal": (0.28, ()),
    "cosine": (0.2, ()),
}
"""Target -> its largest step, and the schemes of the quick profile."""

_UNTOLD = {
    ("ripple", "PMM single, K=inf", "position kl"),
    ("ripple", "PMM bernoulli, K=inf", "velocity tv"),
    ("bimodal", "PMM single, K=inf", "position tv"),
    ("bimodal", "PMM bernoulli, K=inf", "position tv"),
    ("bimodal", "PMM bernoulli, K=inf", "velocity tv"),
}
"""Whose constants a fit to these steps does not tell; their rates are claimed, and the study leading_terms extrapolates."""

_FINER, _LONG = ("bimodal", "PMM bernoulli, K=inf"), 0.1
"""Where sets of many midpoints, which are left out, would hide the rate of a KL; and steps of which less is known."""

_DISTANCES = {"position tv": 1, "position kl": 2, "position w2": 1, "velocity tv": 1, "joint tv": 1}
_CORRECTION = {1: 1.0, 2: 2.0, 3: 1.0}
"""By the order: the splittings are symmetric, so that their errors are even in the step."""


def _checks(profile: str) -> Iterator[Check]:
    for target, (_, quick) in _TARGETS.items():
        for label in SCHEMES if profile == "full" else quick:
            order = SCHEMES[label][0]
            for distance, factor in _DISTANCES.items():
                if distance == "joint tv" and order > 2:  # too small beside its numerical error, which is ten times that of the position
                    continue
                if distance in ("position kl", "velocity tv") and order > 2 and profile == "quick":  # their rates need more steps
                    continue
                if (target, label, distance) == ("bimodal", "PMM single, K=inf", "position kl"):  # 1e-13 and less: its errors hide the rate
                    continue
                at = steps(target, label, profile)
                if distance == "velocity tv" and order > 2:  # its local rates turn: steps further apart tell more of them
                    at = at[::2]
                points = tuple(Point(step, cell(target, label, step), distance) for step in at)
                part, name = distance.split()
                statement = f"{name.upper()} of the {part} law of {label} falls like step^{factor * order}"
                source = "the scheme's own step on series in the force (theory.phase_plane)"
                claim = Claim(statement, label, distance, factor * order, "asymptotic", source, "smooth F", correction=_CORRECTION[order])
                yield Check(claim, target, points, _constant(target, label, distance, profile))


def steps(target: str, label: str, profile: str) -> list[float]:
    """Steps that fall by 1.6, by its root in the full profile; schemes of order 1 and 3 reach their rate later."""
    largest = _TARGETS[target][0] * {1: 0.25, 2: 0.8, 3: 0.55}[SCHEMES[label][0]]
    count, ratio = (5, 1.6) if profile == "quick" else (10 if SCHEMES[label][0] == 3 else 8, 1.6**0.5)
    return [round(largest * ratio**-i, 6) for i in range(count)]


def cell(target: str, label: str, step: float) -> Cell:
    """The law of a scheme at a step."""
    finer = {"rtol": 2e-7 if step > _LONG else 6e-9} if (target, label) == _FINER else {}
    return Cell.of("plane_error", target=target, friction=FRICTION, step_size=step, **SCHEMES[label][1] | finer)


def _constant(target: str, label: str, distance: str, profile: str) -> Point | None:
    """The derived one. Of many midpoints it takes ten seconds to derive: in the full profile."""
    if (target, label, distance) in _UNTOLD or (label == "PMM bernoulli, K=inf" and profile == "quick"):
        return None
    options = {name: value for name, value in SCHEMES[label][1].items() if name != "rtol"}
    return Point(0.0, Cell.of("leading_phase", target=target, friction=FRICTION, **options), distance)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    ours = among(outcomes, distance="position w2")
    groups: dict[str, list[Outcome]] = {}
    for outcome in ours:
        groups.setdefault(_KINDS[SCHEMES[outcome.check.claim.scheme][0]], []).append(outcome)
    if found := exponents(groups):
        names = ", ".join(dict.fromkeys(outcome.check.target for outcome in ours))
        yield f"W2 on {names}, order: {found}."
        near = constants([outcome for outcome in outcomes if outcome.check.constant])
        yield "Open question, are underdamped RMM and PMM of order 3: yes" + (f"; constants {near}." if near else ".")


study = Study("phase_plane", "Underdamped schemes on targets that are no Gaussians: orders of position, velocity and joint law", _checks, _findings)
