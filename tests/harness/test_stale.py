"""Results of code that was edited: shown as stale, computed again where the edit can be felt, and never lost."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from pmmtheory.harness.project import Project
from pmmtheory.harness.source import Sources
from pmmtheory.harness.worker import load

HERE = Path(__file__).parent
Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, call: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """The command line on a copy of the fake studies and measures, which a test may edit; modules are loaded anew, as in a process of its own."""
    shutil.copytree(HERE / "fake", tmp_path / "fake", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def forget() -> None:
        importlib.invalidate_caches()
        for name in [name for name in sys.modules if name.partition(".")[0] == "fake"]:
            del sys.modules[name]

    def run(*arguments: str) -> str:
        forget()
        return call(*arguments)[1]

    yield run
    forget()


@pytest.mark.slow
def test_an_edited_measure_is_computed_again_and_the_others_are_not(run: Run, tmp_path: Path) -> None:
    power = tmp_path / "fake" / "measures" / "power.py"
    assert "cells: 7 computed, 0 reused" in run("run", "good", "--workers", "1")
    power.write_text("# a remark\n" + power.read_text())
    assert "cells: 0 computed, 7 reused" in run("run", "good")
    power.write_text(power.read_text().replace("constant * step_size", "1.0 * constant * step_size"))
    assert "6 stale" in run("list")
    assert "cells: 6 computed (6 were stale: their code or a library changed), 1 reused" in run("run", "good", "--workers", "1")
    assert "stale" not in run("list")
    run("export", "--csv", "rows.csv")
    rows = pd.read_csv(tmp_path / "rows.csv")
    assert len(rows) == 2 * 12 + 1 and rows[rows.measure == "power"].source.nunique() == 2 and rows[rows.measure == "given"].source.nunique() == 1
    power.write_text(power.read_text().replace("1.0 * constant", "constant"))
    assert "cells: 0 computed, 7 reused" in run("run", "good"), "an edit that is taken back finds its results again"


def test_an_edit_while_a_run_begins_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "hasty" / "measures").mkdir(parents=True)
    one, other = tmp_path / "hasty" / "measures" / "one.py", tmp_path / "hasty" / "other.py"
    one.write_text("from hasty.other import half\n\ndef measure(device): return half(1)\n")
    other.write_text("def half(x): return x / 2\n")
    files = {"one": Sources(Project("hasty"), [str(tmp_path)]).files("one")}
    assert [file.name for file in files["one"]] == ["hasty.measures.one", "hasty.other"]
    assert load(files) == set() and "hasty.other" in sys.modules
    other.write_text("# now with a remark\ndef half(x): return x / 2\n")
    assert load(files) == set()
    other.write_text("def half(x): return x / 3\n")
    assert load(files) == {"one"}
    other.unlink()
    assert load(files) == {"one"}
