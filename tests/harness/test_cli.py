"""The command line: exit statuses, usage errors, the list and the start-up."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Call = Callable[..., tuple[int, str, str]]


@pytest.mark.slow
@pytest.mark.parametrize(("study", "status"), [("good", 0), ("wrong", 1), ("uncaught", 1)])
def test_exit_status_tells_the_verdict(call: Call, study: str, status: int) -> None:
    assert call("run", study, "--workers", "1")[0] == status


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "goood"], "there is no study named 'goood'; did you mean good?"),
        (["run", "good", "--profile", "ful"], "there is no profile named 'ful'; did you mean full?"),
        (["run", "good", "--device", "tpu"], "there is no device 'tpu'; choose cpu or cuda."),
        (["run", "good", "--workers", "0"], "--workers"),
        (["run", "good", "--json", "no/such/folder.json"], "cannot be written"),
        (["run", "nameless"], "there is no measure named 'powr'; did you mean power?"),
        (["--profile", "full", "run", "good"], "write --profile after the command"),
        (["export"], "say where to"),
        (["export", "--csv", "rows.csv"], "there is no store"),
        (["hunt", "--relation", "shft"], "there is no relation named 'shft'; there are: axis_hooks, closed_forms,"),
        (["hunt", "--cases", "0"], "--cases"),
        (["fly"], "No such command 'fly'"),
    ],
)
def test_wrong_usage_is_one_sentence_and_status_2(call: Call, log: Path, arguments: list[str], sentence: str) -> None:
    status, out, err = call(*arguments)
    assert (status, out) == (2, "")
    assert sentence in err and "Traceback" not in err
    assert not log.exists()


def test_device_that_is_not_here(call: Call, log: Path) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("a GPU is here")
    status, _, err = call("run", "good", "--device", "cuda")
    assert status == 2 and "no CUDA GPU" in err and not log.exists()


@pytest.mark.slow
def test_list_shows_stored_verdicts_and_computes_nothing(call: Call, log: Path) -> None:
    status, out, _ = call("list")
    assert status == 0 and "what holds" in out and "0 of 7 cells" in out and max(map(len, out.splitlines())) <= 80
    assert not log.exists() and not Path("results").exists()
    call("run", "good", "--workers", "1")
    computed = log.read_text()
    listed = call("list")[1].splitlines()
    assert any(line.startswith("good ") and line.endswith("all 2 ok") for line in listed) and max(map(len, listed)) <= 80
    out = call("show", "good")[1]
    assert "pass" in out and "as it must" in out
    assert log.read_text() == computed


@pytest.mark.slow
def test_the_full_profile_has_more(call: Call) -> None:
    call("run", "good", "--workers", "1")
    out = call("run", "good", "--workers", "1", "--profile", "full")[1]
    assert "2 claims: 2 pass" in out and "cells: 6 computed, 7 reused" in out


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--help"], ["list"]])
def test_start_up_does_not_load_the_numerics(log: Path, arguments: list[str]) -> None:
    code = f"""
import runpy, sys
sys.argv = ["experiments", *{arguments!r}]
try:
    runpy.run_path({str(Path(__file__).with_name("fake_cli.py"))!r}, run_name="__main__")
except SystemExit:
    pass
print(*{{"torch", "pandas", "scipy", "matplotlib"}} & set(sys.modules), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout and done.stderr.strip() == ""
