"""The command `theorems`: a theorem has the verdict of the claims that cite it and that it can be contradicted by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from pmmtheory.estimate import Estimate
from pmmtheory.harness.project import Project
from pmmtheory.harness.store import Stored
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.theorems import markdown, rows, theorems_of
from pmmtheory.theory.bounds import Theorem
from pmmtheory.theory.claim import Claim

Call = Callable[..., tuple[int, str, str]]

THEOREM = Theorem("MADE 1", "made up, Theorem 1", "nothing", "KL <= step^p", ("nothing",), "KL falls at least like step^p | or so", max)
STEPS = (0.1, 0.05, 0.025, 0.0125, 0.00625)


def claimed(rate: float, kind: str = "bound", source: str = "made up, Theorem 1", control: bool = False) -> Check:
    points = tuple(Point(step, Cell.of("power", step_size=step, rate=2.0), "error") for step in STEPS)
    return Check(Claim("KL falls", "scheme", "kl", rate, kind, source), "target", points, control=control)


def verdict(checks: list[Check], results: Mapping[str, Stored]) -> str:
    return rows([THEOREM], {Study("made", "up", lambda profile: checks): checks}, results)[0].verdict


@pytest.fixture
def known() -> dict[str, Stored]:
    """Errors that fall like step^2."""
    cells = {point.step: point.cell for point in claimed(2.0).points}
    return {cell.key: Stored({"error": Estimate(3 * step**2, 1e-12 * step**2, "made up")}) for step, cell in cells.items()}


def test_the_verdict_is_that_of_the_claims_that_can_contradict_it(known: dict[str, Stored]) -> None:
    assert verdict([claimed(1.5)], known) == "pass"
    assert verdict([claimed(1.5), claimed(3.0)], known) == "fail"
    assert verdict([claimed(1.5), claimed(3.0, control=True)], known) == "pass"
    assert verdict([claimed(1.5), claimed(3.0, kind="asymptotic")], known) == "pass"
    assert verdict([claimed(3.0, kind="asymptotic")], known) == "no study"
    assert verdict([claimed(3.0, source="made up, Theorem 11")], known) == "no study"
    assert verdict([claimed(1.5)], {}) == "not run"
    lacking = {key: stored for i, (key, stored) in enumerate(known.items()) if i < 2}
    assert verdict([claimed(1.5)], lacking) == "undecided"
    assert verdict([replace(claimed(1.5), points=claimed(1.5).points[:2]), claimed(1.5)], known) in ("pass", "undecided")


def test_a_table_for_pages() -> None:
    check = claimed(1.5)
    lines = markdown(rows([THEOREM], {Study("made", "up", lambda profile: [check]): [check]}, {})).splitlines()
    assert lines[2] == r"| **MADE 1**: made up, Theorem 1 | nothing | KL falls at least like step^p \| or so | `max` | `made` |"


@pytest.mark.slow
def test_what_the_reference_studies_cite() -> None:
    """Theorems that nothing cites would be said to be untested for ever."""
    project = Project("experiments")
    from pmmtheory.harness import discover

    checks = discover.checks_by_study(discover.find_studies(project.part("studies")).values(), "full")
    tested = {row.theorem.name for row in rows(theorems_of(project).values(), checks, {}) if row.studies}
    assert tested >= {"KN 1", "KN 2", "KN 3", "VW 1", "SN lemma 1", "SN contracts"}


@pytest.mark.slow
def test_the_command(call: Call, log: Path) -> None:
    status, out, _ = call("theorems")
    assert status == 0 and "MADE 1" in out and "VW 1" in out and max(map(len, out.splitlines())) <= 80 and not log.exists()
    status, out, _ = call("theorems", "MADE 1")
    assert status == 0 and out.splitlines()[0] == "MADE 1: made up" and "KL falls at least like step^p" in out and "verdict:  no study" in out
    status, out, err = call("theorems", "MADE 2")
    assert (status, out) == (2, "") and "there is no theorem named 'MADE 2'; did you mean MADE 1" in err
