"""The store: nothing is lost, nothing is overwritten, every trouble is one sentence."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from pmmtheory.estimate import Estimate
from pmmtheory.harness import store_file
from pmmtheory.harness.compute import Computed
from pmmtheory.harness.errors import StoreError
from pmmtheory.harness.project import Project
from pmmtheory.harness.provenance import provenance
from pmmtheory.harness.source import Sources
from pmmtheory.harness.store import Store, open_store
from pmmtheory.harness.study import Cell

HERE = provenance("cpu")
ESTIMATES = {"kl": Estimate(0.1 + 0.2, 1e-17, "quadrature"), "tv": Estimate(1e-300, 0.0, "exact")}

FIRST_COLUMNS = ("cell", "device", "version", "metric", "measure", "parameters", "value", "error", "method", "status", "reason", "seconds", "hardware")
FIRST_COLUMNS += ("python", "torch", "time")

Call = Callable[..., tuple[int, str, str]]


def test_estimates_come_back_bit_by_bit(tmp_path: Path) -> None:
    cell = Cell.of("law", step_size=0.1, substeps=float("inf"))
    with open_store(tmp_path / "new" / "folder" / "a.sqlite") as store:
        store.save(Computed(cell, ESTIMATES), HERE)
    with open_store(tmp_path / "new" / "folder" / "a.sqlite", must_exist=True) as store:
        assert store.load(HERE)[cell.key].estimates == ESTIMATES


class Edited(Sources):
    """Every measure has another key."""

    def of(self, measure: str) -> str:
        return f"edited {super().of(measure)}"


def test_other_code_or_another_device_is_neither_mixed_in_nor_deleted(tmp_path: Path) -> None:
    cell = Cell.of("law", step_size=0.1)
    with open_store(tmp_path / "a.sqlite") as store:
        store.save(Computed(cell, ESTIMATES), HERE)
        for other, stale in ((replace(HERE, sources=Edited(Project("experiments"))), {cell.key}), (replace(HERE, device="cuda"), set())):
            assert store.load(other) == {} and store.stale(other) == stale
            store.save(Computed(cell, ESTIMATES), other)
            assert store.load(other)[cell.key].estimates == ESTIMATES and store.stale(other) == set()
        assert len(store.everything()[1]) == 6


def test_the_version_of_the_package_alone_makes_nothing_stale(tmp_path: Path) -> None:
    cell = Cell.of("law", step_size=0.1)
    with open_store(tmp_path / "a.sqlite") as store:
        store.save(Computed(cell, ESTIMATES), HERE)
        assert store.load(replace(HERE, version="9.9"))[cell.key].estimates == ESTIMATES


def test_the_parts_of_an_error_are_kept(tmp_path: Path) -> None:
    cell, estimate = Cell.of("law"), Estimate.of(1.0, "law", rounding=1e-16, tails=0.1 + 0.2)
    with open_store(tmp_path / "a.sqlite") as store:
        store.save(Computed(cell, {"tv": estimate}), HERE)
        assert store.load(HERE)[cell.key].estimates["tv"].parts == estimate.parts


def first_layout(path: Path) -> list[tuple[object, ...]]:
    """A store of the first layout, with two versions of one number and a failure; its rows."""
    shared = (0.5, "x86_64", "3.11.7", "2.13.0", "2026-01-01T00:00:00+00:00")
    rows = [
        ("a" * 24, "cpu", version, "tv", "law", "{}", value, 1e-9, "quadrature", "done", "", *shared) for version, value in (("0.1.0", 0.1), ("0.2.0", 0.2))
    ]
    rows += [("b" * 24, "cpu", "0.1.0", "", "law", "{}", None, None, "", "failed", "too hard", *shared)]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "CREATE TABLE results (cell TEXT NOT NULL, device TEXT NOT NULL, version TEXT NOT NULL, metric TEXT NOT NULL, measure TEXT NOT NULL, "
            "parameters TEXT NOT NULL, value REAL, error REAL, method TEXT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL, seconds REAL NOT NULL, "
            "hardware TEXT NOT NULL, python TEXT NOT NULL, torch TEXT NOT NULL, time TEXT NOT NULL, PRIMARY KEY (cell, device, version, metric))"
        )
        connection.executemany(f"INSERT INTO results VALUES ({', '.join('?' * 16)})", rows)
        connection.execute(f"PRAGMA application_id = {store_file.MARK}")
        connection.execute("PRAGMA user_version = 1")
    return rows


@pytest.mark.parametrize("written", [False, True])
def test_a_store_of_the_first_layout_keeps_every_row(tmp_path: Path, written: bool) -> None:
    path = tmp_path / "a.sqlite"
    old = first_layout(path)
    before = path.read_bytes()
    with open_store(path, must_exist=not written) as store:
        if written:
            store.save(Computed(Cell.of("law", step_size=0.1), ESTIMATES), HERE)
        columns, rows = store.everything()
        assert store.load(HERE).keys() == ({Cell.of("law", step_size=0.1).key} if written else set())
        assert store.stale(HERE) == {"a" * 24}
    back = [dict(zip(columns, row, strict=True)) for row in rows]
    kept = [tuple(row[name] for name in FIRST_COLUMNS) for row in back if row["source"] == f"version {row['version']}"]
    assert sorted(kept, key=repr) == sorted(old, key=repr) and len(rows) == len(old) + 2 * written
    assert written or path.read_bytes() == before
    with open_store(path) as store:
        assert len(store.everything()[1]) == len(rows)


def test_many_open_a_store_of_the_first_layout_at_once(tmp_path: Path) -> None:
    rows = first_layout(tmp_path / "a.sqlite")

    def opened(_: int) -> int:
        with open_store(tmp_path / "a.sqlite") as store:
            return len(store.everything()[1])

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(opened, range(8))) == {len(rows)}


def test_failure_gives_way_to_estimates_and_never_replaces_them(tmp_path: Path) -> None:
    cell = Cell.of("law", step_size=0.1)
    with open_store(tmp_path / "a.sqlite") as store:
        store.save(Computed(cell, reason="too hard"), HERE)
        assert store.load(HERE)[cell.key].reason == "too hard"
        store.save(Computed(cell, ESTIMATES), HERE)
        store.save(Computed(cell, reason="too hard"), HERE)
        assert store.load(HERE)[cell.key].estimates == ESTIMATES
        columns, rows = store.everything()
        assert {row[columns.index("status")] for row in rows} == {"done"}


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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
        assert store.load(provenance("cpu"))


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
