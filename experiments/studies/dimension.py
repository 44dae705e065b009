"""How errors on a Gaussian grow with the dimension d, and calls with the condition number.

A Gaussian law with relative error m of its variance has KL = d m^2/4 and W2 = m sqrt(d)/2. Midpoint schemes share their random times between
the coordinates: their laws are mixtures over a random variance, of variance n like step^3, which adds d (d + 2) n^2/16 to KL. That wins for
d > 4 m^2/n^2, until d n is about 1; uniformly in d, W2/sqrt(d) falls like sqrt(n)/2, which is step^(3/2).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from experiments.studies._condition_number import condition_checks, condition_findings
from pmmtheory.harness.catalogue import TARGETS
from pmmtheory.harness.findings import among, exponent, exponents
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.claim import Claim

_TARGET, _FRICTION = "gaussian", 2.3
_SOURCE = "KL = d m^2/4 + d (d + 2) n^2/16 (theory.scale_mixture)"
_LMC: dict[str, Any] = {"scheme": "EulerMaruyama"}
_RMM: dict[str, Any] = {"scheme": "RandomizedMidpoint"}
_PMM: dict[str, Any] = {"scheme": "PoissonMidpoint", "substeps": "inf", "midpoints": "bernoulli"}
_ULMC: dict[str, Any] = {"scheme": "EulerMaruyama", "friction": _FRICTION}
_UPMM: dict[str, Any] = {"scheme": "PoissonMidpoint", "substeps": "inf", "midpoints": "single", "friction": _FRICTION}
_URMM: dict[str, Any] = {"scheme": "RandomizedMidpoint", "friction": _FRICTION}
_PMM_LABEL, _UPMM_LABEL, _URMM_LABEL = "PMM bernoulli, K=inf", "underdamped PMM single, K=inf", "underdamped RMM"
_DIMENSION = 100


def _checks(profile: str) -> Iterator[Check]:
    full = profile == "full"
    every = (1, 10, 100, 1000, 10000)
    baoab, obabo = {"scheme": "BAOAB", "friction": _FRICTION, "part": "velocity"}, {"scheme": "OBABO", "friction": _FRICTION}
    for label, options in (("LMC", _LMC), ("ULMC", _ULMC), ("OBABO", obabo), ("the velocity of BAOAB", baoab)):
        yield from (_growth(label, options, 0.06, every, distance, power) for distance, power in (("kl", 1), ("w2", 0.5)))
    if full:
        yield _growth("LMC", _LMC, 1e-4, (4, 16, 64, 256, 1024), "tv", 0.5)
    near = (1, 4, 16, 64, 256) if full else (1, 4, 16, 64)
    yield from (_near(distance, power, near) for distance, power in (("kl", 1), ("w2", 0.5)))
    for distance, power in (("kl", 2), ("w2", 1)):
        yield _growth("RMM", _RMM, 0.01, (160, 320, 640, 1280, 2560, 5120), distance, power)
        yield _growth(_UPMM_LABEL, _UPMM, 0.1, (20, 40, 80, 160, 320), distance, power)
    yield _bound("RMM", _RMM, 0.2, every)
    mixtures = [("RMM", _RMM, 3), (_PMM_LABEL, _PMM, 2), (_UPMM_LABEL, _UPMM, 3), *([(_URMM_LABEL, _URMM, 3)] if full else [])]
    yield from (_uniform(label, options) for label, options, _ in mixtures)
    for label, options, order in [("LMC", _LMC, 1), ("ULMC", _ULMC, 1), *mixtures]:
        yield from (_leading(label, options, distance, order * factor) for distance, factor in (("kl", 2), ("w2", 1)))
    for label, options, order in (("LMC", _LMC, 1), (_PMM_LABEL, _PMM, 2)):
        claim = Claim(f"KL/(d m^2/4) - 1 of {label} at d = {_DIMENSION} falls like step^{order}", label, "excess", order, "asymptotic", _SOURCE, "Gaussian")
        yield Check(claim, _TARGET, _in_step(label, options, "excess"))
    yield from condition_checks(profile)


def _growth(label: str, options: dict[str, Any], step: float, dims: tuple[int, ...], distance: str, power: float) -> Check:
    statement = f"{distance.upper()} of {label} at step {step:g} grows like d^{power:g} (fitted in 1/d)"
    points = tuple(Point(1 / d, _cell(options, step, d), distance) for d in dims)
    return Check(Claim(statement, label, distance, -power, "asymptotic", _SOURCE, "Gaussian"), _TARGET, points)


def _near(distance: str, power: float, dims: tuple[int, ...]) -> Check:
    """Fitted in d (step curvature)^2, the ratio of the two terms of KL times 4."""
    step = 0.01
    squared = (step * TARGETS[_TARGET].smoothness) ** 2
    statement = f"{distance.upper()} of {_PMM_LABEL} at step {step:g} grows like d^{power:g} while d step^2 is small"
    points = tuple(Point(round(d * squared, 9), _cell(_PMM, step, d), distance) for d in dims)
    return Check(Claim(statement, _PMM_LABEL, distance, power, "asymptotic", _SOURCE, "Gaussian"), _TARGET, points)


def _bound(label: str, options: dict[str, Any], step: float, dims: tuple[int, ...]) -> Check:
    claim = Claim(
        f"W2 of {label} at step {step:g} is below (d E(sqrt(v) - 1)^2)^(1/2) for every d",
        label,
        "w2",
        0,
        "inequality",
        "the coupling sqrt(v) Z to Z",
        "Gaussian",
    )
    cells = [(1 / d, _cell(options, step, d)) for d in dims]
    points, bounds = (tuple(Point(at, cell, metric) for at, cell in cells) for metric in ("w2", "w2_bound"))
    return Check(claim, _TARGET, points, bounds=bounds)


def _uniform(label: str, options: dict[str, Any]) -> Check:
    claim = Claim(
        f"sup over d of W2/sqrt(d) of {label} falls like step^1.5",
        label,
        "uniform",
        1.5,
        "asymptotic",
        "E (sqrt(v) - 1)^2 of the random variance v",
        "Gaussian",
    )
    return Check(claim, _TARGET, _in_step(label, options, "uniform"), Point(0.0, Cell.of("leading_covariance", target=_TARGET, **options), "uniform"))


def _leading(label: str, options: dict[str, Any], distance: str, rate: int) -> Check:
    claim = Claim(f"{distance.upper()} of {label} at d = {_DIMENSION} falls like step^{rate}", label, distance, rate, "asymptotic", _SOURCE, "Gaussian")
    constant = Point(0.0, Cell.of("leading_distances", target=_TARGET, dim=_DIMENSION, **options), distance)
    return Check(claim, _TARGET, _in_step(label, options, distance), constant)


def _in_step(label: str, options: dict[str, Any], metric: str) -> tuple[Point, ...]:
    largest, ratio = {_UPMM_LABEL: (0.3, 0.5**0.5), _URMM_LABEL: (0.15, 0.5**0.5)}.get(label, (0.04, 0.5))
    return tuple(Point(step, _cell(options, step, _DIMENSION), metric) for step in (round(largest * ratio**i, 6) for i in range(5)))


def _cell(options: dict[str, Any], step: float, dim: int) -> Cell:
    return Cell.of("gaussian_error", target=_TARGET, step_size=step, dim=dim, **options)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    if found := exponents({name: among(outcomes, scheme=name, distance="kl", statement="grows like d^") for name in ("LMC", "RMM")}, -1):
        yield f"On Gaussians KL grows like d^p, p = {found}."
    if uniform := exponent(among(outcomes, distance="uniform")):
        yield f"Over all d W2/sqrt(d) of midpoint schemes falls like step^p, p = {uniform}."
    yield from condition_findings(outcomes)


study = Study("dimension", "Gaussian targets in dimension 1 to 10000, and of condition number 1 to 10000", _checks, _findings)
