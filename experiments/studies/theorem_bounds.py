"""The bounds of theorems at every measured cell where their assumptions hold, with one constant a theorem; and by which powers they are loose.

The constants of Kandasamy & Nagaraj are not known: one a theorem is taken from a few calibration cells (large steps, low dimensions), and must serve everywhere
else. KL of laws at one time is at most that of paths, which the theorems bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from experiments.studies._perturbation_lemma import lemma_checks, lemma_findings
from pmmtheory.harness.findings import among, exponents, hold
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.claim import Claim

_KN1, _KN2, _KN3 = (f"Kandasamy & Nagaraj 2024, Theorem {n}" for n in (1, 2, 3))
_VW, _SN = "Vempala & Wibisono 2019, Theorem 1", "Srinivasan & Nagaraj 2025: contraction"
_GAUSSIAN, _TIME, _FRICTION = "gaussian", 0.8, 3.0
_LOOSE = "exact laws at one time"
Scan = dict[str, list[dict[str, Any]]]


def _checks(profile: str) -> Iterator[Check]:
    full = profile == "full"
    yield from _with_constant("KN 2", _KN2, _overdamped(full))
    yield from _with_constant("KN 3", _KN3, _underdamped(full))
    yield from _path(full)
    yield from _vempala_wibisono(full)
    yield from _contraction(full)
    yield from _looseness(full)
    yield from lemma_checks(profile)


def _overdamped(full: bool) -> Scan:
    steps = (0.2, 0.1, 0.05, 0.025, 0.0125) if full else (0.2, 0.05, 0.0125)
    dims = (10, 100, 1000, 10000) if full else (10, 1000)
    found: Scan = {
        "step": [{"step_size": a, "substeps": 4, "steps": round(_TIME / a)} for a in steps],
        "d": [{"step_size": 0.1, "substeps": 4, "steps": 8, "dim": d} for d in dims],
        "K": [{"step_size": 0.1, "substeps": k, "steps": 8} for k in ((2, 8, 12, 24, 48) if full else (2, 8))],
    }
    if full:
        found["T"] = [{"step_size": 0.05, "substeps": 4, "steps": n} for n in (1, 16, 128, 512)]
        found["the start"] = [{"step_size": 0.1, "substeps": 4, "steps": 8, "dim": 2, "spread": s} for s in (0.01, 0.1, 10.0, 100.0)]
        found["shifted starts"] = [{"step_size": 0.1, "substeps": 4, "steps": 8, "shift": s} for s in (1.0, 4.0)]
        for target in ("ripple", "bimodal"):
            found[target] = [{"target": target, "step_size": a, "substeps": 4, "steps": round(_TIME / a), "shift": 1.0} for a in (0.2, 0.1, 0.05)]
    return found


def _underdamped(full: bool) -> Scan:
    steps, dims = ((0.2, 0.1, 0.05, 0.025), (1, 10, 100, 1000)) if full else ((0.1, 0.025), (1, 1000))
    found: Scan = {
        "step": [{"step_size": a, "substeps": 4, "steps": round(_TIME / a), "friction": _FRICTION} for a in steps],
        "d": [{"step_size": 0.1, "substeps": 4, "steps": 8, "dim": d, "friction": _FRICTION} for d in dims],
    }
    if full:
        found["K"] = [{"step_size": 0.1, "substeps": k, "steps": 8, "friction": _FRICTION} for k in (2, 8)]
        found["friction"] = [{"step_size": 0.1, "substeps": 4, "steps": 8, "friction": g} for g in (1.5, 6.0, 9.0)]
        found["T"] = [{"step_size": 0.1, "substeps": 4, "steps": n, "friction": _FRICTION} for n in (1, 4, 32, 128)]
    return found


def _with_constant(theorem: str, source: str, scan: Scan) -> Iterator[Check]:
    label = "PMM bernoulli" if theorem == "KN 2" else "underdamped PMM bernoulli"
    for what, cells in scan.items():
        target = cells[0].get("target", _GAUSSIAN)
        statement = f"KL of {label} to the fine chain is below the bound with one fitted constant, over {what}"
        yield _below(theorem, statement, label, source, target, cells)
    wrong = [("two more powers of the step", "step", "steeper", "steeper"), ("a tenth of the constant", "step", "ratio", "tenth")]
    if theorem == "KN 2":
        wrong.append(("no d, K and T", "d", "flatter", "flatter"))
    for words, what, *metrics in wrong:
        yield _below(theorem, f"KL of {label} is below a bound with {words} (wrong)", label, source, _GAUSSIAN, scan[what], True, *metrics)


def _below(
    theorem: str,
    statement: str,
    label: str,
    source: str,
    target: str,
    cells: list[dict[str, Any]],
    control: bool = False,
    metric: str = "ratio",
    constant: str = "ratio",
) -> Check:
    limit = Cell.of("fitted_constant", theorem=theorem)
    points = tuple(Point(float(i + 1), _cell(cell), metric) for i, cell in enumerate(cells))
    bounds = tuple(Point(point.step, limit, constant) for point in points)
    assumptions = "alpha L < 1, alpha^3 L^3 T < 1" if theorem == "KN 2" else "friction > sqrt(L), alpha friction < 1, T < friction/(L^2 alpha^3)"
    return Check(Claim(statement, label, "kl/bound", 0, "inequality", source, assumptions), target, points, bounds=bounds, control=control)


def _cell(parameters: dict[str, Any]) -> Cell:
    return Cell.of("kandasamy_nagaraj", **({"target": _GAUSSIAN} | parameters))


def _path(full: bool) -> Iterator[Check]:
    cells = [
        Cell.of("kandasamy_nagaraj_path", target=_GAUSSIAN, step_size=a, substeps=k, dim=d)
        for a, k, d in ((0.3, 4, 1), (0.002, 4, 1), (0.1, 12, 10), (0.1, 4, 1000))[: 4 if full else 2]
    ]
    for statement, bound, control in (("the bound with constant 1 and exact moments", "bound", False), ("the square of that bound (wrong)", "square", True)):
        points, bounds = (tuple(Point(float(i + 1), cell, metric) for i, cell in enumerate(cells)) for metric in ("kl", bound))
        claim = Claim(f"KL of PMM after a step is below {statement}", "PMM bernoulli", "kl", 0, "inequality", _KN1, "none")
        yield Check(claim, _GAUSSIAN, points, bounds=bounds, control=control)


def _vempala_wibisono(full: bool) -> Iterator[Check]:
    scans: dict[str, list[dict[str, Any]]] = {
        "N": [{"part": 1.0, "steps": n, "dim": 10, "condition": 10.0, "shift": 1e4} for n in (1, 10, 100, 1000)],
        "step": [{"part": p, "steps": 10**5, "dim": 10, "condition": 10.0} for p in (1.0, 0.1, 0.01)],
        "d": [{"part": 1.0, "steps": 10**4, "dim": d, "condition": 10.0} for d in ((1, 10, 100, 1000) if full else (1, 100))],
        "kappa": [{"part": 1.0, "steps": 10**6, "dim": 10, "condition": k} for k in ((1.0, 10.0, 100.0, 1e3, 1e4) if full else (1.0, 100.0))],
        "starts": [{"part": 0.5, "steps": 5, "dim": 10, "condition": 10.0, "shift": s, "spread": v} for s, v in ((0.0, 1e-3), (0.0, 1e3), (100.0, 1.0))],
    }
    for what, cells in scans.items():
        yield _anisotropic(f"KL of LMC is below its bound, over {what}", "bound", cells)
    yield _anisotropic("KL of LMC is below a bound that forgets its start four times as fast (wrong)", "faster", scans["N"], control=True)


def _anisotropic(statement: str, metric: str, cells: Iterable[dict[str, Any]], control: bool = False) -> Check:
    measured = [Cell.of("vempala_wibisono_spectrum", **cell) for cell in cells]
    one = Cell.of("number", value=1.0)
    points = tuple(Point(float(i + 1), cell, "ratio" if metric == "bound" else metric) for i, cell in enumerate(measured))
    claim = Claim(statement, "LMC", "kl/bound", 0, "inequality", _VW, "log-Sobolev, L-smooth, step <= lsi/(4 L^2)")
    return Check(claim, _GAUSSIAN, points, bounds=tuple(Point(point.step, one, "value") for point in points), control=control)


def _contraction(full: bool) -> Iterator[Check]:
    schemes: dict[str, dict[str, Any]] = {"LMC": {"scheme": "EulerMaruyama"}, "PMM": {"scheme": "PoissonMidpoint", "substeps": 4, "midpoints": "bernoulli"}}
    for label, options in schemes.items() if full else [("LMC", schemes["LMC"])]:
        for target in ("ripple", _GAUSSIAN) if full else (_GAUSSIAN,):
            cells = [Cell.of("contraction", target=target, step_size=0.2, steps=n, **options) for n in ((1, 4, 16) if full else (1, 8))]
            for words, metric, control in (("the contraction", "bound", False), ("one of four times the rate (wrong)", "fast", True)):
                points, bounds = (tuple(Point(float(i + 1), cell, name) for i, cell in enumerate(cells)) for name in ("w2", metric))
                claim = Claim(f"W2 of {label} from two starts is below {words}", label, "w2", 0, "inequality", _SN, "strongly log-concave, step L <= 1")
                if not control or target == _GAUSSIAN:
                    yield Check(claim, target, points, bounds=bounds, control=control)


def _looseness(full: bool) -> Iterator[Check]:
    """By which power the bound falls slower, or grows faster, than what is measured: the rate of kl/bound."""
    two, three = "PMM bernoulli, K=4", "underdamped PMM bernoulli, K=4"
    small = [(1 / d, {"step_size": 0.002, "substeps": 4, "steps": 4, "dim": d}) for d in (4, 8, 16, 32, 64)]
    yield _rate("KN 2 is loose by d^1 while d step^2 is small (fitted in 1/d)", two, _KN2, 1, small)
    horizon = [(1 / n, {"step_size": 0.1, "substeps": 4, "steps": n}) for n in (24, 32, 48, 64, 96)]
    yield _rate("KN 2 is loose by T^1 at long times (fitted in 1/T)", two, _KN2, 1, horizon)
    if not full:
        return
    steps = [(a, {"step_size": a, "substeps": 4, "steps": round(_TIME / a)}) for a in (0.05, 0.032, 0.02, 0.0125, 0.008, 0.005)]
    yield _rate("KN 2 is loose by step^1 at a fixed time", two, _KN2, 1, steps)
    many = [(1 / k, {"step_size": 0.1, "substeps": k, "steps": 8}) for k in (24, 32, 48, 64, 96)]
    yield _rate("KN 2 is loose by K^1 (fitted in 1/K)", "PMM bernoulli", _KN2, 1, many)
    slow = [(a, {"step_size": a, "substeps": 4, "steps": round(_TIME / a), "friction": _FRICTION}) for a in (0.1, 0.08, 0.05, 0.04, 0.025, 0.02)]
    yield _rate("KN 3 is loose by step^1 at a fixed time", three, _KN3, 1, slow)
    high = [(1 / d, {"step_size": 0.1, "substeps": 4, "steps": 8, "dim": d, "friction": _FRICTION}) for d in (100, 200, 400, 800, 1600)]
    yield _rate("KL of the position grows like d^2, as KN 3 says (fitted in 1/d)", three, _KN3, -2, high, "kl")
    yield _loose("step^1", 1, [(p, {"part": p, "condition": 10.0}) for p in (1.0, 0.5, 0.25, 0.125, 0.0625)])
    yield _loose("kappa^2 at the largest step (fitted in 1/kappa)", 2, [(1 / k, {"part": 1.0, "condition": k}) for k in (3.0, 10.0, 30.0, 100.0, 300.0)])


def _loose(words: str, rate: float, cells: Iterable[tuple[float, dict[str, Any]]]) -> Check:
    """Of the bound of Vempala & Wibisono, at stationarity."""
    settled = [(at, {"steps": round(80 * cell["condition"] ** 2 / cell["part"]), "dim": 2} | cell) for at, cell in cells]
    points = tuple(Point(at, Cell.of("vempala_wibisono_spectrum", **cell), "ratio") for at, cell in settled)
    return Check(Claim(f"VW 1 is loose by {words}", "LMC", "kl/bound", rate, "asymptotic", f"{_VW}: {_LOOSE}", "Gaussian"), _GAUSSIAN, points)


def _rate(statement: str, label: str, source: str, rate: float, cells: Iterable[tuple[float, dict[str, Any]]], metric: str = "ratio") -> Check:
    points = tuple(Point(at, _cell(cell), metric) for at, cell in cells)
    distance = "kl/bound" if metric == "ratio" else metric
    return Check(Claim(statement, label, distance, rate, "asymptotic", f"{source}: {_LOOSE}", "Gaussian"), _GAUSSIAN, points)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    upper = [outcome for outcome in among(outcomes, kind="inequality") if not outcome.check.control]
    for words, source in (("KN 2", _KN2), ("KN 3", _KN3)):
        ours = among(upper, source=source)
        if hold(ours) and (constant := ours[0].estimate(ours[0].check.bounds[0])):
            cells = sum(len(outcome.check.points) for outcome in ours)
            yield f"The bound of {words} holds at {cells} cells with the constant {constant.value:.2g}, fitted at others."
    loose = {words: among(outcomes, statement=f"KN 2 is loose by {words}^1") for words in ("step", "d", "T", "K")}
    if found := exponents({words: group for words, group in loose.items() if group}):
        yield f"At one time the bound of KN 2 is loose by powers of {found}."
    yield from lemma_findings(outcomes)


study = Study("theorem_bounds", "Bounds of theorems at every cell, with one constant a theorem, and the powers by which they are loose", _checks, _findings)
