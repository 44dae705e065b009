"""A store with made-up rows for every cell of the quick profile."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from experiments import discover
from experiments.compute import Computed
from experiments.provenance import provenance
from experiments.store import open_store
from experiments.study import Check, Point
from paper_figures import cli
from pmmtheory.estimate import Estimate

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every check as claimed with the constant 0.3, every control one order worse, LMC dearer than PMM."""
    path = tmp_path_factory.mktemp("made up") / "store.sqlite"
    fill(path, list(discover.find_studies(discover.STUDIES)))
    return path


def fill(path: Path, names: list[str]) -> None:
    """Put made-up rows for the named studies into a store."""
    studies = discover.find_studies(discover.STUDIES)
    origin = provenance("cpu")
    cells = {}
    for check in (check for name in names for check in studies[name].checks("quick")):
        for point in check.all_points:
            cells.setdefault(point.cell, {}).setdefault(point.metric, Estimate(_value(check, point), 1e-7, "made up"))
    with open_store(path) as opened:
        for cell, estimates in cells.items():
            small = {metric: Estimate(e.value, 1e-7 * e.value, e.method) for metric, e in estimates.items()}
            opened.save(Computed(cell, small), origin)


def _value(check: Check, point: Point) -> float:
    options = dict(point.cell.parameters)
    if "accuracy" in options:
        order = 1 if options["scheme"] == "EulerMaruyama" else 2
        return order * (0.3 / options["accuracy"]) ** (1 / order) * (math.log(1 / options["accuracy"]) if point.metric == "calls" else 1.0)
    if point == check.constant:
        return 0.3
    if check.claim.kind == "inequality":
        return 2.0 if point in check.bounds else 1.0
    rate = check.claim.rate - check.control
    return 0.3 * point.step**rate * (1 + 0.2 * point.step)


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """`call("rates")` in a folder of its own gives the exit status, the output and the errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PMMTHEORY_STORE", raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["paper_figures", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return call
