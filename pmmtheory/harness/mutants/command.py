"""`python -m experiments mutants`: put small faults into copies of the code, and see whether a claim of the quick profile fails."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import pmmtheory
from pmmtheory.harness import discover
from pmmtheory.harness.errors import UsageError
from pmmtheory.harness.mutants.fault import Fault, draw
from pmmtheory.harness.mutants.reach import Reach, reach
from pmmtheory.harness.project import Project, use
from pmmtheory.harness.provenance import provenance
from pmmtheory.harness.store import open_store


@dataclass(frozen=True)
class Plan:
    """How many faults that run, drawn from which seed; the first so many are passed over."""

    faults: int
    seed: int
    first: int
    workers: int
    limit: float


@dataclass(frozen=True)
class Found:
    """What became of a fault.

    Attributes
    ----------
    fault : Fault
    kind : str
        "caught": a claim fails. "noticed": none fails, but some can no longer be decided. "moved": no verdict changes, though some number moves
        by more than its stated error. "still": no number does. "broken": the code does not run any more. "time": it took too long.
    words : str
        The claim, or the numbers.
    seconds : float
    """

    fault: Fault
    kind: str
    words: str
    seconds: float


def mutants(project: Project, plan: Plan, store: Path) -> bool:
    """Print what became of each fault; True when a claim fails for each that runs and moves a number.

    Raises
    ------
    UsageError
        The project is a folder without a package, or the store lacks results of this code.
    StoreError
        There is no store.
    """
    if not project.package:
        raise UsageError("mutants is a command of the reference studies: python -m experiments mutants.")
    _require_results(project, store)
    root = Path(pmmtheory.__file__).parent
    every = islice(enumerate(draw(root, plan.seed)), plan.first, None)
    reached = reach(project, store.with_name(f"{store.stem}-reach.json"), plan.workers)
    found: list[Found] = []
    with ThreadPoolExecutor(plan.workers) as pool:
        while missing := plan.faults - len([one for one in found if one.kind != "broken"]):
            chosen = [fault for _, fault in islice(every, missing)]
            if not chosen:
                break
            for one in pool.map(lambda fault: _tried(fault, root, project, plan.limit, store, reached), chosen):
                found.append(one)
                print(f"{one.kind:8} {one.seconds:6.1f} s  {one.fault}\n{'':19}{one.words}", flush=True)
    print("\n" + _summary(found))
    return not any(one.kind in ("noticed", "moved", "time") for one in found)


def _require_results(project: Project, store: Path) -> None:
    """Those of the code without a fault, which a fault is told by."""
    use(project)
    checks = discover.checks_by_study(discover.find_studies(project.part("studies")).values(), "quick")
    keys = {cell.key for group in checks.values() for check in group for cell in check.cells}
    with open_store(store, must_exist=True) as opened:
        missing = keys - set(opened.load(provenance("cpu")))
    if missing:
        raise UsageError(f"{store} lacks {len(missing)} of {len(keys)} cells of the quick profile by the code as it is; run that first.")


def _tried(fault: Fault, root: Path, project: Project, limit: float, store: Path, reached: Reach) -> Found:
    """Run the claims with a fault in a copy of the code."""
    begin, cells = time.monotonic(), reached.of(fault.site.file, fault.site.line, root)
    with TemporaryDirectory() as name:
        folder = Path(name)
        for package in (root, _folder(project)):
            shutil.copytree(package, folder / package.name)
        fault.put_into(folder / root.name)
        _copy_store(store, folder / "store.sqlite")
        (folder / "reached.json").write_text(json.dumps(cells if cells is None else sorted(cells)))
        command = [sys.executable, "-m", "pmmtheory.harness.mutants.trial", project.package, "store.sqlite", "reached.json"]
        trial = subprocess.Popen(
            command, cwd=folder, env=os.environ | {"PYTHONPATH": name}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        try:
            answer, trouble = trial.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            return Found(fault, "time", f"not decided after {limit:g} s", time.monotonic() - begin)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(trial.pid, signal.SIGKILL)  # with the processes that it started
            trial.wait()
    kind, words = _said(trial.returncode, answer, trouble)
    return Found(fault, kind, words, time.monotonic() - begin)


def _folder(project: Project) -> Path:
    """Where the package of a project is."""
    return Path(str(importlib.import_module(project.package).__path__[0]))


def _copy_store(store: Path, copy: Path) -> None:
    """All of it, whatever another process writes."""
    with closing(sqlite3.connect(store)) as old, closing(sqlite3.connect(copy)) as new:
        old.backup(new)


def _said(status: int, output: str, trouble: str) -> tuple[str, str]:
    """The kind and the words of a trial."""
    if status:
        return "broken", (trouble.strip().splitlines() or ["no word"])[-1]
    answer = json.loads(output.splitlines()[-1])
    numbers = f"{answer['computed']} cells computed, {answer['failed']} without a number; the largest change is {answer['moved']:.3g} stated errors"
    if answer["caught"]:
        return "caught", answer["caught"]
    if answer["failed"] and not answer["computed"]:
        return "broken", numbers
    if answer["undecided"]:
        return "noticed", f"{answer['undecided']} claims undecided; {numbers}"
    return ("moved" if answer["moved"] > 1 else "still"), numbers


def _summary(found: list[Found]) -> str:
    """One line over all."""
    kinds = ("caught", "noticed", "moved", "still", "time", "broken")
    return ", ".join(f"{len([one for one in found if one.kind == kind])} {kind}" for kind in kinds)
