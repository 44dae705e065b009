"""What was found: a sentence is there only where its claims pass, and every number in it is that of an outcome."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from figures.made_up import made_up
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.estimate import Estimate
from pmmtheory.harness import discover
from pmmtheory.harness.findings import between, exponents, factor, shown
from pmmtheory.harness.page import Page
from pmmtheory.harness.runner import Tally
from pmmtheory.harness.store import Stored
from pmmtheory.harness.study import Cell, Check, Study
from pmmtheory.harness.verdict import Outcome, decide
from pmmtheory.rates import RateFit

STUDIES = discover.find_studies("experiments.studies")
TELLING = [name for name, study in STUDIES.items() if study.findings]


@pytest.fixture(scope="module")
def outcomes() -> Mapping[str, list[Outcome]]:
    stored = {cell.key: Stored(estimates | {"calls": Estimate(steps(cell), 0.0, "expected")}) for cell, estimates in made_up().items()}
    return {name: [settled(decide(name, check, stored)) for check in study.checks("quick")] for name, study in STUDIES.items()}


def steps(cell: Cell) -> float:
    return float(dict(cell.parameters).get("steps", 1))


def settled(outcome: Outcome) -> Outcome:
    """With the verdict that it should have: not all that is made up can hold at once."""
    return replace(outcome, verdict="fail" if outcome.check.control else "pass")


def told(name: str, outcomes: Sequence[Outcome]) -> list[str]:
    tell = STUDIES[name].findings
    return list(tell(outcomes)) if tell else []


def flipped(outcome: Outcome) -> Outcome:
    return replace(outcome, verdict="pass" if outcome.check.control else "fail")


def moved(outcome: Outcome) -> Outcome:
    """The same verdict on other numbers."""

    def other(estimate: Estimate) -> Estimate:
        return replace(estimate, value=1.37 * estimate.value)

    fit = outcome.fit and replace(
        outcome.fit,
        rate=outcome.fit.rate + 0.7,
        interval=(outcome.fit.interval[0] + 0.7, outcome.fit.interval[1] + 0.7),
        constant_interval=(1.37 * outcome.fit.constant_interval[0], 1.37 * outcome.fit.constant_interval[1]),
    )
    measured = {point.cell.key for point in outcome.check.points}
    cells = {cell.key: outcome.results[cell.key] for cell in outcome.check.cells}
    results = {
        key: replace(known, estimates={name: other(value) for name, value in known.estimates.items()}) if key in measured else known
        for key, known in cells.items()
    }
    ratio = None if outcome.ratio is None else 0.37 * outcome.ratio
    return replace(outcome, fit=fit, ratio=ratio, results=results, points=tuple((step, other(value)) for step, value in outcome.points))


@pytest.mark.slow
@pytest.mark.parametrize("name", TELLING)
def test_a_sentence_is_silent_where_a_claim_that_it_rests_on_does_not_pass(name: str, outcomes: Mapping[str, list[Outcome]]) -> None:
    """It rests on an outcome when it changes with the outcome's numbers: then it is gone with the outcome's verdict."""
    ours = outcomes[name]
    sentences = set(told(name, ours))
    gone = set[str]()
    for i in range(len(ours)):
        changed = sentences - set(told(name, [*ours[:i], moved(ours[i]), *ours[i + 1 :]]))
        left = set(told(name, [*ours[:i], flipped(ours[i]), *ours[i + 1 :]]))
        assert not changed & left
        gone |= sentences - left
    assert gone == sentences


@pytest.mark.parametrize("name", TELLING)
def test_nothing_is_told_of_what_does_not_hold_or_is_not_known(name: str, outcomes: Mapping[str, list[Outcome]]) -> None:
    assert told(name, [flipped(outcome) for outcome in outcomes[name]]) == []
    assert told(name, []) == []
    checks = [outcome.check for outcome in outcomes[name]]
    assert told(name, [decide(name, check, {}) for check in checks]) == []
    for every in (2, 3, 5):
        holes = {key: known for i, (key, known) in enumerate(sorted(outcomes[name][0].results.items())) if i % every}
        for sentence in told(name, [decide(name, check, holes) for check in checks]):
            assert "nan" not in sentence and "None" not in sentence


def test_every_study_of_claims_tells_something(outcomes: Mapping[str, list[Outcome]]) -> None:
    silent = [name for name, study in STUDIES.items() if not study.findings and not all(outcome.check.control for outcome in outcomes[name])]
    assert silent == []


def test_speed_up_tells_the_factor_between_two_curves(outcomes: Mapping[str, list[Outcome]]) -> None:
    slow, fast, cold = outcomes["speed_up"]
    at = min(step for step, _ in slow.points)
    ratio = dict(slow.points)[at].value / dict(fast.points)[at].value
    said = " ".join(told("speed_up", [slow, fast, cold]))
    assert f"PMM needs {math.floor(ratio)} times fewer" in said
    assert "p = LMC -1.00" in said
    dearer = replace(fast, points=tuple((step, replace(value, value=1e6 * value.value)) for step, value in fast.points))
    assert "a unit of time" not in " ".join(told("speed_up", [slow, dearer, cold]))


def test_samplers_tell_who_is_nearest_at_equal_calls(outcomes: Mapping[str, list[Outcome]]) -> None:
    ours = outcomes["samplers"]
    assert "Nearest" not in " ".join(told("samplers", ours))  # all are made up alike
    best = next(outcome for outcome in ours if outcome.check.claim.scheme == "DDIM" and len(outcome.check.points) > 3)
    results = dict(best.results)
    for point in best.check.points:
        known = results[point.cell.key]
        results[point.cell.key] = replace(known, estimates=known.estimates | {"w2": Estimate(1e-9, 0.0, "made up")})
    won = [replace(outcome, results=results) for outcome in ours]
    assert "Nearest to two modes in W2: DDIM with 5, 10, 20, 40" in " ".join(told("samplers", won))


def test_the_page_of_a_whole_run_stays_short(outcomes: Mapping[str, list[Outcome]], capsys: pytest.CaptureFixture[str]) -> None:
    checks: dict[Study, list[Check]] = {study: [outcome.check for outcome in outcomes[name]] for name, study in STUDIES.items()}
    page = Page(checks)
    for name, study in STUDIES.items():
        page.add(study, outcomes[name], outcomes[name][0].results)
    page.end(Tally(1, 2, 0, 0), 3.0)
    lines = capsys.readouterr().out.splitlines()
    assert sum(max(1, -(-len(line) // 80)) for line in lines) < 80


@given(st.floats(-6, 6), st.floats(0, 3))
def test_an_interval_is_shown_wide_enough(low: float, width: float) -> None:
    middle, half = map(float, between(low, low + width).split(" ± "))
    assert middle - half <= low + 1e-12 and low + width <= middle + half + 1e-12
    assert half <= 2.1 * (width / 2) + 10 ** (math.floor(math.log10(max(width / 2, 1e-4))) + 0)


@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(0, 1)), min_size=1, max_size=5))
def test_exponents_share_one_uncertainty_that_holds_for_each(intervals: list[tuple[float, float]]) -> None:
    groups = {f"name{i}": [fitted(low, low + width)] for i, (low, width) in enumerate(intervals)}
    said = exponents(groups)
    half = float(re.search(r"± ([\d.]+)\)", said)[1])  # type: ignore[index]
    for (low, width), value in zip(intervals, re.findall(r"name\d (-?[\d.]+)", said), strict=True):
        assert float(value) - half <= low + 1e-9 and low + width <= float(value) + half + 1e-9


def fitted(low: float, high: float) -> Outcome:
    check = next(iter(STUDIES["lmc"].checks("quick")))
    return Outcome("lmc", check, "pass", "", (), "", fit=RateFit((low + high) / 2, (low, high), 1.0, (1.0, 1.0), (), "pass", ""))


@given(st.floats(1e-9, 1e9), st.floats(0, 0.5), st.floats(1e-9, 1e9), st.floats(0, 0.5))
def test_a_factor_is_never_more_than_was_measured(high: float, above: float, low: float, below: float) -> None:
    said = factor(Estimate(high, above * high, ""), Estimate(low, below * low, ""))
    assert not said or 1 < float(said) <= high * (1 - above) / (low * (1 + below)) * (1 + 1e-12)


@given(st.floats(1e-12, 1e9), st.floats(0, 2))
def test_a_number_is_shown_within_its_error(value: float, relative: float) -> None:
    said = shown(Estimate(value, relative * value, ""))
    if "±" in said:
        middle, half = map(float, said.split(" ± "))
        assert half >= relative * value * (1 - 1e-9)
    else:
        assert float(said) == pytest.approx(value, rel=5.1e-3)
