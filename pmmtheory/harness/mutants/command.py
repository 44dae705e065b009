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
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import pmmtheory
from pmmtheory.harness import discover
from pmmtheory.harness.errors import UsageError
from pmmtheory.harness.mutants.equivalent import argued, why_none
from pmmtheory.harness.mutants.fault import ROOMS, Fault, draw
from pmmtheory.harness.mutants.journal import Found, Journal
from pmmtheory.harness.mutants.reach import Reach, digest, reach
from pmmtheory.harness.project import Project, use
from pmmtheory.harness.provenance import provenance
from pmmtheory.harness.store import open_store

KINDS = ("caught", "noticed", "moved", "still", "time", "broken", "equivalent")


@dataclass(frozen=True)
class Plan:
    """How many faults that run, drawn from which seed in files whose names begin so; the first so many are passed over."""

    faults: int
    seed: int
    first: int
    workers: int
    limit: float
    within: str = ""


def mutants(project: Project, plan: Plan, store: Path) -> bool:
    """Print what became of each fault; True when a claim fails for each that runs and is not argued to be none.

    What was found with this code before is not tried again.

    Raises
    ------
    UsageError
        The project is a folder without a package, or the store lacks results of this code.
    StoreError
        There is no store.
    """
    if not project.package:
        raise UsageError("mutants is a command of the reference studies: python -m experiments mutants.")
    root, known = Path(pmmtheory.__file__).parent, argued(_folder(project))
    drawn = [fault for fault in draw(root, plan.seed) if fault.site.file.startswith(plan.within)]
    if not drawn:
        raise UsageError(f"--within {plan.within}: no file of {', '.join(ROOMS)} has a name that begins so.")
    _require_results(project, store)
    every = islice(drawn, plan.first, None)
    journal = Journal(store.with_name(f"{store.stem}-mutants.jsonl"), digest(project))
    trials = Trials(root, project, plan.limit, store, reach(project, store.with_name(f"{store.stem}-reach.jsonl"), plan.workers), journal)
    kinds: Counter[str] = Counter()
    with ThreadPoolExecutor(plan.workers) as pool:
        while missing := plan.faults - sum(kinds[kind] for kind in KINDS if kind not in ("broken", "equivalent")):
            chosen: list[Fault] = []
            for fault in every:
                if why := why_none(fault.site, known):
                    kinds["equivalent"] += 1
                    _tell(fault, Found("equivalent", why, 0.0))
                else:
                    chosen.append(fault)
                if len(chosen) == missing:
                    break
            if not chosen:
                break
            for fault, found in pool.map(lambda fault: (fault, trials.found(fault)), chosen):
                kinds[found.kind] += 1
                _tell(fault, found)
    print("\n" + ", ".join(f"{kinds[kind]} {kind}" for kind in KINDS))
    return not any(kinds[kind] for kind in ("noticed", "moved", "still", "time"))


def _tell(fault: Fault, found: Found) -> None:
    print(f"{found.kind:10} {found.seconds:6.1f} s  {fault}\n{'':21}{found.words}", flush=True)


def _require_results(project: Project, store: Path) -> None:
    """Those of the code without a fault, which a fault is told by."""
    use(project)
    checks = discover.checks_by_study(discover.find_studies(project.part("studies")).values(), "quick")
    keys = {cell.key for group in checks.values() for check in group for cell in check.cells}
    with open_store(store, must_exist=True) as opened:
        missing = keys - set(opened.load(provenance("cpu")))
    if missing:
        raise UsageError(f"{store} lacks {len(missing)} of {len(keys)} cells of the quick profile by the code as it is; run that first.")


@dataclass(frozen=True)
class Trials:
    """How a fault is tried: the package as it is, what each of its cells calls, and what is known already."""

    root: Path
    project: Project
    limit: float
    store: Path
    reached: Reach
    journal: Journal

    def found(self, fault: Fault) -> Found:
        """What became of it, from the journal or by the claims with the fault in a copy of the code."""
        found = self.journal.known(fault)
        if not found:
            begin = time.monotonic()
            kind, words = self._tried(fault)
            found = Found(kind, words, time.monotonic() - begin)
            self.journal.note(fault, found)
        return found

    def _tried(self, fault: Fault) -> tuple[str, str]:
        cells = self.reached.of(fault.site.file, fault.site.line, self.root)
        with TemporaryDirectory() as name:
            folder = Path(name)
            for package in (self.root, _folder(self.project)):
                shutil.copytree(package, folder / package.name)
            fault.put_into(folder / self.root.name)
            _copy_store(self.store, folder / "store.sqlite")
            (folder / "trial.json").write_text(json.dumps({"cells": cells if cells is None else sorted(cells), "first": self.journal.hint(fault)}))
            command = [sys.executable, "-m", "pmmtheory.harness.mutants.trial", self.project.package, "store.sqlite", "trial.json"]
            environment = os.environ | {"PYTHONPATH": name}
            trial = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
            try:
                answer, trouble = trial.communicate(timeout=self.limit)
            except subprocess.TimeoutExpired:
                return "time", f"not decided after {self.limit:g} s"
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(trial.pid, signal.SIGKILL)  # with the processes that it started
                trial.wait()
        return _said(trial.returncode, answer, trouble)


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
        return "noticed", f"{answer['undecided']} claims undecided, or controls that do not fail; {numbers}"
    return ("moved" if answer["moved"] > 1 else "still"), numbers
