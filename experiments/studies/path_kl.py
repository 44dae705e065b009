"""Theorem 2 of Kandasamy & Nagaraj term by term: KL of the paths of PMM from those of LMC(step/K), which it bounds by

    C L^4 step^4 (E F(X_0) - F* + 1) + C' L^4 step^4 K d^2 T.

and Theorem 3, for positions and velocities, with C L^4 step^6 (...)/friction^2 + C' K step^7 L^4 T^2 (d + log K)^2/friction in place of it.

All from the target, but for the first term. The theorem is about the coarse path, X at the large steps, and is proved through that at the substeps: there, with
the midpoints hidden, the K is real, and at the large steps it is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pmmtheory.harness.findings import among, constants, exponent, hold, targets
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.bounds import kandasamy_nagaraj_rate, kandasamy_nagaraj_underdamped_rate
from pmmtheory.theory.claim import Claim

_KN, _KN3 = "Kandasamy & Nagaraj 2024, Theorem 2", "Kandasamy & Nagaraj 2024, Theorem 3"
_DERIVED = "theory.path_terms"
_STEPS = (0.04, 0.02, 0.01, 0.005, 0.0025)
_POINCARE, _BOTH = "log-cosh", 8
"""A target whose tails are exponential, without a log-Sobolev inequality; and the K at which both kinds of midpoints are seen."""
_COARSE, _FINE, _EXCESS = "coarse path kl", "fine path kl", "excess of path kl"
_MOVING, _FRICTION = "underdamped path kl", 2.3


def _checks(profile: str) -> Iterator[Check]:
    full = profile == "full"
    yield _in_step("gaussian", 10, 6)
    yield _in_step("gaussian", 1, 3, path="fine")
    yield _growth("d", 2, [(1 / d, _cell("gaussian", 0.002, 4, dim=d)) for d in (4, 16, 64, 256)], "PMM bernoulli, K=4")
    yield _growth("T", 1, [(1 / n, _cell("gaussian", 0.04, 4, dim=2, steps=n)) for n in (25, 50, 100, 200, 400)], "PMM bernoulli, K=4")
    yield _substeps("single", (8, 16, 32, 64, 128), 0)
    yield _doubled(4)
    yield _moving_in_step(1, 4)
    if full:
        yield from _more()


def _more() -> Iterator[Check]:
    for dim in (1, 2, 10, 100):
        yield _in_step("gaussian", dim, _BOTH)
    for midpoints in ("bernoulli", "single"):
        for target in ("bimodal", "cosine", "ripple"):
            yield _in_step(target, 1, _BOTH, midpoints)
    yield _in_step(_POINCARE, 1, 2, steps=(0.056, 0.04, 0.028, 0.02, 0.014))
    yield _in_step("gaussian", 10, 20, "single")
    yield _in_step("gaussian", 2, 10, path="fine")
    for target in ("bimodal", "ripple"):
        yield _in_step(target, 1, 4, path="fine")
    many = (8, 12, 16, 24, 32)
    yield _substeps("bernoulli", many, 0)
    yield _substeps("bernoulli", many, 1, control=True)
    yield _substeps("single", (4, 8, 16, 32, 64), 1, "fine", 0.002)
    yield _substeps("single", (4, 8, 16, 32, 64), 0, "fine", 0.002, control=True)
    for dim in (1, 10):
        yield _far(dim)
    yield from _many_substeps()
    yield from _moving()


def _in_step(target: str, dim: int, substeps: int, midpoints: str = "bernoulli", path: str = "coarse", steps: Sequence[float] = _STEPS) -> Check:
    """The exponent of the step, with the constant that is predicted, for one large step."""
    label = f"PMM {midpoints}, K={substeps}"
    claim = Claim(f"KL of the {path} path of {label} falls like step^4 a step, d = {dim}", label, f"{path} path kl", 4, "asymptotic", _DERIVED)
    sizes = [round(step * min(1.0, 25 / dim), 9) for step in steps]  # in dimension d the expansion is in d step
    points = tuple(Point(step, _cell(target, step, substeps, midpoints=midpoints, dim=dim, path=path), "kl") for step in sizes)
    return Check(claim, target, points, Point(0.0, Cell.of("path_constant", target=target, substeps=substeps, midpoints=midpoints, dim=dim), path))


def _growth(what: str, power: float, cells: list[tuple[float, Cell]], label: str) -> Check:
    statement = f"KL of the coarse path of {label} grows like {what}^{power:g} (fitted in 1/{what})"
    return Check(Claim(statement, label, _COARSE, -power, "asymptotic", _KN, "Gaussian"), "gaussian", tuple(Point(at, cell, "kl") for at, cell in cells))


def _substeps(midpoints: str, many: Sequence[int], power: float, path: str = "coarse", step: float = 0.004, control: bool = False) -> Check:
    label, dim = f"PMM {midpoints}", 10 if path == "coarse" else 2
    statement = f"KL of the {path} path of {label} at step {step:g} grows like K^{power:g} (fitted in 1/K)"
    source = "negative control" if control else _KN if power else "the K of the theorem is not needed at the large steps (measured here)"
    points = tuple(Point(1 / k, _cell("gaussian", step, k, midpoints=midpoints, dim=dim, path=path), "kl") for k in many)
    return Check(Claim(statement, label, f"{path} path kl", -power, "asymptotic", source, "Gaussian"), "gaussian", points, control=control)


def _doubled(rate: float) -> Check:
    """Midpoints with probability 2/K count the change of the force twice: of order step in the variance."""
    label = "midpoints with probability 2/K"
    points = tuple(Point(step, _cell("gaussian", step, 4, scheme="DoubledMidpoints"), "kl") for step in _STEPS)
    claim = Claim(f"KL of the coarse path with {label} falls like step^{rate:g}", label, _COARSE, rate, "asymptotic", "negative control", "Gaussian")
    return Check(claim, "gaussian", points, control=True)


def _far(dim: int) -> Check:
    """The first term of the theorem: what a start of three times the variance adds over many steps."""
    label, time, wider = "PMM bernoulli, K=8", 6.0, 3.0
    statement = f"what a wider start adds to the KL of the coarse path of {label} falls like step^4, d = {dim}"
    points = tuple(Point(step, _cell("gaussian", step, 8, dim=dim, steps=round(time / step), wider=wider), "excess") for step in _STEPS)
    constant = Point(0.0, Cell.of("path_constant", target="gaussian", substeps=8, dim=dim, wider=wider), "excess")
    return Check(Claim(statement, label, _EXCESS, 4, "asymptotic", _KN, "Gaussian"), "gaussian", points, constant)


def _many_substeps() -> Iterator[Check]:
    """K = 1/step over a fixed time: the theorem has step^2, and step^3 is found."""
    label, bound = "PMM bernoulli, K~1/step", kandasamy_nagaraj_rate(1)
    for target, dim in (("gaussian", 10), ("bimodal", 1)):
        points = tuple(Point(1 / n, _cell(target, 0.4 / n, n, dim=dim, steps=n), "kl") for n in (8, 12, 16, 24, 32))
        statement = f"KL of the coarse path of {label} over a fixed time falls"
        yield Check(Claim(f"{statement} at least like step^{bound:g}", label, _COARSE, bound, "bound", _KN), target, points)
        yield Check(Claim(f"{statement} like step^3", label, _COARSE, 3, "asymptotic", "no K at the large steps (measured here)"), target, points)


def _moving_in_step(dim: int, substeps: int, midpoints: str = "bernoulli") -> Check:
    label = f"underdamped PMM {midpoints}, K={substeps}"
    claim = Claim(f"KL of the coarse path of {label} falls like step^6 a step, d = {dim}", label, _MOVING, 6, "asymptotic", _DERIVED)
    points = tuple(Point(step, _moving_cell(step, substeps, midpoints=midpoints, dim=dim), "kl") for step in (0.16, 0.08, 0.04, 0.02, 0.01))
    constant = Point(0.0, Cell.of("path_constant", target="gaussian", substeps=substeps, midpoints=midpoints, dim=dim, friction=_FRICTION), "coarse")
    return Check(claim, "gaussian", points, constant)


def _moving() -> Iterator[Check]:
    """Theorem 3: the exponents of the step, d, K and T."""
    yield _moving_in_step(10, 8)
    yield _moving_in_step(2, 20, "single")
    label, grows = "underdamped PMM", "KL of the coarse path of underdamped PMM"
    growths: list[tuple[str, str, float, list[tuple[float, Cell]], bool]] = [
        ("bernoulli, K=4", "d", 2, [(1 / d, _moving_cell(0.02, 4, dim=d)) for d in (4, 8, 16, 32, 64)], False),
        ("bernoulli, K=4", "T", 1, [(1 / n, _moving_cell(0.05, 4, dim=2, steps=n)) for n in (25, 50, 100, 200, 400)], False),
        ("bernoulli", "K", 0, [(1 / k, _moving_cell(0.02, k)) for k in (8, 16, 32, 64, 128)], False),
        ("bernoulli", "K", 1, [(1 / k, _moving_cell(0.02, k)) for k in (8, 16, 32, 64, 128)], True),
        ("single", "K", 0, [(1 / k, _moving_cell(0.02, k, midpoints="single")) for k in (8, 16, 32, 64, 128)], False),
    ]
    for words, what, power, cells, control in growths:
        source = "negative control" if control else "the K of the theorem is not needed at the large steps (measured here)" if what == "K" else _KN3
        statement = f"{grows} {words} grows like {what}^{power:g} (fitted in 1/{what})"
        claim = Claim(statement, f"{label} {words}", _MOVING, -power, "asymptotic", source, "Gaussian")
        yield Check(claim, "gaussian", tuple(Point(at, cell, "kl") for at, cell in cells), control=control)
    label, bound = "underdamped PMM bernoulli, K~1/step", kandasamy_nagaraj_underdamped_rate(1)
    points = tuple(Point(1 / n, _moving_cell(0.4 / n, n, steps=n), "kl") for n in (8, 12, 16, 24, 32))
    statement = f"KL of the coarse path of {label} over a fixed time falls"
    yield Check(Claim(f"{statement} at least like step^{bound:g}", label, _MOVING, bound, "bound", _KN3), "gaussian", points)
    yield Check(Claim(f"{statement} like step^5", label, _MOVING, 5, "asymptotic", "no K at the large steps (measured here)"), "gaussian", points)


def _moving_cell(step: float, substeps: int, **options: Any) -> Cell:
    return _cell("gaussian", step, substeps, friction=_FRICTION, **options)


def _cell(target: str, step: float, substeps: int, **options: Any) -> Cell:
    return Cell.of("path_error", target=target, step_size=step, substeps=substeps, **options)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    groups = {
        "step": (among(outcomes, distance=_COARSE, statement="a step"), 1.0),
        "K": (among(outcomes, distance=_COARSE, statement="grows like K^", control=False), -1.0),
        "d": (among(outcomes, distance=_COARSE, statement="grows like d^"), -1.0),
        "T": (among(outcomes, distance=_COARSE, statement="grows like T^"), -1.0),
    }
    found = {name: exponent(found, sign) for name, (found, sign) in groups.items()}
    if all(found.values()):
        time = found.pop("T")
        yield f"KL of PMM's path: {', '.join(f'{name} {power}' for name, power in found.items())}."
        yield f"Those are its powers; that of T is {time}."
        yield "Open question, is the K of Theorem 2 needed at the large steps: no."
    moving = among(outcomes, distance=_MOVING, control=False)
    powers = {"step": exponent(among(moving, statement="a step"))}
    powers |= {name: exponent(among(moving, statement=f"grows like {name}^"), -1) for name in ("K", "d", "T")}
    if powers["step"] and (near := constants(among(moving, statement="a step"))):
        yield f"Underdamped: {', '.join(f'{name} {power}' for name, power in powers.items() if power)}; constants {near} of those predicted."
    if powers["K"]:
        yield "Open question, is the K of Theorem 3 needed at the large steps: no, on Gaussians."
    if power := exponent(among(moving, kind="asymptotic", statement="over a fixed time")):
        yield f"Underdamped with K ~ 1/step over a fixed time: order {power}, 4 is proved."
    fine = among(outcomes, distance=_FINE, statement="a step")
    if (power := exponent(fine)) and (near := constants(fine)):
        growth = exponent(among(outcomes, distance=_FINE, statement="grows like K^", control=False), -1)
        yield f"At the substeps: step {power}{f', K {growth}' if growth else ''}; constants {near} of those predicted."
    steady = among(outcomes, distance=_COARSE, statement="a step")
    if near := constants(steady):
        yield f"The constants of the coarse path are {near} of those predicted, {targets(steady)}."
    if power := exponent(among(steady, target=_POINCARE)):
        yield f"Open question, is the power the same with Poincare's inequality alone: yes, on {_POINCARE} step {power}."
    if times := _fewer(steady):
        yield f"Open question, what does one midpoint a step gain: a KL of the coarse path {times} times smaller, K = {_BOTH}."
    if power := exponent(among(outcomes, distance=_EXCESS)):
        yield f"What a wider start adds to it: step {power}, the first term of Theorem 2."
    if power := exponent(among(outcomes, distance=_COARSE, kind="asymptotic", statement="over a fixed time")):
        yield f"With K ~ 1/step over a fixed time: order {power}, 2 is proved."


def _fewer(steady: Sequence[Outcome]) -> str:
    """By what factors the predicted constants of one midpoint are below those of several, on the targets that have both."""
    factors = []
    for several in among(steady, scheme=f"PMM bernoulli, K={_BOTH}"):
        for single in among(steady, scheme=f"PMM single, K={_BOTH}", target=several.check.target):
            if hold([several, single]) and several.predicted_constant and single.predicted_constant:
                factors.append(several.predicted_constant.value / single.predicted_constant.value)
    return " to ".join(dict.fromkeys(f"{end:.2g}" for end in (min(factors), max(factors)))) if factors else ""


study = Study("path_kl", "KL of the paths of PMM from those of the chain it imitates, term by term against Theorem 2", _checks, _findings)
