"""The command: it goes on where it stopped, kills what hangs, finds the smallest failing case, and says how it ended."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pmmtheory.harness.errors import UsageError
from pmmtheory.harness.hunt.case import VIOLATION, Outcome, numbers_of, relations, run_case
from pmmtheory.harness.hunt.command import Plan, hunt
from pmmtheory.harness.hunt.shrink import shrunk

HERE = Path(__file__).parent
collect_ignore_glob = ["fake_*"]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.setenv("HUNT_LOG", str(tmp_path / "log"))
    yield tmp_path / "log"
    for name in [name for name in sys.modules if name.startswith("fake_relations")]:
        del sys.modules[name]
    relations.cache_clear()


def _plan(cases: int, **other: object) -> Plan:
    plan = {"cases": cases, "seed": 3, "workers": 1, "limit": 30.0, "shrink": 0.0, "names": ("outcomes",), "package": "fake_relations"}
    return Plan(**(plan | other))  # type: ignore[arg-type]


@pytest.mark.slow
def test_it_goes_on_where_it_stopped_and_says_what_it_found(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = tmp_path / "hunt.sqlite"
    assert not hunt(_plan(12, workers=2), store)
    first = capsys.readouterr().out
    assert "12 cases with seed 3" in first and "12 run now" in first and "NOT CLEAN" in first and "NotConverged: a law reached" in first
    assert len(log.read_text().splitlines()) == 12
    assert not hunt(_plan(20, shrink=20.0), store)
    second = capsys.readouterr().out
    assert "20 cases with seed 3" in second and "8 run now" in second
    assert 'smallest case found: {"kind": "violation", "size"' in second or 'smallest case found: {"kind": "crash"' in second
    kinds = dict(sqlite3.connect(store).execute("SELECT kind, count(*) FROM cases GROUP BY kind").fetchall())
    seen = [run_case(relations("fake_relations")["outcomes"], numbers_of(3, "outcomes", k)).kind for k in range(20)]
    assert kinds == {kind: seen.count(kind) for kind in set(seen)}


@pytest.mark.slow
def test_what_hangs_is_killed_and_what_dies_is_told(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clean = hunt(_plan(5, names=("sleeper",), limit=0.5), tmp_path / "hunt.sqlite")
    out = capsys.readouterr().out
    assert not clean and "its process ended with status 3" in out and "time limit" in out
    assert "5 cases" in out


@pytest.mark.slow
def test_clean(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    held = next(k for k in range(50) if run_case(relations("fake_relations")["outcomes"], numbers_of(3, "outcomes", k)).kind == "held")
    assert hunt(_plan(1, first=held), tmp_path / "hunt.sqlite")
    assert "; clean" in capsys.readouterr().out


def test_an_unknown_relation_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no relation named 'shft'"):
        hunt(Plan(1, 0, 1, 1.0, 0.0, ("shft",)), tmp_path / "hunt.sqlite")


def test_a_failing_case_becomes_the_simplest_that_fails() -> None:
    def run(numbers: tuple[float, ...]) -> Outcome | None:
        padded = (*numbers, 0.0, 0.0, 0.0, 0.0, 0.0)
        return Outcome(VIOLATION, numbers=numbers) if padded[1] > 0.3 and padded[3] > 0.7 else None

    start = run((0.812345, 0.456789, 0.123, 0.987654, 0.5))
    assert start is not None
    assert shrunk(start, run).numbers == (0.0, 0.5, 0.0, 1.0, 0.0)
