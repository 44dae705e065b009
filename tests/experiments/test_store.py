"""The store: nothing is lost, nothing is overwritten, every trouble is one sentence."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from experiments import store_file
from experiments.compute import Computed
from experiments.errors import StoreError
from experiments.provenance import provenance
from experiments.store import Store, open_store
from experiments.study import Cell
from pmmtheory.estimate import Estimate

HERE = provenance("cpu")
ESTIMATES = {"kl": Estimate(0.1 + 0.2, 1e-17, "quadrature"), "tv": Estimate(1e-300, 0.0, "exact")}

Call = Callable[..., tuple[int, str, str]]


def test_estimates_come_back_bit_by_bit(tmp_path: Path) -> None:
    cell = Cell.of("law", step_size=0.1, substeps=float("inf"))
    with open_store(tmp_path / "new" / "folder" / "a.sqlite") as store:
        store.save(Computed(cell, ESTIMATES), HERE)
    with open_store(tmp_path / "new" / "folder" / "a.sqlite", must_exist=True) as store:
        assert store.load(HERE)[cell.key].estimates == ESTIMATES


def test_another_version_or_device_is_neither_mixed_in_nor_deleted(tmp_path: Path) -> None:
    cell = Cell.of("law", step_size=0.1)
    with open_store(tmp_path / "a.sqlite") as store:
        store.save(Computed(cell, ESTIMATES), HERE)
        for other in (replace(HERE, version="9.9"), replace(HERE, device="cuda")):
            assert store.load(other) == {}
            store.save(Computed(cell, ESTIMATES), other)
        assert len(store.everything()[1]) == 6


def test_failure_gives_way_to_estimates_and_never_replaces_them(tmp_path: Path) -> None:
    cell = Cell.of("law", step_size=0.1)
    with open_store(tmp_path / "a.sqlite") as store:
        store.save(Computed(cell, reason="too hard"), HERE)
        assert store.load(HERE)[cell.key].reason == "too hard"
        store.save(Computed(cell, ESTIMATES), HERE)
        store.save(Computed(cell, reason="too hard"), HERE)
        assert store.load(HERE)[cell.key].estimates == ESTIMATES
        assert {row[9] for row in store.everything()[1]} == {"done"}


def test_damaged_and_foreign_files_are_left_as_they_are(call: Call, tmp_path: Path) -> None:
    call("run", "good", "--workers", "1")
    sound = Path("results/pmmtheory.sqlite").read_bytes()
    text, torn, foreign, later = (tmp_path / name for name in ("text", "torn", "foreign", "later"))
    text.write_text("not a database " * 100)
    torn.write_bytes(sound[:4096] + b"\xff" * (len(sound) - 4096))
    for path, command in ((foreign, "CREATE TABLE results (a)"), (later, "PRAGMA user_version = 99")):
        if path is later:
            path.write_bytes(sound)
        with sqlite3.connect(path) as connection:
            connection.execute(command)
        connection.close()
    for path in (text, torn, foreign, later):
        before = path.read_bytes()
        status, _, err = call("run", "good", "--workers", "1", "--store", str(path))
        assert status == 2 and str(path) in err and "was left as it was" in err
        assert path.read_bytes() == before


def test_directory_instead_of_a_file(call: Call, tmp_path: Path) -> None:
    status, _, err = call("run", "good", "--store", str(tmp_path))
    assert status == 2 and "is a directory" in err


def test_folder_that_cannot_be_created(call: Call, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    status, _, err = call("run", "good", "--store", str(tmp_path / "file" / "a.sqlite"))
    assert status == 2 and "cannot be created" in err


def test_read_only_folder_can_be_read_but_not_written(call: Call, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    call("run", "good", "--workers", "1", "--store", str(locked / "a.sqlite"))
    locked.chmod(0o500)
    if os.access(locked, os.W_OK):
        pytest.skip("this user may write everywhere")
    assert "as it must" in call("list", "--store", str(locked / "a.sqlite"))[1]
    for name in ("a.sqlite", "new.sqlite"):
        status, _, err = call("run", "good", "--store", str(locked / name))
        assert status == 2 and "cannot be" in err


def test_read_only_database(tmp_path: Path) -> None:
    with open_store(tmp_path / "a.sqlite") as store:
        store.connection.execute("PRAGMA query_only = ON")
        with pytest.raises(StoreError, match="read-only"):
            store.save(Computed(Cell.of("law"), ESTIMATES), HERE)


def test_full_disk_keeps_what_was_stored(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare = store_file._prepare

    def with_little_space(connection: sqlite3.Connection) -> None:
        prepare(connection)
        connection.execute("PRAGMA max_page_count = 4")

    with monkeypatch.context() as full:
        full.setattr(store_file, "_prepare", with_little_space)
        status, _, err = call("run", "good", "wrong", "slow", "--workers", "1")
    assert status == 2 and "the disk is full" in err and err.count("\n") == 1
    with open_store(Path("results/pmmtheory.sqlite"), must_exist=True) as store:
        assert store.load(HERE)


def test_many_writers_at_once(tmp_path: Path) -> None:
    def write(writer: int) -> None:
        store = Store(tmp_path / "a.sqlite")
        for number in range(10):
            store.save(Computed(Cell.of("law", writer=writer, number=number), ESTIMATES), HERE)
        store.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    with open_store(tmp_path / "a.sqlite") as store:
        assert len(store.load(HERE)) == 80
