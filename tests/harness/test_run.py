"""A run: each cell once, failures and deaths do not stop it, a killed run resumes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pmmtheory.harness.store import open_store

Call = Callable[..., tuple[int, str, str]]
Start = Callable[..., "subprocess.Popen[str]"]


def lines(log: Path) -> int:
    return len(log.read_text().splitlines()) if log.exists() else 0


def wait_for_lines(log: Path, number: int) -> None:
    deadline = time.monotonic() + 60
    while lines(log) < number:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.slow
def test_each_cell_is_computed_once(call: Call, log: Path) -> None:
    first = call("run", "good", "wrong", "uncaught", "--workers", "1")[1]
    assert lines(log) == 6 and "cells: 7 computed, 0 reused" in first
    second = call("run", "good", "wrong", "uncaught", "--workers", "1")[1]
    assert lines(log) == 6 and "cells: 0 computed, 7 reused" in second


@pytest.mark.slow
def test_workers_give_the_same_table(call: Call) -> None:
    for workers, store in (("1", "one.sqlite"), ("3", "three.sqlite")):
        call("run", "good", "wrong", "--workers", workers, "--store", store)
    alone, together = (call("show", "good", "wrong", "--store", store)[1] for store in ("one.sqlite", "three.sqlite"))
    assert alone == together and "2.9999" in alone


@pytest.mark.slow
def test_small_steps_start_first(call: Call, log: Path) -> None:
    call("run", "good", "--workers", "1")
    steps = [float(line.split()[0]) for line in log.read_text().splitlines()]
    assert steps == sorted(steps)


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_failed_cell_is_named_and_retried(call: Call, monkeypatch: pytest.MonkeyPatch, workers: str) -> None:
    status, out, _ = call("run", "troubled", "--workers", workers)
    assert "troubled: step 0.1: the fake law reached a numerical error of 0.001" in out
    assert "cells: 5 computed, 0 reused, 1 failed" in out and status == 0
    monkeypatch.setenv("FAKE_MENDED", "1")
    out = call("run", "troubled", "--workers", workers)[1]
    assert "Missing" not in out and "cells: 1 computed, 5 reused" in out


@pytest.mark.slow
def test_a_worker_that_dies_twice_is_one_failed_cell(call: Call) -> None:
    out = " ".join(call("run", "deadly", "--workers", "2")[1].split())
    assert "deadly: step 0.1: Two worker processes died while they computed this cell; the second was killed by signal 9" in out
    assert "5 computed, 0 reused, 1 failed" in out


@pytest.mark.slow
def test_a_worker_that_dies_once_costs_nothing(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FAKE_ONCE", str(tmp_path / "died"))
    out = call("run", "deadly", "--workers", "2")[1]
    assert (tmp_path / "died").exists() and "6 computed, 0 reused;" in out


@pytest.mark.slow
def test_a_cell_over_its_limit_is_given_up(call: Call) -> None:
    out = " ".join(call("run", "slow", "good", "--workers", "2", "--cell-limit", "0.1")[1].split())
    assert "It took longer than the 0.1 s that --cell-limit allows." in out and "7 computed, 0 reused, 6 failed" in out
    assert "6 computed, 0 reused;" in call("run", "slow", "--workers", "2", "--cell-limit", "60")[1]


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_killed_run_resumes_to_the_same_table(call: Call, start: Start, log: Path, workers: str) -> None:
    run = start("run", "slow", "--workers", workers)
    wait_for_lines(log, 3)
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    time.sleep(0.35)  # an orphan that went on would compute another cell meanwhile
    before = lines(log)
    with open_store(Path("results/pmmtheory.sqlite"), must_exist=True) as store:
        kept = len(store.everything()[1])
    call("run", "slow", "--workers", "2")
    assert kept > 0 and lines(log) - before == 6 - kept // 2
    call("run", "slow", "--store", "fresh.sqlite")
    assert call("show", "slow") == call("show", "slow", "--store", "fresh.sqlite")


@pytest.mark.slow
def test_interrupt_is_one_sentence(start: Start, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_CURVES", "100")  # half a minute, of which a busy machine may lose some before the signal
    run = start("run", "many", "--workers", "2")
    wait_for_lines(log, 3)
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does: the workers get it too
    out, err = run.communicate(timeout=60)
    assert run.returncode == 130 and out == ""
    assert err.startswith("stopped; ") and err.endswith("of 600 cells are stored; the same command continues.\n") and err.count("\n") == 1


@pytest.mark.slow
def test_two_runs_on_one_store_compute_each_cell_once(start: Start, log: Path) -> None:
    runs = [start("run", "slow", "--workers", "2") for _ in range(2)]
    outputs = [run.communicate(timeout=60)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert all("1 claims: 1 pass" in output for output in outputs)
    computed, reused = ([int(re.search(rf"(\d+) {word}", output)[1]) for output in outputs] for word in ("computed", "reused"))  # type: ignore[index]
    assert lines(log) == 6 == sum(computed) and sum(reused) == 6


@pytest.mark.slow
def test_the_cells_of_a_run_that_dies_are_taken_over(start: Start, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_CURVES", "3")
    runs = [start("run", "many", "--workers", "1") for _ in range(2)]
    wait_for_lines(log, 6)
    runs[0].kill()
    runs[0].communicate()
    output = runs[1].communicate(timeout=60)[0]
    assert runs[1].returncode == 0 and "3 claims: 3 pass" in output
    assert 18 <= lines(log) <= 20


@pytest.mark.slow
def test_what_another_run_failed_to_compute_is_not_tried_again(start: Start, log: Path) -> None:
    runs = [start("run", "troubled", "slow", "--workers", "2") for _ in range(2)]
    outputs = [run.communicate(timeout=60)[0] for run in runs]
    assert lines(log) == 11 and all("1 failed" in output and "troubled: step 0.1: the fake law" in output for output in outputs)
