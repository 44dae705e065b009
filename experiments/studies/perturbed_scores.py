"""Predictors that are wrong by a smooth error or by noise: the floor that each sampler reaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from experiments.studies._steps import against_number
from pmmtheory.estimate import Estimate
from pmmtheory.harness.findings import among, exponent, hold, shown
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.claim import Claim

_DATA = "two modes"
_SIZES = (0.002, 0.004, 0.008, 0.016)
_ERROR = 0.02
_SAMPLERS: dict[str, tuple[int, dict[str, Any]]] = {
    "DDPM V1": (40, {"sampler": "DDPM", "variant": "V1"}),
    "DDIM": (40, {"sampler": "DDIM"}),
    "DPM-Solver-2M": (40, {"sampler": "DPMSolverMultistep", "order": 2}),
    "PMM over V1, K=5": (20, {"sampler": "PoissonMidpointScheduler", "midpoints": "interior", "substeps": 5}),
}
_NOISE_FREE = "n calls that each count 1/n add a variance of order 1/n"


def _checks(profile: str) -> Iterator[Check]:
    for label, (steps, options) in _SAMPLERS.items():
        if label == "PMM over V1, K=5" and profile == "quick":  # it takes as long as the others together
            continue
        points = tuple(Point(size, _perturbed(steps=steps, perturbation=size, **options), "w2") for size in _SIZES)
        statement = f"W2 between the laws of {label} with and without a smooth error of size delta grows like delta"
        yield Check(Claim(statement, label, "w2", 1, "asymptotic", "first variation of the law"), _DATA, points)
    yield from _floors()
    yield _averages_out("DDPM V1", (60, 90, 150, 225), variant="V1")
    if profile == "full":
        yield _averages_out("DDIM", (90, 150, 225, 300, 450), variant="DDIM0")
    yield from _noisy_calls()


def _floors() -> Iterator[Check]:
    """With a smooth error of fixed size, at any number of calls."""
    ode, sde, pmm = "DPM-Solver-2M", "DDPM V1", "PMM over V1, K=5"
    with_error = f"with a smooth error of {_ERROR} in every prediction"
    yield _compared(ode, f"{with_error} W2 of {ode} stays above 0.09", (50, 100), 0.09, below=False)
    yield _compared(sde, f"{with_error} W2 of {sde} reaches below 0.02, a floor five times lower: noise forgets errors", (200, 300), 0.02, below=True)
    for better, steps, worse, others in ((pmm, 20, ode, 100), (pmm, 20, sde, 50)):
        calls = f"{better} of {2 * steps} calls beats {worse} of {others}"
        points, bounds = ((Point(1 / steps, _floor(label, n), "w2"),) for label, n in ((better, steps), (worse, others)))
        yield Check(Claim(f"{with_error} {calls} (W2)", better, "w2", 0, "inequality", "exact laws"), _DATA, points, bounds=bounds)


def _compared(label: str, statement: str, counts: tuple[int, ...], limit: float, below: bool) -> Check:
    measured = tuple(Point(1 / n, _floor(label, n), "w2") for n in counts)
    return against_number(Claim(statement, label, "w2", 0, "inequality", "exact laws"), _DATA, measured, limit, below)


def _averages_out(label: str, counts: tuple[int, ...], **options: Any) -> Check:
    points = tuple(Point(1 / n, _perturbed(sampler="DDPM", steps=n, call_noise=0.3, **options), "w2") for n in counts)
    statement = (
        f"W2 between the laws of {label} with and without independent noise in every call falls like steps^-1: noise averages out, a smooth error does not"
    )
    return Check(Claim(statement, label, "w2", 1, "asymptotic", _NOISE_FREE), _DATA, points)


def _noisy_calls() -> Iterator[Check]:
    """At equal calls: a midpoint counts the noise of one call K - 1 times."""
    pmm = _noisy(20, sampler="PoissonMidpointScheduler", midpoints="interior", variant="V2")
    rivals: dict[str, dict[str, Any]] = {"DDPM V2": {"sampler": "DDPM", "variant": "V2"}, "DPM-Solver-2M": {"sampler": "DPMSolverMultistep", "order": 2}}
    for label, options in rivals.items():
        claim = Claim(
            f"with noise of size 1 in every call {label} of 40 calls beats PMM over V2, K=50, of 40 (W2, particles)",
            label,
            "w2",
            0,
            "inequality",
            "a midpoint counts the noise of a call K - 1 times",
        )
        yield Check(claim, _DATA, (Point(1 / 40, _noisy(40, **options), "w2"),), bounds=(Point(1 / 40, pmm, "w2"),))


def _perturbed(**options: Any) -> Cell:
    return Cell.of("perturbed_error", data=_DATA, **options)


def _floor(label: str, steps: int) -> Cell:
    return Cell.of("sampler_error", data=_DATA, steps=steps, perturbation=_ERROR, end=20, rtol=1e-5, **_SAMPLERS[label][1])


def _noisy(steps: int, **options: Any) -> Cell:
    return Cell.of("sampler_particles", data=_DATA, steps=steps, particles=10_000, call_noise=1.0, **options)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    floors = {label: among(outcomes, scheme=label, statement=f"W2 of {label}") for label in ("DPM-Solver-2M", "DDPM V1")}
    if all(hold(group) for group in floors.values()):
        reached = {label: _farthest(group[0]) for label, group in floors.items()}
        (ode, (calls, known)), *others = reached.items()
        beaten = among(outcomes, scheme="PMM over V1, K=5", kind="inequality")
        also = f", PMM of 40 {shown(beaten[0].points[0][1])}" if hold(beaten) else ""
        yield f"W2 with errors of {_ERROR}: {ode} of {calls} calls {shown(known)}{also}."
        yield f"{', '.join(f'{label} of {calls} {shown(known)}' for label, (calls, known) in others)}."
    if noisy := exponent(among(outcomes, scheme="DDPM V1", statement="independent noise in every call")):
        yield f"Noise averages out: order {noisy}."


def _farthest(outcome: Outcome) -> tuple[int, Estimate]:
    """The most calls of a floor, and what is reached with them."""
    known = [(round(1 / point.step), outcome.estimate(point)) for point in (*outcome.check.points, *outcome.check.bounds) if point.cell.measure != "number"]
    return max(((calls, estimate) for calls, estimate in known if estimate), key=lambda pair: pair[0])


study = Study("perturbed_scores", "Wrong scores: smooth errors and noisy calls", _checks, _findings)
