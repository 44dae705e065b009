"""Reverse diffusion in continuous time: orders of the schemes in the step, on every grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pmmtheory.harness.claims import DISTANCES
from pmmtheory.harness.findings import among, exponents
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.claim import Claim

_DATA, _PLANE, _HORIZON, _STOP = "two modes", "two modes in the plane", 1.0, 0.5
_SOURCE = "one step of weak order p + 1 gives order p after a fixed time (Talay & Tubaro 1990)"
_PMM = {"scheme": "PoissonMidpoint", "midpoints": "bernoulli"}

_SCHEMES: dict[str, tuple[int, tuple[int, ...], Callable[[int], dict[str, Any]]]] = {
    "reverse Euler": (1, (16, 32, 64, 128, 256), lambda n: {"scheme": "EulerMaruyama"}),
    "reverse exponential": (1, (16, 32, 64, 128, 256), lambda n: {"scheme": "EulerMaruyama", "integrator": "exponential"}),
    "reverse PMM, K=steps": (2, (6, 9, 14, 21, 32), lambda n: _PMM | {"substeps": n}),
    "reverse PMM exponential, K=steps": (2, (6, 10, 17, 28, 46), lambda n: _PMM | {"substeps": n, "integrator": "exponential"}),
    "reverse PMM single, K=steps": (2, (14, 21, 32, 48, 72), lambda n: _PMM | {"substeps": n, "midpoints": "single"}),
    "reverse PMM single exponential, K=steps": (
        2,
        (14, 21, 32, 48, 72),
        lambda n: _PMM | {"substeps": n, "midpoints": "single", "integrator": "exponential", "rtol": 1e-8},
    ),
    "reverse RMM": (2, (16, 24, 32, 48, 64), lambda n: {"scheme": "RandomizedMidpoint", "rtol": 1e-9}),
}

_FOR_TV = (6, 9, 14, 21)

_SLOW = ("reverse PMM, K=steps", "reverse PMM single exponential, K=steps")
"""In the full profile only."""


def _checks(profile: str) -> Iterator[Check]:
    full = profile == "full"
    yield from _in_the_plane()
    yield against_fine("reverse PMM interior", "PoissonMidpoint")
    for label, (order, counts, options) in _SCHEMES.items():
        if label in _SLOW and not full:
            continue
        if order == 1 or label.startswith("reverse PMM"):
            counts = counts if full else counts[:4]
        for grid in ("uniform", "quadratic", "log-snr") if full or label == "reverse Euler" else ("uniform",):
            for distance, factor in DISTANCES.items():
                if label == "reverse RMM" and distance != "w2":  # its TV reaches its rate, and its KL more than its numerical error, at other steps
                    continue
                at = _FOR_TV if distance == "tv" and label == "reverse PMM single, K=steps" else counts  # where its rate has settled, and is above its error
                yield _order(f"{label}, {grid}" if grid != "uniform" else label, distance, order * factor, at, grid, options)


def _order(label: str, distance: str, rate: int, counts: tuple[int, ...], grid: str, options: Callable[[int], dict[str, Any]]) -> Check:
    points = tuple(Point(round(1 / n, 12), cell(n, grid, **options(n)), distance) for n in counts)
    claim = Claim(f"{distance.upper()} of {label} falls like step^{rate}", label, distance, rate, "asymptotic", _SOURCE)
    return Check(claim, _DATA, points)


def _in_the_plane() -> Iterator[Check]:
    label = "reverse Euler in the plane"
    for distance, rate in {"tv": 1, "kl": 2, "sliced_w2": 1}.items():
        points = tuple(Point(1 / n, cell(n, data=_PLANE, scheme="EulerMaruyama", rtol=1e-6), distance) for n in (8, 12, 16, 24))
        claim = Claim(f"{distance.upper()} of {label} falls like step^{rate}", label, distance, rate, "asymptotic", _SOURCE)
        yield Check(claim, _PLANE, points)


def against_fine(label: str, scheme: str, control: bool = False) -> Check:
    """An interior midpoint with fixed K, against the chain of fine steps that it imitates."""
    counts = (10, 15, 22, 33, 50)
    points = tuple(Point(round(1 / n, 12), cell(n, scheme=scheme, midpoints="interior", substeps=8, against="fine", rtol=1e-9), "w2") for n in counts)
    claim = Claim(
        f"W2 of {label}, K=8, to the chain of fine steps falls at least like step^1.5", label, "w2", 1.5, "bound", "the mean push is that of the fine steps"
    )
    return Check(claim, _DATA, points, control=control)


def cell(steps: int, grid: str = "uniform", **options: Any) -> Cell:
    """The error after all steps."""
    return Cell.of("reverse_error", steps=steps, horizon=_HORIZON, stop=_STOP, grid=grid, **{"data": _DATA, **options})


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    names = {"Euler": "reverse Euler", "PMM": "reverse PMM exponential, K=steps", "RMM": "reverse RMM"}
    if found := exponents({words: among(outcomes, scheme=scheme, distance="w2") for words, scheme in names.items()}):
        yield f"Reverse diffusion, order in W2: {found}."
        yield "Open question, does PMM keep order 2 with exact scores of mixtures: yes."


study = Study("reverse_diffusion", "Reverse diffusion with an exact score: orders in the step", _checks, _findings)
