"""Cells computed by dask.distributed: the same bits as here; what is killed costs a retry; what is missing is one sentence."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pmmtheory.harness.example import write_example
from pmmtheory.harness.store import open_store
from tests.harness.site_of_dask import Site, wait_until
from tests.installed import installed

pytest.importorskip("distributed")
Call = Callable[..., tuple[int, str, str]]
Start = Callable[..., "subprocess.Popen[str]"]


def numbers(path: Path) -> list[tuple[Any, ...]]:
    """What is stored, without how long it took and when."""
    with open_store(path, must_exist=True) as store:
        return [row[:11] for row in store.everything()[1]]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site for the tests of a module, in a folder of its own; what a test killed is started again for the next."""
    place = tmp_path_factory.mktemp("site")
    made = Site(place)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAKE_LOG", str(place / "log"))  # what workers start with
        made.revive()
        yield made
    made.close()


@pytest.fixture
def site(kept: Site, log: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("FAKE_LOG", str(kept.place / "log"))
    (kept.place / "log").unlink(missing_ok=True)
    kept.revive()
    return kept


@pytest.fixture
def written(site: Site) -> Path:
    """The file with a line for every power law that the site computed."""
    return site.place / "log"


@pytest.mark.slow
def test_a_worker_with_other_code_refuses(call: Call, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from pmmtheory.harness.source import Sources

    monkeypatch.setattr(Sources, "of", lambda self, measure: "another key")
    out = " ".join(call("run", "good", "--cluster", site.address)[1].split())
    assert "0 computed, 0 reused, 7 failed" in out and "the code or the libraries of a worker of the cluster differ" in out


@pytest.mark.slow
def test_a_killed_worker_costs_nothing(site: Site, start: Start, call: Call, written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_CURVES", "5")
    run = start("run", "many", "--cluster", site.address)
    wait_until(lambda: written.exists() and len(written.read_text().splitlines()) > 5)
    site.processes["one"].kill()
    out, err = run.communicate(timeout=60)
    assert run.returncode == 0 and "30 computed, 0 reused;" in out, out + err
    call("run", "many", "--workers", "2", "--store", "here.sqlite")
    assert numbers(Path("results/pmmtheory.sqlite")) == numbers(Path("here.sqlite"))


@pytest.mark.slow
def test_a_scheduler_that_vanishes_is_one_sentence(site: Site, start: Start, call: Call, written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_CURVES", "5")
    run = start("run", "many", "--cluster", site.address)
    wait_until(lambda: written.exists() and len(written.read_text().splitlines()) > 5)
    address = site.address
    site.processes["scheduler"].kill()
    out, err = run.communicate(timeout=60)
    assert (run.returncode, out) == (2, "")
    last = err.splitlines()[-1]
    assert last.startswith(f"error: the scheduler {address} does not answer any more; ") and last.endswith(
        "of 30 cells are stored; the same command continues."
    )
    kept = int(last.split("more; ")[1].split(" of ")[0])
    assert kept >= 4 and f"{30 - kept} computed, {kept} reused;" in call("run", "many", "--workers", "2")[1]


@pytest.mark.slow
def test_a_folder_of_ones_own_has_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PMMTHEORY_STORE", raising=False)
    write_example(tmp_path / "mine")
    for means, store in ((("--cluster", "local:1"), "cluster.sqlite"), (("--workers", "1"), "here.sqlite")):
        status, out, err = installed("run", "--studies", "mine", *means, "--store", store)
        assert status == 0 and "3 claims: 3 pass" in out, out + err
    assert numbers(tmp_path / "cluster.sqlite") == numbers(tmp_path / "here.sqlite")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--cluster", "local:0"], "must be local:N with a number of processes N of at least 1"),
        (["--cluster", "local:many"], "must be local:N with a number of processes N of at least 1"),
        (["--cluster", "nothing"], "no scheduler answers at --cluster nothing"),
        (["--cluster", "local:2", "--workers", "2"], "name one of them"),
    ],
)
def test_a_wrong_cluster_is_one_sentence(call: Call, log: Path, arguments: list[str], sentence: str) -> None:
    status, out, err = call("run", "good", *arguments)
    assert (status, out) == (2, "") and sentence in err and err.count("\n") == 1 and not log.exists()


def test_a_missing_library_is_one_sentence(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    status, _, err = call("run", "good", "--cluster", "local:2")
    assert status == 2 and err == "error: --cluster needs dask.distributed: pip install 'pmmtheory[cluster]'.\n"
