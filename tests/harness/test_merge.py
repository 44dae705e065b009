"""Stores that were filled apart, by hand or by shards, in one: no row is lost or doubled."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pmmtheory.harness.store import open_store

Call = Callable[..., tuple[int, str, str]]


def rows(path: str) -> list[tuple[Any, ...]]:
    with open_store(Path(path), must_exist=True) as store:
        return store.everything()[1]


def edit(path: str, command: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(command)


@pytest.mark.slow
def test_shards_make_the_whole(call: Call, log: Path) -> None:
    for part in ("1/3", "2/3", "3/3"):
        status, out, _ = call("run", "good", "wrong", "--shard", part, "--workers", "1", "--store", f"{part[0]}.sqlite")
        assert status == 0 and out.startswith("cells: ") and out.count("\n") == 1
    assert len(log.read_text().splitlines()) == 6
    assert call("merge", "1.sqlite", "2.sqlite", "3.sqlite", "--store", "all.sqlite")[1].endswith("all.sqlite: 13 rows\n")
    assert "0 computed, 7 reused" in call("run", "good", "wrong", "--store", "all.sqlite")[1]
    assert sorted(rows("all.sqlite")) == sorted(row for part in "123" for row in rows(f"{part}.sqlite"))


@pytest.mark.slow
def test_what_is_merged_twice_is_there_once(call: Call) -> None:
    call("run", "good", "--cells-only", "--workers", "1", "--store", "a.sqlite")
    before = rows("a.sqlite")
    for _ in range(2):
        assert call("merge", "a.sqlite", "--store", "b.sqlite")[0] == 0
        assert rows("b.sqlite") == before == rows("a.sqlite")
    assert call("merge", "b.sqlite", "--store", "b.sqlite")[0] == 0 and rows("b.sqlite") == before


@pytest.mark.slow
@pytest.mark.parametrize("newer", ["a", "b"])
def test_the_newer_of_two_rows_stays_and_other_code_is_kept(call: Call, newer: str) -> None:
    for name, value in (("a", 1.0), ("b", 2.0)):
        call("run", "good", "--cells-only", "--workers", "1", "--store", f"{name}.sqlite")
        edit(f"{name}.sqlite", f"UPDATE results SET value = {value}, time = '{2027 if name == newer else 2026}-01-01T00:00:00+00:00'")
    edit("a.sqlite", "UPDATE results SET source = 'edited since' WHERE measure = 'given'")
    call("merge", "a.sqlite", "--store", "b.sqlite")
    merged = rows("b.sqlite")
    assert len(merged) == 13 + 1
    power = {row[6] for row in merged if row[4] == "power"}
    assert power == {1.0 if newer == "a" else 2.0} and {row[6] for row in merged if row[4] == "given"} == {1.0, 2.0}


@pytest.mark.slow
def test_an_estimate_replaces_a_failure_and_never_the_other_way(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    call("run", "troubled", "--cells-only", "--workers", "1", "--store", "failed.sqlite")
    edit("failed.sqlite", "UPDATE results SET time = '2099-01-01T00:00:00+00:00'")
    monkeypatch.setenv("FAKE_MENDED", "1")
    call("run", "troubled", "--cells-only", "--workers", "1", "--store", "mended.sqlite")
    for first, second in (("failed", "mended"), ("mended", "failed")):
        call("merge", f"{first}.sqlite", f"{second}.sqlite", "--store", f"{first} first.sqlite")
        merged = rows(f"{first} first.sqlite")
        assert len(merged) == 12 and {row[10] for row in merged} == {"done"}


@pytest.mark.slow
def test_what_is_no_store_is_refused_and_nothing_is_written(call: Call, tmp_path: Path) -> None:
    call("run", "good", "--cells-only", "--workers", "1", "--store", "a.sqlite")
    Path("later.sqlite").write_bytes(Path("a.sqlite").read_bytes())
    edit("later.sqlite", "PRAGMA user_version = 99")
    Path("text").write_text("no database " * 100)
    for wrong, sentence in (("later.sqlite", "has layout 99, not 2"), ("text", "is not a result store"), ("missing", "there is no store missing")):
        status, out, err = call("merge", "a.sqlite", wrong, "--store", "b.sqlite")
        assert (status, out) == (2, "") and sentence in err and err.count("\n") == 1
        assert not Path("b.sqlite").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--shard", "0/2"], "--shard 0/2 must be i/n"),
        (["--shard", "3/2"], "--shard 3/2 must be i/n"),
        (["--shard", "half"], "--shard half must be i/n"),
        (["--cells-only", "--json", "a.json"], "leave one of them out"),
    ],
)
def test_wrong_parts_are_refused(call: Call, log: Path, arguments: list[str], sentence: str) -> None:
    status, out, err = call("run", "good", *arguments)
    assert (status, out) == (2, "") and sentence in err and not log.exists()
