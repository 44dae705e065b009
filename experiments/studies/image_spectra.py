"""Samplers on Gaussian data with the mean and covariance of images: their exact distances to the data at equal calls."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from experiments.studies._steps import against_number
from pmmtheory.harness.findings import among, hold, shown
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.claim import Claim

FOLDERS = "PMMTHEORY_IMAGES"
"""The environment variable with more sets of images for the full profile: folders or files as load_images takes them, with the separator of PATH."""

_PMM: dict[str, Any] = {"sampler": "PoissonMidpointScheduler", "midpoints": "interior"}
SAMPLERS: Mapping[str, dict[str, Any]] = {
    **{f"DDPM {variant}": {"sampler": "DDPM", "variant": variant} for variant in ("V1", "V2", "V3", "V3-literal")},
    "DDIM": {"sampler": "DDIM"},
    "DPM-Solver-2M": {"sampler": "DPMSolverMultistep", "order": 2},
    "DPM-Solver-3M": {"sampler": "DPMSolverMultistep", "order": 3},
    "DPM-Solver++(2M)": {"sampler": "DPMSolverPlusPlus2M"},
    "Heun": {"sampler": "Heun"},
    "PMM over V2, K=1000/steps": _PMM | {"variant": "V2"},
    "PMM over V3, K=5": _PMM | {"variant": "V3", "substeps": 5},
    "PMM over V3, K=1000/steps": _PMM | {"variant": "V3"},
    "PMM over V3, K=5, Bernoulli midpoints": _PMM | {"variant": "V3", "substeps": 5, "midpoints": "bernoulli"},
}
"""By label, what to run."""

CALLS: Mapping[str, tuple[int, ...]] = {
    **{label: (10, 20, 40, 80) for label in ("DDPM V1", "DDPM V2", "DDPM V3-literal")},
    "DDPM V3": (10, 20, 40, 80, 1000),
    **{label: (10, 20, 40, 80) for label in ("DDIM", "DPM-Solver-2M", "DPM-Solver++(2M)", "Heun")},
    "PMM over V2, K=1000/steps": (80,),
    "PMM over V3, K=5": (20, 40, 80),
    "PMM over V3, K=1000/steps": (20, 40, 80, 200),
}
"""By label, the network calls of the curves of the figure."""

_MORE: Mapping[str, tuple[int, ...]] = {
    **{label: (200, 400, 1000) for label in ("DDPM V1", "DDPM V2", "DDPM V3-literal")},
    "DDPM V3": (200, 400),
    **{label: (200, 400, 1000) for label in ("DDIM", "DPM-Solver-2M", "DPM-Solver++(2M)", "Heun")},
    "DPM-Solver-3M": (10, 20, 40, 80, 200, 400, 1000),
    "PMM over V2, K=1000/steps": (20, 40, 200, 400, 1000),
    "PMM over V3, K=5": (200, 400),
    "PMM over V3, K=1000/steps": (100, 400, 1000),
    "PMM over V3, K=5, Bernoulli midpoints": (18, 36, 72, 180, 360),
}
"""In the full profile also these."""

_SOURCE = "exact laws on Gaussian data with the covariance of images; Kandasamy & Nagaraj 2024, sect. 5, has networks"
_MANY, _FIVE = "PMM over V3, K=1000/steps", "PMM over V3, K=5"
_BEATEN, _AHEAD = ("DDIM", "Heun", "DDPM V3", "DDPM V2"), ("DPM-Solver-2M", "DPM-Solver++(2M)")
"""What PMM is nearer to the data than, and what it is not."""


def cell(label: str, calls: int, images: str = "digits") -> Cell:
    """A sampler with so many expected calls."""
    options = SAMPLERS[label]
    each = 2 if label == "Heun" else 1 if "midpoints" not in options else 2 if options["midpoints"] == "interior" else 2 - 1 / options["substeps"]
    content = {} if images == "digits" else {"content": _content(images)}
    return Cell.of("spectrum_error", images=images, steps=round(calls / each), **options, **content)


def curves(profile: str) -> Mapping[str, tuple[int, ...]]:
    """By label, the calls of every point that the figure shows."""
    if profile == "quick":
        return CALLS
    return {label: tuple(sorted({*CALLS.get(label, ()), *_MORE.get(label, ())})) for label in SAMPLERS}


def sets(profile: str) -> tuple[str, ...]:
    """The sets of images: the digits, and in the full profile those that the user names."""
    others = os.environ.get(FOLDERS, "").split(os.pathsep) if profile != "quick" else []
    return ("digits", *(str(Path(one).expanduser().resolve()) for one in others if one))


@cache
def _content(images: str) -> str:
    from pmmtheory.images import fingerprint

    return fingerprint(images)


def _checks(profile: str) -> Iterator[Check]:
    for images in sets(profile):
        for label, (fewest, *more) in curves(profile).items():
            if more:
                claim = Claim(f"{label} with more calls is nearer to the data than with {fewest}", label, "frechet", 0, "inequality", _SOURCE)
                points, bounds = (
                    tuple(Point(1 / n, cell(label, m, images), "frechet") for n, m in zip(more, at, strict=True)) for at in (more, [fewest] * len(more))
                )
                yield Check(claim, Path(images).name, points, bounds=bounds)
    yield from _variants(profile)
    yield from _against_solvers()
    yield from _against_many_calls()
    yield from _controls()


def _variants(profile: str) -> Iterator[Check]:
    """Which variant of DDPM is best; they are Gaussian, so that the Frechet distance is W2."""
    budgets = (10, 20, 40, 80) if profile == "quick" else (10, 20, 40, 80, 200, 400, 1000)
    for better, worse in (("V1", "V3"), ("V3", "V2"), ("V2", "V3-literal")):
        yield _nearer(f"DDPM {better} beats {worse} at every number of calls", f"DDPM {better}", budgets, f"DDPM {worse}", budgets)
    points = tuple(Point(1 / n, cell("DDPM V3-literal", n), "frechet") for n in budgets)
    claim = Claim(
        "DDPM V3-literal does not approach the data: W2 stays above 1.4, since it adds too little noise", "DDPM V3-literal", "w2", 0, "inequality", _SOURCE
    )
    yield against_number(claim, "digits", points, 1.4, False)


def _against_solvers() -> Iterator[Check]:
    """At 40 and 80 calls. For PMM W2 lies between the Frechet distance and the bound: a claim that it is nearer has the bound, that it is not the other."""
    both = (40, 80)
    for rival in _BEATEN:
        yield _nearer(f"PMM over V3, K=5, beats {rival} at 40 and 80 calls", _FIVE, both, rival, both, "w2_bound")
    yield _nearer("PMM over V3, K=5, beats DDPM V1 at 40 and 80 calls in the Frechet distance", _FIVE, both, "DDPM V1", both)
    for rival in _AHEAD:
        yield _nearer(f"PMM over V3, K=5, does not beat {rival} at 40 and 80 calls", rival, both, _FIVE, both)
    yield _nearer("with 40 calls PMM over V3 does not beat DDIM where K = 1000/steps", "DDIM", (40,), _MANY, (40,))
    yield _nearer(
        "over V2, with K = 1000/steps, PMM is farther from the data than DDPM V2 of as many calls", "DDPM V2", (80,), "PMM over V2, K=1000/steps", (80,)
    )


def _against_many_calls() -> Iterator[Check]:
    """The quadratic speed-up, in the Frechet distance."""
    yield _nearer("PMM over V3 of 200 calls matches DDPM V3 of 1000 in the Frechet distance", _MANY, (200,), "DDPM V3", (1000,))
    yield _nearer("PMM over V3 of 80 calls does not yet match DDPM V3 of 1000", "DDPM V3", (1000,), _MANY, (80,))


def _controls() -> Iterator[Check]:
    yield _nearer(
        "PMM over V2 of 80 calls matches DDPM V3 of 1000, as it does on two modes", "PMM over V2, K=1000/steps", (80,), "DDPM V3", (1000,), control=True
    )
    broken = Cell.of("spectrum_error", images="digits", steps=80, sampler="HalvedVariance", end=0)
    claim = Claim("DDPM V1 with half the variance is as near as with all of it", "DDPM with half the variance", "w2", 0, "inequality", "negative control")
    yield Check(claim, "digits", (Point(1 / 80, broken, "frechet"),), bounds=(Point(1 / 80, cell("DDPM V1", 80), "frechet"),), control=True)


def _nearer(
    statement: str, better: str, budgets: tuple[int, ...], worse: str, others: tuple[int, ...], metric: str = "frechet", control: bool = False
) -> Check:
    """Whether a number of one sampler is below the Frechet distance of another, which its W2 is not below."""
    name = "w2" if metric == "w2_bound" else metric
    claim = Claim(statement, better, name, 0, "inequality", "negative control" if control else _SOURCE)
    points = tuple(Point(1 / n, cell(better, n), metric) for n in budgets)
    bounds = tuple(Point(1 / n, cell(worse, m), "frechet") for n, m in zip(budgets, others, strict=True))
    return Check(claim, "digits", points, bounds=bounds, control=control)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    ours = among(outcomes, target="digits", control=False)
    beaten = [among(ours, scheme=_FIVE, distance="w2", statement=f"beats {rival} at") for rival in _BEATEN]
    ahead = [among(ours, scheme=rival, statement=f"{_FIVE}, does not beat") for rival in _AHEAD]
    if all(map(hold, beaten)) and all(map(hold, ahead)):
        calls = " and ".join(f"{1 / step:g}" for step in sorted({step for group in beaten for outcome in group for step, _ in outcome.points}, reverse=True))
        yield f"Covariance of digits: in W2 PMM over V3 beats {', '.join(_BEATEN)}."
        yield f"At {calls} calls; it does not beat {', '.join(_AHEAD)}."
    matched, missed = (among(ours, statement=f"PMM over V3 of {words} match") for words in ("200 calls", "80 calls does not yet"))
    if hold(matched) and hold(missed):
        near, far = matched[0].estimate(matched[0].check.points[0]), missed[0].estimate(missed[0].check.bounds[0])
        goal = missed[0].estimate(missed[0].check.points[0])
        if near and far and goal and near.value < goal.value < far.value:
            yield f"With 200 it matches DDPM V3 of 1000, with 80 not: Frechet {shown(near)}, {shown(goal)}, {shown(far)}."


study = Study("image_spectra", "Samplers on Gaussian data with the covariance of images, at equal calls", _checks, _findings)
