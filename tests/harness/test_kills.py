"""Kill any process at any time: no row is lost or doubled, and the store can always be read. KILLS says how often (default: a few times)."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pmmtheory.harness.store import open_store
from tests.harness.site_of_dask import Site

psutil = pytest.importorskip("psutil")
KILLS = int(os.environ.get("KILLS", "0"))
CURVES = max(5, min(KILLS, 50))
"""Of six cells with two metrics each."""
STORE = Path("results/pmmtheory.sqlite")

Call = Callable[..., tuple[int, str, str]]
Start = Callable[..., "subprocess.Popen[str]"]
Rows = dict[tuple[str, ...], Any]


def rows() -> Rows:
    """The stored estimates by cell, device, code and metric. To open a store is to check it whole."""
    if not STORE.exists():
        return {}
    with open_store(STORE, must_exist=True) as store:
        found = store.everything()[1]
    assert len({row[:4] for row in found}) == len(found)
    return {row[:4]: row[6:10] for row in found if row[10] == "done"}


def family(pids: list[int]) -> list[Any]:
    """Processes with all that they have started."""
    found = list[Any]()
    for pid in pids:
        with suppress(psutil.Error):
            found += [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return found


def kind(process: Any, run: int, site: Site | None) -> str:
    """What a process is."""
    names = {run: "run"} | ({popen.pid: name for name, popen in site.processes.items()} if site else {})
    if process.pid in names:
        return names[process.pid]
    words = " ".join(process.cmdline())
    if "forkserver" in words and "forkserver" in " ".join(process.parent().cmdline()):
        return "worker"
    return next((word for word in ("resource_tracker", "forkserver", "spawn_main") if word in words), "another")


def strike(run: subprocess.Popen[str], site: Site | None, known: Rows, killed: Counter[str], chance: random.Random) -> str:
    """Kill one process of a kind that was killed least often, a worker first, see that nothing is lost, and return the kind."""
    alive: dict[str, list[Any]] = {}
    for process in family([run.pid, *(process.pid for process in site.processes.values())] if site else [run.pid]):
        with suppress(psutil.Error):
            alive.setdefault(kind(process, run.pid, site), []).append(process)
    what = min(sorted(alive), key=lambda name: (killed[name], name != "worker", chance.random()))
    chance.choice(alive[what]).kill()
    now = rows()
    assert known.items() <= now.items()
    known |= now
    return what


def runs(start: Start, site: Site | None) -> Iterator[subprocess.Popen[str]]:
    """One run after the other; once all is stored, anew."""
    while True:
        if site is not None:
            site.revive()
        where = ["--cluster", site.address] if site else ["--workers", "2"]
        yield start("run", "many", "--cells-only", *where, *(["--fresh"] if len(rows()) == 12 * CURVES else []))


def disturb(start: Start, log: Path, site: Site | None, kills: int) -> tuple[Rows, Counter[str]]:
    """Kill so many processes of runs; return all that was ever seen stored, and what was killed."""
    chance, known, killed = random.Random(kills), Rows(), Counter[str]()
    for run in runs(start, site):
        before, descendants = len(log.read_bytes()) if log.exists() else 0, list[Any]()
        while run.poll() is None and (not log.exists() or len(log.read_bytes()) == before):
            time.sleep(0.02)
        while run.poll() is None and killed.total() < kills:
            descendants = family([run.pid])[1:] or descendants
            with suppress(psutil.Error):
                killed[strike(run, site, known, killed, chance)] += 1
            time.sleep(chance.uniform(0, 0.25))
        run.communicate(timeout=120)
        assert not psutil.wait_procs(descendants, timeout=20)[1]
        if killed.total() == kills:
            return known, killed
    raise AssertionError


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("where", ["here", "cluster"])
def test_nothing_is_lost_by_kills(where: str, start: Start, call: Call, log: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    if where == "cluster" and not KILLS:
        pytest.skip("takes a minute; KILLS=10 lets it run")
    monkeypatch.setenv("FAKE_CURVES", str(CURVES))
    site = Site() if where == "cluster" else None
    try:
        known, killed = disturb(start, log, site, KILLS or 4)
    finally:
        if site is not None:
            site.close()
    if KILLS:
        with capsys.disabled():
            print(f"\nkilled {where}: {dict(killed)}")
    assert f"{CURVES} claims: {CURVES} pass" in call("run", "many", "--workers", "2")[1]
    done = rows()
    assert len(done) == 12 * CURVES and known.items() <= done.items()
    assert where == "cluster" or {"run", "worker"} <= set(killed), killed


@pytest.mark.slow
def test_a_row_that_is_lost_is_seen(call: Call, start: Start) -> None:
    call("run", "good", "--cells-only", "--workers", "1")
    known = rows()
    with open_store(STORE) as store:
        store.connection.execute("DELETE FROM results WHERE rowid = 1")
    bystander = subprocess.Popen(["sleep", "60"], text=True)
    with pytest.raises(AssertionError):
        strike(bystander, None, known, Counter(), random.Random(0))
    bystander.wait()
