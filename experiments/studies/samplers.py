"""All samplers at equal numbers of network calls, on an exact score: who is nearer to the data, and the claims made for PMM."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from experiments.studies._steps import against_number
from pmmtheory.estimate import Estimate
from pmmtheory.harness.findings import among, factor, hold, least, shown
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.claim import Claim

DATA = "two modes"
_PMM: dict[str, Any] = {"sampler": "PoissonMidpointScheduler", "midpoints": "interior", "variant": "V2"}
SAMPLERS: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "DDPM V1": ((5, 10, 20, 40, 80, 200), {"sampler": "DDPM", "variant": "V1"}),
    "DDPM V2": ((5, 10, 20, 40, 80, 200, 1000), {"sampler": "DDPM", "variant": "V2"}),
    "DDPM V3": ((5, 10, 20, 40, 80, 200), {"sampler": "DDPM", "variant": "V3"}),
    "DDPM V3-literal": ((5, 10, 20, 40, 80, 200), {"sampler": "DDPM", "variant": "V3-literal"}),
    "DDIM": ((5, 10, 20, 40, 80, 200), {"sampler": "DDIM"}),
    "DPM-Solver-2M": ((5, 10, 20, 40, 80), {"sampler": "DPMSolverMultistep", "order": 2}),
    "DPM-Solver-3M": ((5, 10, 20, 40, 80), {"sampler": "DPMSolverMultistep", "order": 3}),
    "DPM-Solver-3M, quadratic grid": ((5, 10, 20, 40), {"sampler": "DPMSolverMultistep", "order": 3, "spacing": "quadratic"}),
    "DPM-Solver-2": ((5, 10, 20, 40, 80), {"sampler": "DPMSolver", "order": 2}),
    "DPM-Solver++(2M)": ((5, 10, 20, 40, 80), {"sampler": "DPMSolverPlusPlus2M"}),
    "Heun": ((5, 10, 20, 40), {"sampler": "Heun"}),
    "PMM over V2, K=5": ((10, 20, 40), _PMM | {"substeps": 5}),
    "PMM over V3, K=5": ((20, 40), _PMM | {"variant": "V3", "substeps": 5}),
    "PMM over V3-literal, K=5": ((20,), _PMM | {"variant": "V3-literal", "substeps": 5}),
    "PMM over V2, K=1000/steps": ((10, 20, 40), _PMM),
    "PMM over V1, K=1000/steps": ((), _PMM | {"variant": "V1"}),
    "PMM over V2, K=5, Bernoulli midpoints": ((20,), _PMM | {"midpoints": "bernoulli", "substeps": 5}),
}
"""By label: the numbers of steps, and what to run."""

_FULL = {
    "DDPM V1": (1000,),
    "PMM over V1, K=1000/steps": (20, 40),
    "DDIM": (1000,),
    "DPM-Solver-2M": (200, 1000),
    "DPM-Solver++(2M)": (200, 1000),
    "PMM over V2, K=1000/steps": (100, 200, 500),
    "PMM over V2, K=5, Bernoulli midpoints": (40, 100, 200),
    "PMM over V2, K=5": (100, 200),
    "PMM over V3, K=5": (10, 100, 200),
    "PMM over V3-literal, K=5": (40, 100),
}
_FEW = 20
"""With fewer steps the midpoints of K = 1000/steps throw the particles so far that no grid holds them: then the distance is that of particles."""

PAPER, ORIGINAL = "PMM over V2, K=1000/steps", "DDPM V2"
_KN = "Kandasamy & Nagaraj 2024, sect. 5 (there on images)"


def cell(label: str, steps: int) -> Cell:
    """The error of a sampler with so many steps."""
    options = SAMPLERS[label][1]
    if label == PAPER and steps < _FEW:
        return Cell.of("sampler_particles", data=DATA, steps=steps, particles=10_000, **options)
    return Cell.of("sampler_error", data=DATA, steps=steps, rtol=1e-4 if "midpoints" in options or steps <= 10 else 1e-5, **options)


def _checks(profile: str) -> Iterator[Check]:
    for label, (counts, _) in SAMPLERS.items():
        if profile == "full":
            counts = (*counts, *_FULL.get(label, ()))
        if counts:
            yield _beyond(label, counts, "W2 of {} to the data is below 1 at every number of calls", 1.0, below=True)
    yield _beyond(PAPER, (5,), "{} is unstable at 10 calls: W2 is above 10", 10.0, below=False)
    for label, counts in (("DDPM V3-literal", (40, 80, 200)), ("PMM over V3-literal, K=5", (20, 40) if profile == "full" else (20,))):
        yield _beyond(label, counts, "{} does not approach the data: W2 stays above 0.2, since it adds too little noise", 0.2, below=False)
    yield from _headlines(profile == "full")


def _headlines(full: bool) -> Iterator[Check]:
    """The two claims of the paper; where an exact score says otherwise, what it says is the claim."""
    for metric in ("w2", "tv"):
        yield _nearer(PAPER, 40, ORIGINAL, 1000, "PMM of 80 calls matches DDPM of 1000: it is nearer to the data", metric)
        yield _nearer(ORIGINAL, 1000, PAPER, 20, "PMM of 40 calls does not yet match DDPM of 1000, which is nearer to the data", metric)
        yield _nearer(PAPER, 20, "DDIM", 40, "PMM of 40 calls beats DDIM of 40", metric)
        yield _nearer(PAPER, 20, "DPM-Solver-2M", 40, "PMM of 40 calls beats DPM-Solver-2M of 40 on the same grid", metric)
    yield _nearer("DPM-Solver-3M, quadratic grid", 40, PAPER, 20, "PMM of 40 calls does not beat DPM-Solver-3M of 40 on its best grid", "w2")
    yield _nearer("DPM-Solver-2M", 80, PAPER, 40, "PMM of 80 calls does not beat DPM-Solver-2M of 80", "w2")
    if full:
        yield _nearer("DDPM V1", 1000, "PMM over V1, K=1000/steps", 40, "PMM over V1 of 80 calls does not match DDPM V1 of 1000, which it imitates", "w2")
    yield _nearer("PMM over V2, K=5", 10, PAPER, 10, "with 20 calls PMM with K = 5 beats PMM with K = 100", "w2")
    for steps in (20, 40):
        statement = f"V3 in the place of V2 brings PMM with K = 5 nearer to the data: {2 * steps} calls"
        yield _nearer("PMM over V3, K=5", steps, "PMM over V2, K=5", steps, statement, "w2")
    several = "PMM over V2, K=5, Bernoulli midpoints"
    yield _nearer(several, 20, "PMM over V2, K=5", 20, "over V2, which adds too little noise, Bernoulli midpoints beat one midpoint: 20 steps, K = 5", "w2")


def _nearer(better: str, steps: int, worse: str, others: int, statement: str, metric: str) -> Check:
    claim = Claim(f"{statement} ({metric.upper()})", better, metric, 0, "inequality", _KN)
    return Check(claim, DATA, (Point(1 / steps, cell(better, steps), metric),), bounds=(Point(1 / steps, cell(worse, others), metric),))


def _beyond(label: str, counts: tuple[int, ...], statement: str, limit: float, below: bool) -> Check:
    """Whether W2 is on the right side of a number."""
    measured = tuple(Point(1 / n, cell(label, n), "w2") for n in counts)
    claim = Claim(statement.format(label), label, "w2", 0, "inequality", "exact law, or particles")
    return against_number(claim, DATA, measured, limit, below)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    curves = among(outcomes, statement="is below 1 at every number of calls")
    if hold(curves) and (nearest := _nearest(curves)):
        middle = nearest[len(nearest) // 2]
        yield f"Nearest to two modes in W2 with {middle[0]:g} calls: {middle[1]}."
        winners = dict.fromkeys(name for _, name in nearest)
        every = "; ".join(f"{name} with {', '.join(f'{calls:g}' for calls, other in nearest if other == name)} calls" for name in winners)
        yield f"Nearest to two modes in W2: {every}."
    said = ("PMM of 80 calls matches DDPM of 1000", "PMM of 40 calls does not yet match DDPM of 1000", "PMM of 80 calls does not beat DPM-Solver-2M of 80")
    groups = [among(outcomes, statement=words, distance="w2") for words in said]
    if all(map(hold, groups)):
        (near, original), (_, far), (solver, _) = (_pair(group[0]) for group in groups)
        here = f"PMM of 80 calls has {shown(near)}, of 40 {shown(far)}, DDPM V2 of 1000 {shown(original)}, DPM-Solver-2M of 80 {shown(solver)}"
        yield f"{here}."
        yield "Published (images): PMM of 50 to 80 matches DDPM of 1000 and beats ODE solvers."
    literal = among(outcomes, scheme="DDPM V3-literal", statement="does not approach the data")
    code = among(curves, scheme="DDPM V3")
    if hold(literal) and hold(code):
        stuck, reached = (min(((step, known) for step, known in _measured(outcome)), default=None) for outcome in (literal[0], code[0]))
        if stuck and reached and stuck[0] == reached[0] and factor(stuck[1], reached[1]):
            yield f"V3 as printed stays at {shown(stuck[1])}; as coded {shown(reached[1])}."


def _nearest(curves: Sequence[Outcome]) -> list[tuple[float, str]]:
    """Who is nearest, at every number of calls that half of the samplers have, where it can be told."""
    found: dict[float, dict[str, Estimate]] = {}
    for outcome in curves:
        for point in outcome.check.points:
            known, calls = outcome.estimate(point), outcome.estimate(point, "calls")
            if known and calls:
                found.setdefault(calls.value, {})[outcome.check.claim.scheme] = known
    best = {calls: least(numbers) for calls, numbers in sorted(found.items()) if 2 * len(numbers) >= len(curves)}
    return [(calls, " or ".join(names)) for calls, names in best.items() if len(names) < 3]


def _measured(outcome: Outcome) -> Iterator[tuple[float, Estimate]]:
    """The numbers of samplers on either side of an inequality."""
    for point in (*outcome.check.points, *outcome.check.bounds):
        if point.cell.measure != "number" and (known := outcome.estimate(point)):
            yield point.step, known


def _pair(outcome: Outcome) -> tuple[Estimate, Estimate]:
    """The two sides of a comparison that holds."""
    first, second = (outcome.estimate(side[0]) for side in (outcome.check.points, outcome.check.bounds))
    if first is None or second is None:
        raise ValueError("a comparison that holds has both sides.")
    return first, second


study = Study("samplers", "Samplers of diffusion models at equal calls, exact score", _checks, _findings)
