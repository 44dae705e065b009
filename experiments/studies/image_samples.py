"""Samplers on images, by images that they generate: by the exact score of the digits in every profile, by a trained network in the profile "images"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from experiments.studies import image_spectra
from experiments.studies._image_cells import EXACT, NETWORK, ON_THE_WAY, SAMPLERS, cell, count, floor, learned
from experiments.studies._steps import against_number
from pmmtheory.harness.findings import among, hold, shown
from pmmtheory.harness.study import PROFILES, Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.claim import Claim

CONTROL = "HalvedVariance"
CURVES = tuple(label for label in SAMPLERS if label != CONTROL)
"""The samplers of the figure."""
DIGITS: Mapping[str, str] = {"images": "digits", "features": "digits"}
BUDGETS = (10, 20, 40, 80, 200)
MANY = ("DDPM V1", "DDPM V2", "DDPM V3")
"""They are run with 1000 calls too."""

_FIVE, _MANY = "PMM over V3, K=5", "PMM over V3, K=1000/steps"
NEEDS: Mapping[str, Mapping[str, int]] = {
    EXACT: {
        **dict.fromkeys(("DDPM V1", "DDPM V2", "DDPM V3", "DDIM", "DPM-Solver-2M", "DPM-Solver-3M", "DPM-Solver++(2M)", "Heun"), 10),
        **{"RMM": 20, _FIVE: 20, "PMM over V3, K=5, Bernoulli midpoints": 40, _MANY: 40},
    },
    NETWORK: {"DPM-Solver-2M": 10, "DDIM": 20, "DDPM V3": 20, "DDPM V1": 40, _FIVE: 40, _MANY: 40},
}
"""By predictor and label, the calls with which, and not with the next fewer, no difference is seen: from images of the set for an exact score, from DDPM of
1000 calls for a network."""

_SOURCE = "generated images; Kandasamy & Nagaraj 2024, sect. 5, has larger ones"
_VARIANTS = (_FIVE, _MANY, "PMM over V3, K=5, Bernoulli midpoints", "PMM over V1, K=5", "PMM over V2, K=1000/steps")
_ORDER = (("DPM-Solver-2M", "DDIM"), ("DPM-Solver-2M", "DDPM V3"), ("DPM-Solver-2M", "Heun"), ("DDPM V3", "DDPM V1"), ("DDIM", "DDPM V1"))
"""Who is nearer with 10 calls on the way, and than whom."""
LEARNED: Mapping[str, int] = {"Heun": 20, "DDPM V2": 40, _FIVE: 40, _MANY: 40, "PMM over V3, K=5, Bernoulli midpoints": 40, "DDPM V1": 80}
"""The same of the network that comes with pmmtheory and has learned a set of the user, MNIST; not of those whose answer is on the edge of the noise."""
_GRIDS = tuple(label for label in CURVES if label.startswith(("DPM-Solver-2M", "DPM-Solver-3M")))


def budgets(label: str) -> tuple[int, ...]:
    """The calls that a sampler is run with; a quadratic grid has no more distinct whole times."""
    if "quadratic" in label:
        return tuple(calls for calls in BUDGETS if calls <= 40)
    return (*BUDGETS, 1000) if label in MANY else BUDGETS


def curves(profile: str) -> Mapping[str, Mapping[str, tuple[int, ...]]]:
    """By predictor and label, the calls that the figure shows where they are stored."""
    if profile != "images":
        return {ON_THE_WAY: dict.fromkeys(CURVES, (10, 40))}
    every = {label: budgets(label) for label in CURVES}
    return {NETWORK: every, EXACT: every}


def _checks(profile: str) -> Iterator[Check]:
    yield from _on_the_way()
    if profile == "images":
        yield from _network()
        yield from _exact()
        for images in image_spectra.sets("full")[1:]:
            yield from _own(images)


def _on_the_way() -> Iterator[Check]:
    """The exact score of the digits down to training time 100, against noised digits."""
    where = ON_THE_WAY
    for better, worse in _ORDER:
        yield _nearer(f"with 10 calls {better} is nearer to the data than {worse}", better, 10, worse, 10, where)
    for label, calls in (("DPM-Solver-2M", 10), ("DDPM V3", 40), (_FIVE, 40)):
        yield _within(f"{label} of {calls} calls is within the noise of images of the set", label, calls, floor(where), where)
    claim = Claim(f"{_FIVE}, is unstable with 10 calls: the Frechet distance is above 10", _FIVE, "frechet", 0, "inequality", _SOURCE)
    yield against_number(claim, _target(where), (Point(0.1, cell(_FIVE, 10, where), "frechet"),), 10.0, False)
    yield _within("DDPM V1 with half the variance is within the noise of images of the set, at 40 calls", CONTROL, 40, floor(where), where, control=True)


def _network() -> Iterator[Check]:
    """The network that learned the digits, against them; DDPM of 1000 calls is what it can do."""
    where, calls_of = NETWORK, {"DDIM": (40, 80), **{grid: tuple(n for n in budgets(grid) if n in (40, 80)) for grid in _GRIDS}}
    yield from _more_calls(where)
    for label, calls in NEEDS[where].items():
        yield from _needs(label, calls, cell("DDPM V3", 1000, where), "DDPM V3 of 1000 calls", where)
    statement = "with 10 calls DDPM V3 is nearer to the data than DDPM V1, which laws on the covariance prefer"
    yield _nearer(statement, "DDPM V3", 10, "DDPM V1", 10, where)
    yield _nearer("with 20 calls DPM-Solver-2M is nearer to the data than PMM over V3, K=1000/steps", "DPM-Solver-2M", 20, _MANY, 20, where)
    yield _within("DDPM V3 of 1000 calls is within the noise of images for tests", "DDPM V3", 1000, floor(where), where)
    for rival, budget in calls_of.items():
        for calls in budget:
            for one, other in ((_FIVE, rival), (rival, _FIVE)):
                yield _within(f"{one} of {calls} calls is not seen to be farther from the data than {other} of as many", one, calls, cell(other, calls), where)
    for variant in _VARIANTS[1:]:
        statement = f"{variant} of 40 calls is not seen to be nearer than DPM-Solver-2M of as many, so that no best variant of a budget is"
        yield _within(statement, "DPM-Solver-2M", 40, cell(variant, 40), where)
    statement = "DDPM V1 with half the variance is within the noise of images for tests, at 80 calls, on pixels"
    yield _within(statement, CONTROL, 80, floor(where), where, "pixels", control=True)


def _exact() -> Iterator[Check]:
    """The exact score of the digits down to the data: who is nearer, beside what the exact laws on their covariance say (see image_spectra)."""
    where = EXACT
    yield from _more_calls(where)
    for label, calls in NEEDS[where].items():
        yield from _needs(label, calls, floor(where), "images of the set", where)
    few = (10, 20, 40, 80)
    pairs: dict[tuple[str, str], tuple[int, ...]] = {("DDPM V1", "DDPM V3"): few, ("DDPM V3", "DDPM V2"): few}
    pairs |= {(_FIVE, rival): (40, 80) for rival in ("DDIM", "Heun", "DDPM V3", "DDPM V2")}
    pairs |= {(rival, _FIVE): (40, 80) for rival in ("DPM-Solver-2M", "DPM-Solver++(2M)")}
    for (better, worse), at in pairs.items():
        claim = Claim(f"{better} is not seen to be farther than {worse}, to which laws on the covariance prefer it", better, "pixels", 0, "inequality", _SOURCE)
        points = tuple(Point(1 / calls, cell(better, calls, where), "pixels_low") for calls in at)
        yield Check(claim, _target(where), points, bounds=tuple(Point(1 / calls, cell(worse, calls, where), "pixels_high") for calls in at))
    over_two = "PMM over V2, K=1000/steps"
    yield _nearer("over V2, K = 1000/steps, PMM of 80 calls is farther than DDPM V2, as on the covariance", "DDPM V2", 80, over_two, 80, where)
    yield _nearer("with 40 calls PMM over V3 is farther than DDIM where K = 1000/steps, as on the covariance", "DDIM", 40, _MANY, 40, where, "pixels")
    yield _nearer("with 20 calls PMM over V3 is nearer with K = 5 than with K = 1000/steps", _FIVE, 20, _MANY, 20, where)
    statement = "DDPM V1 with half the variance is within the noise of images of the set, at 40 calls, on pixels"
    yield _within(statement, CONTROL, 40, floor(where), where, "pixels", control=True)


def _more_calls(predictor: str, options: Mapping[str, str] = DIGITS, without: int = 0) -> Iterator[Check]:
    """Every point of the figure, but those with so many calls: more are not seen to be worse than ten."""
    for label in CURVES:
        more = [calls for calls in budgets(label)[1:] if calls != without]
        claim = Claim(f"{label} with more calls is not seen to be farther from the data than with 10", label, "frechet", 0, "inequality", _SOURCE)
        points = tuple(Point(1 / calls, cell(label, calls, predictor, **options), "frechet_low") for calls in more)
        bounds = tuple(Point(1 / calls, cell(label, 10, predictor, **options), "frechet_high") for calls in more)
        yield Check(claim, _target(predictor, options["images"]), points, bounds=bounds)


def _needs(label: str, calls: int, other: Cell, name: str, predictor: str, options: Mapping[str, str] = DIGITS) -> Iterator[Check]:
    """With so many calls, and not with the next fewer, a sampler is within the noise of another cell."""
    yield _within(f"{label} needs {calls} calls to be within the noise of {name}: with these it is", label, calls, other, predictor, options=options)
    if calls > BUDGETS[0]:
        fewer = BUDGETS[BUDGETS.index(calls) - 1]
        claim = Claim(f"{label} needs {calls} calls to be within the noise of {name}: with {fewer} it is not", label, "frechet", 0, "inequality", _SOURCE)
        points = (Point(1 / fewer, other, "frechet_high"),)
        bounds = (Point(1 / fewer, cell(label, fewer, predictor, **options), "frechet_low"),)
        yield Check(claim, _target(predictor, options["images"]), points, bounds=bounds)


def _own(images: str) -> Iterator[Check]:
    """A set that the user names, by its exact score and, where one that comes with pmmtheory has learned it, by a network.

    On features of a net for images of that shape if one comes along, else on pixels.
    """
    from pmmtheory.images import load_images

    nets: dict[tuple[int, ...], str] = {(1, 8, 8): "digits", (1, 28, 28): "mnist"}
    found = load_images(images)
    features, content = nets.get(tuple(found.images.shape[1:]), ""), found.fingerprint
    options, metric = {"images": images, "features": features, "content": content}, "frechet" if features else "pixels"
    yield from _no_worse_with_80(EXACT, metric, options, [label for label in CURVES if 80 in budgets(label)])
    if features and learned(features, content):
        yield from _learned(options)


def _learned(options: Mapping[str, str]) -> Iterator[Check]:
    """The network that learned a set of the user, as far as 80 calls; DDPM of 1000 calls is what it can do."""
    where, ddpm = NETWORK, cell("DDPM V3", 1000, NETWORK, **options)
    yield from _more_calls(where, options, without=200)
    for label, calls in LEARNED.items():
        yield from _needs(label, calls, ddpm, "DDPM V3 of 1000 calls", where, options)
    for calls in (40, 80):
        yield _nearer(f"with {calls} calls {_FIVE}, is nearer to the data than DDIM", _FIVE, calls, "DDIM", calls, where, options=options)
        statement = f"{_FIVE} of {calls} calls is not seen to be farther from the data than DPM-Solver-2M of as many"
        yield _within(statement, _FIVE, calls, cell("DPM-Solver-2M", calls, where, **options), where, options=options)
    statement = f"DPM-Solver-2M of 40 calls is not seen to be farther from the data than {_FIVE} of as many"
    yield _within(statement, "DPM-Solver-2M", 40, cell(_FIVE, 40, where, **options), where, options=options)
    yield _within(f"Heun of 20 calls is not seen to be farther than {_FIVE}, of 40", "Heun", 20, cell(_FIVE, 40, where, **options), where, options=options)
    yield _nearer("DDPM V2 of 1000 calls is nearer to the data than DDPM V3 of as many", "DDPM V2", 1000, "DDPM V3", 1000, where, options=options)
    statement = "images for tests are nearer to the images learned than DDPM V3 of 1000 calls: the error of the network is seen"
    claim = Claim(statement, "DDPM V3", "frechet", 0, "inequality", _SOURCE)
    yield Check(claim, _target(where, options["images"]), (Point(0.001, floor(where, **options), "frechet"),), bounds=(Point(0.001, ddpm, "frechet"),))
    statement = "DDIM of 80 calls is within the noise of DDPM V3 of 1000 calls"
    yield _within(statement, "DDIM", 80, ddpm, where, control=True, options=options)


def _no_worse_with_80(predictor: str, metric: str, options: Mapping[str, str], labels: Sequence[str]) -> Iterator[Check]:
    for label in labels:
        claim = Claim(f"{label} with 80 calls is not seen to be farther from the data than with 10", label, metric, 0, "inequality", _SOURCE)
        points, bounds = (cell(label, calls, predictor, **options) for calls in (80, 10))
        low, high = Point(1 / 80, points, f"{metric}_low"), Point(1 / 80, bounds, f"{metric}_high")
        yield Check(claim, _target(predictor, options["images"]), (low,), bounds=(high,))


def _target(predictor: str, images: str = "digits") -> str:
    return f"{Path(images).stem}, {predictor}, {count(predictor, images)} images"


def _nearer(
    statement: str, better: str, calls: int, worse: str, others: int, predictor: str, metric: str = "frechet", options: Mapping[str, str] = DIGITS
) -> Check:
    """Whether the distance of one sampler is below that of another by more than both errors, which hold with 95% each."""
    claim = Claim(statement, better, metric, 0, "inequality", _SOURCE)
    points, bounds = (Point(1 / calls, cell(label, asked, predictor, **options), metric) for label, asked in ((better, calls), (worse, others)))
    return Check(claim, _target(predictor, options["images"]), (points,), bounds=(bounds,))


def _within(
    statement: str, label: str, calls: int, other: Cell, predictor: str, metric: str = "frechet", control: bool = False, options: Mapping[str, str] = DIGITS
) -> Check:
    """Whether the distance of a sampler is not above that of another cell by more than both errors: a pass says that no difference is seen."""
    claim = Claim(statement, label, metric, 0, "inequality", "negative control" if control else _SOURCE)
    points, target = (Point(1 / calls, cell(label, calls, predictor, **options), f"{metric}_low"),), _target(predictor, options["images"])
    return Check(claim, target, points, bounds=(Point(1 / calls, other, f"{metric}_high"),), control=control)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    compared = [(pair, among(outcomes, scheme=pair[0], statement=f"with 10 calls {pair[0]} is nearer to the data than {pair[1]}")) for pair in _ORDER]
    if all(hold(group) for _, group in compared):
        sides = [(pair, group[0], (group[0].check.points[0], group[0].check.bounds[0])) for pair, group in compared]
        found = {name: known for pair, outcome, points in sides for name, point in zip(pair, points, strict=True) if (known := outcome.estimate(point))}
        said = ", ".join(f"{name} {shown(known)}" for name, known in sorted(found.items(), key=lambda item: item[1].value))
        best = min(found, key=lambda name: found[name].value)
        yield f"Noised digits, 10 calls: nearest is {best}, Frechet distance {shown(found[best])}."
        yield f"All of them: {said}."


study = Study("image_samples", "Samplers on images at equal calls, by generated images", _checks, _findings, profiles=PROFILES)
