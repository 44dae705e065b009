"""Chains in many dimensions, by particles: biases with intervals where no law is computed, and the same particles held to laws where one is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pmmtheory.harness.findings import among, hold
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.claim import Claim

_CONTROL = "negative control"
_IRIS = "logistic regression on iris"
_ORDERS = {"EulerMaruyama": (0.04, 0.014), "Minibatch": (0.02, 0.06)}
"""The longer of two steps, and the tolerance over the step."""
_KNOWN = {"Minibatch": 0.3, "BAOAB": 0.01}
"""What a bias is known to, over the step, where that is not a twentieth."""
_APART = 0.4
"""How close an order must be to 1: it is then neither 1/2 nor 3/2."""
_OPTIONS = {"BAOAB": {"friction": 2.0}}
_LONGER = 10.0
"""How many times LMC's steps are those of BAOAB."""
_RIVALS = (("BAOAB", _LONGER), ("EulerMaruyama", 1.0))
_LABELS = {
    "EulerMaruyama": "LMC",
    "BAOAB": "BAOAB",
    "Minibatch": "LMC with a tenth of the data a step",
    "RandomizedMidpoint": "RMM",
    "TamedEuler": "tamed Euler",
    "MALA": "MALA",
}
_AGAINST_LAWS: tuple[tuple[str, str, float, dict[str, Any]], ...] = (
    ("LMC", "EulerMaruyama", 0.1, {}),
    ("RMM", "RandomizedMidpoint", 0.1, {}),
    ("PMM, K=10", "PoissonMidpoint", 0.1, {"substeps": 10}),
    ("ULMC", "EulerMaruyama", 0.1, {"friction": 2.0}),
    ("BAOAB", "BAOAB", 0.4, {"friction": 2.0}),
)
_UNBIASED = (
    ("banana", "TamedEuler", 0.02, 2000),
    ("mixture", "EulerMaruyama", 0.1, 2000),
    ("phi4", "TamedEuler", 0.04, 16_000),
    ("funnel", "TamedEuler", 0.08, 4000),
)
"""Targets, the scheme that is biased there, its step, and how many chains tell: MALA takes as many of the same step, and as many drift calls."""


_RESOLVED: tuple[tuple[str, str, float, dict[str, Any]], ...] = (
    ("LMC", "EulerMaruyama", 0.08, {}),
    ("PMM, K=2", "PoissonMidpoint", 0.08, {"substeps": 2}),
)
_SHARE, _TIMES = 0.01, 100.0
"""Of a bias that it is known to, and how many times as many drift calls independent chains would take."""


def _checks(profile: str) -> Iterator[Check]:
    full = profile == "full"
    for label, scheme, step, options in _AGAINST_LAWS if full else _AGAINST_LAWS[:2]:
        yield _against_law(label, scheme, step, options)
    yield _against_law("LMC", "EulerMaruyama", 0.1, {"wrong": 1.5}, control=True)
    for target, scheme, step, particles in _UNBIASED if full else _UNBIASED[1:2]:
        yield _nearer(target, "MALA", scheme, [step], {"time": 20.0, "particles": particles})
    if full:
        yield from map(_order, _ORDERS)
        yield _order("EulerMaruyama", 2, control=True)
        yield _nearer("iris", "RandomizedMidpoint", "EulerMaruyama", [0.04, 0.028, 0.02], {}, times=2.0)
        yield _nearer("iris", "Minibatch", "EulerMaruyama", [0.08, 0.057, 0.04], {}, 0.1, "at equal gradients of cases")
        yield _nearer("iris", "BAOAB", "EulerMaruyama", [0.04, 0.028, 0.02], {}, _LONGER, "with steps ten times as long")
        yield _faster([0.04, 0.028, 0.02])
        yield _faster([0.04, 0.028, 0.02], control=True)
        for label, scheme, step, options in _RESOLVED:
            yield from _resolved(label, Point(step, Cell.of("resolved_bias", scheme=scheme, step_size=step, **options), "bias"))


def _against_law(label: str, scheme: str, step: float, options: dict[str, Any], control: bool = False) -> Check:
    cell = Cell.of("sampled_apart", scheme=scheme, step_size=step, **options)
    statement = f"particles of {label}{' with other steps' if control else ''} have its second moment within 3 standard errors"
    claim = Claim(statement, label, "E |x|^2", 0, "inequality", _CONTROL if control else "the law on the line")
    return Check(claim, "20 cosines", (Point(step, cell, "apart"),), bounds=(Point(step, cell, "allowed"),), control=control)


def _resolved(label: str, bias: Point) -> Iterator[Check]:
    """What coupled chains tell of a bias in twenty dimensions: a hundredth of it, at a hundredth of the cost, the exact one, and no other."""

    def below(statement: str, least: Point, most: Point, control: bool = False) -> Check:
        claim = Claim(statement, label, "E |x|^2", 0, "inequality", _CONTROL if control else "coupled chains, and the law on the line")
        return Check(claim, "20 cosines", (least,), bounds=(most,), control=control)

    def seen(metric: str) -> Point:
        return Point(bias.step, bias.cell, metric)

    def number(value: float) -> Point:
        return Point(bias.step, Cell.of("number", value=value), "value")

    yield below(f"the bias of {label} is resolved to {_SHARE:.0%} by coupled chains", seen("unknown"), number(_SHARE))
    yield below(f"independent chains would take {_TIMES:g} times the drift calls of {label}", number(_TIMES), seen("dearer"))
    yield below(f"the bias of {label} by coupled chains is that of its law, within 3 standard errors", seen("apart"), seen("allowed"))
    yield below(f"the bias of {label} by coupled chains is that of steps 5% longer", seen("apart longer"), seen("allowed"), control=True)


def _order(scheme: str, order: int = 1, control: bool = False) -> Check:
    step, tolerance = _ORDERS[scheme]
    label = _LABELS[scheme]
    cell = Cell.of("sampled_order", target="iris", scheme=scheme, step_size=step, tolerance=tolerance)
    statement = f"the bias of {label} falls like step^{order} on {_IRIS}, within {_APART}"
    claim = Claim(statement, label, "E |x - m|^2", 0, "inequality", _CONTROL if control else "weak order 1", "convex F")
    bound = Cell.of("number", value=_APART)
    return Check(claim, _IRIS, (Point(step, cell, f"off {order}"),), bounds=(Point(step, bound, "value"),), control=control)


def _nearer(target: str, scheme: str, other: str, steps: Sequence[float], options: dict[str, Any], times: float = 1.0, how: str = "at equal calls") -> Check:
    """Whether a scheme with steps so many times as long has a smaller bias than another one."""
    near, far = _LABELS[scheme], _LABELS[other]
    claim = Claim(f"{near} has a smaller bias than {far} {how} on {target}", near, "E |x - m|^2", 0, "inequality", "equal cost")
    points = tuple(Point(step, _biased(target, scheme, times * step, options), "bias") for step in steps)
    return Check(claim, target, points, bounds=tuple(Point(step, _biased(target, other, step, options), "bias") for step in steps))


def _faster(steps: Sequence[float], control: bool = False) -> Check:
    """Whether BAOAB's longer steps are fewer calls a relaxation time: chains with velocities forget more slowly."""
    fewer, more = ([Point(step, _biased("iris", name, times * step, {}), "relaxation") for step in steps] for name, times in _RIVALS)
    if control:
        fewer, more = more, fewer
    statement = f"{'LMC' if control else 'BAOAB'} takes fewer calls a relaxation time with BAOAB's steps {_LONGER:g} times as long on {_IRIS}"
    claim = Claim(statement, "BAOAB", "calls", 0, "inequality", _CONTROL if control else "coupled chains", "convex F")
    return Check(claim, _IRIS, tuple(fewer), bounds=tuple(more), control=control)


def _biased(target: str, name: str, step: float, options: dict[str, Any]) -> Cell:
    known = {"tolerance": round(_KNOWN.get(name, 0.05) * step, 9)} | _OPTIONS.get(name, {}) if target == "iris" else options
    return Cell.of("sampled_bias", target=target, scheme=name, step_size=round(step, 9), **known)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for outcome in among(outcomes, target=_IRIS):
        found = outcome.estimate(outcome.check.points[0], "order")
        if found is not None and not outcome.check.control and hold([outcome]):
            yield f"Bias of {outcome.check.claim.scheme} on {_IRIS}, by coupled chains: order {found:.2f}."
    for outcome in among(outcomes, distance="calls"):
        if not outcome.check.control and hold([outcome]):
            point, bound = outcome.check.points[0], outcome.check.bounds[0]
            one, other = outcome.estimate(point, "relaxation"), outcome.estimate(bound, "relaxation")
            if one is not None and other is not None:
                taken = f"{one.value:.1f} calls a relaxation time with steps of {_LONGER * point.step:g}"
                yield f"BAOAB on {_IRIS}: {taken}, LMC {other.value:.1f} with steps of {bound.step:g}."
    for label, *_ in _RESOLVED:
        told = [outcome for outcome in among(outcomes, scheme=label) if len(outcome.check.bounds) == 1 and outcome.check.bounds[0].metric == "dearer"]
        if told and hold(told) and (bias := told[0].estimate(told[0].check.bounds[0], "bias")) is not None:
            yield f"Bias of {label} on 20 cosines at step {told[0].check.points[0].step:g}: {bias}, by coupled chains."
    if hold(among(outcomes, scheme="MALA")):
        yield "MALA, by particles: no bias is seen where LMC's is, at as many calls."


study = Study("many_dimensions", "Many dimensions, by particles: biases with intervals, and particles against laws", _checks, _findings)
