"""Chains in the plane: orders of their stationary laws and constants from F alone, on targets that are no products."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from pmmtheory.harness.claims import DISTANCES
from pmmtheory.harness.findings import among, constants, exponent
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.claim import Claim

_STEPS = {
    ("ripples", "EulerMaruyama"): (0.04, 0.02, 0.01, 0.005),
    ("leaning", "EulerMaruyama"): (0.02, 0.01, 0.005, 0.0025),
    ("ripples", "RandomizedMidpoint"): (0.014, 0.01, 0.007, 0.005, 0.0035, 0.0025),
    ("ripples", "PMM, K=4"): (0.02, 0.01, 0.005, 0.0025),
    ("ripples", "PMM, K=inf"): (0.02, 0.014, 0.01, 0.007, 0.005),
}
"""Small enough for what comes after the leading term to be told from it: F'' reaches 3.4 on the ripples."""
_SMALL = 0.01, 0.005, 0.0025, 0.00125
"""Where one per cent of noise more is told from a step."""
_NAMES = {"EulerMaruyama": ("LMC", 1), "RandomizedMidpoint": ("RMM", 2), "PMM, K=4": ("PMM, K=4", 1), "PMM, K=inf": ("PMM, K=inf", 2)}
_SUBSTEPS = {"PMM, K=4": 4.0, "PMM, K=inf": math.inf}
"""Of the Poisson midpoint method with independent midpoints."""
_SOURCE = "sharp constants: phi = |grad F|^2/4 - Lap F/2 of LMC, a K-th of it of PMM, -|Hess F|^2/12 of RMM, and with the balance of (Hess F)^2/3 of PMM, K=inf"


def _checks(profile: str) -> Iterator[Check]:
    for target in ("ripples", "leaning") if profile == "full" else ("ripples",):
        yield from _claims(target, "EulerMaruyama", profile)
    if profile == "full":
        for scheme in ("RandomizedMidpoint", *_SUBSTEPS):
            yield from _claims("ripples", scheme, profile)
        points = tuple(Point(step, _cell("ripples", "PMM, K=4", step), "tv") for step in _STEPS["ripples", "PMM, K=4"])
        claim = Claim("TV of PMM, K=4, has the constant of LMC", "PMM, K=4", "tv", 1, "asymptotic", "negative control")
        yield Check(claim, "ripples", points, constant=Point(0.0, Cell.of("plane_constants", target="ripples", scheme="EulerMaruyama"), "tv"), control=True)
    label = "LMC with 1% more noise"
    points = tuple(Point(step, _cell("ripples", "WidenedNoise", step), "tv") for step in _SMALL)
    yield Check(Claim(f"TV of {label} falls like step^1", label, "tv", 1, "asymptotic", "negative control"), "ripples", points, control=True)


def _claims(target: str, scheme: str, profile: str) -> Iterator[Check]:
    label, order = _NAMES[scheme]
    constant = Cell.of("plane_constants", target=target, **_scheme(scheme))
    most = (target, label) == ("ripples", "LMC")  # of the others' KL and W2 too few digits are known
    moved = {"moved": True} if most and profile == "full" else {}
    known = ("tv", "kl") if most or scheme == "PMM, K=4" else ("tv",)
    for distance in (*known, "w2") if moved else known:
        rate = order * DISTANCES[distance]
        points = tuple(Point(step, _cell(target, scheme, step, moved), distance) for step in _STEPS[target, scheme])
        claim = Claim(f"{distance.upper()} of {label} falls like step^{rate} in the plane", label, distance, rate, "asymptotic", _SOURCE)
        yield Check(claim, target, points, constant=None if distance == "w2" else Point(0.0, constant, distance))


def _cell(target: str, scheme: str, step: float, options: dict[str, bool] | None = None) -> Cell:
    """A law as close as its KL needs: that of a mixture, whose ratio to its target is known less far out, closer."""
    rtol = 1e-8 if target == "leaning" else 1e-7 if scheme in ("RandomizedMidpoint", "PMM, K=inf") else 1e-6
    return Cell.of("plane_distances", target=target, step_size=step, rtol=rtol, **_scheme(scheme), **options or {})


def _scheme(name: str) -> dict[str, str | float]:
    return {"scheme": "PoissonMidpoint", "substeps": _SUBSTEPS[name]} if name in _SUBSTEPS else {"scheme": name}


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for label, _ in _NAMES.values():
        ours = among(outcomes, scheme=label, control=False)
        if (power := exponent(among(ours, distance="tv"))) and (near := constants(among(ours, distance=("tv", "kl")))):
            yield f"{label} in the plane: order in TV {power}, constants {near}."
        if moved := exponent(among(ours, distance="w2")):
            yield f"{label} in the plane: order in W2 {moved}."


study = Study("plane", "Chains in the plane: orders and constants of LMC and of midpoint methods on targets that are no products", _checks, _findings)
