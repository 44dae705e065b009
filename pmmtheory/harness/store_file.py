"""Open the file of the result store, and say in one sentence what is wrong with it. A file that is damaged or not ours is left as it was."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pmmtheory.harness.errors import StoreError, UsageError

MARK = 0x504D4D54
"""The application id in the header of the file ("PMMT")."""
LAYOUT = 2
"""The version of the table. The first had neither source nor parts, and rows for each version of the package."""
PATIENCE = 60.0
"""Seconds to wait for another process that writes."""
SPACE = 1 << 20
"""With fewer bytes free than this a disk counts as full when SQLite cannot write."""

_TABLE = """
CREATE TABLE IF NOT EXISTS results (
    cell TEXT NOT NULL,
    device TEXT NOT NULL,
    source TEXT NOT NULL,
    metric TEXT NOT NULL,
    measure TEXT NOT NULL,
    parameters TEXT NOT NULL,
    value REAL,
    error REAL,
    parts TEXT NOT NULL,
    method TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status = 'failed' OR (status = 'done' AND value IS NOT NULL AND error IS NOT NULL)),
    reason TEXT NOT NULL,
    seconds REAL NOT NULL,
    hardware TEXT NOT NULL,
    version TEXT NOT NULL,
    python TEXT NOT NULL,
    torch TEXT NOT NULL,
    time TEXT NOT NULL,
    PRIMARY KEY (cell, device, source, metric)
)
"""
_COLUMNS = "cell, device, source, metric, measure, parameters, value, error, parts, method, status, reason, seconds, hardware, version, python, torch, time"
_FIRST = _COLUMNS.replace("source", "'version ' || version AS source").replace("parts", "'{}' AS parts")
"""The columns as a store of the first layout has them: what computed its rows is known by the version of the package alone."""

_WRONG = {
    sqlite3.SQLITE_FULL: "the disk is full; what was stored so far is kept, free some space and the same command continues",
    sqlite3.SQLITE_IOERR: "the disk reports an input/output error",
    sqlite3.SQLITE_NOTADB: "it is not a result store or it is damaged; it was left as it was, move it away or choose another file with --store",
    sqlite3.SQLITE_CORRUPT: "it is damaged; it was left as it was, move it away or choose another file with --store",
    sqlite3.SQLITE_READONLY: "it or its folder is read-only",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened or created",
    sqlite3.SQLITE_PERM: "access is denied",
    sqlite3.SQLITE_BUSY: f"another process kept it locked for {PATIENCE:.0f} s",
}


def connect(path: Path, must_exist: bool) -> sqlite3.Connection:
    """A connection to a store that was checked, and created when it was missing."""
    if path.is_dir():
        raise StoreError(f"the store {path} is a directory, not a file.")
    if must_exist and not path.exists():
        raise StoreError(f"there is no store {path} yet; run a study first.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the folder of the store {path} cannot be created: {error.strerror}.") from error
    with one_sentence(path):
        connection = sqlite3.connect(_address(path, must_exist), timeout=PATIENCE, isolation_level=None, uri=True)
        try:
            _check(connection, path)
            if must_exist:
                _present(connection)
            else:
                _prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection


def require_no_store(path: Path) -> None:
    """Raise StoreError where a file to be written is a database, perhaps that of the results."""
    with suppress(OSError), path.open("rb") as file:
        if file.read(15) == b"SQLite format 3":
            raise StoreError(f"{path} is a result store or another database; it was left as it was, choose another file.")


@contextmanager
def one_sentence(path: Path) -> Iterator[None]:
    """Turn an error of SQLite into a StoreError."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_IOERR and path.parent.exists() and shutil.disk_usage(path.parent).free < SPACE:
            code = sqlite3.SQLITE_FULL  # SQLite reports no space for its side files as an input/output error
        raise StoreError(f"the store {path} cannot be used: {_WRONG.get(code, str(error))}.") from error


def _address(path: Path, only_read: bool) -> str:
    """The file as SQLite names it. In a folder that cannot be written, reading works once nothing can change the file."""
    still = only_read and not os.access(path.parent, os.W_OK) and not Path(f"{path}-wal").exists()
    return path.absolute().as_uri() + ("?immutable=1" if still else "")


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Raise unless the file is empty or a sound store of this layout; nothing is written."""
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    mark, layout = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
    if tables and mark != MARK:
        raise StoreError(f"the store {path} is a database of something else; it was left as it was, choose another file with --store.")
    if tables and layout not in (1, LAYOUT):
        raise StoreError(f"the store {path} has layout {layout}, not {LAYOUT}; it was left as it was, move it away or choose another file with --store.")
    if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise StoreError(f"the store {path} cannot be used: {_WRONG[sqlite3.SQLITE_CORRUPT]}.")


def _present(connection: sqlite3.Connection) -> None:
    """Show a store of the first layout as one of this layout, without writing to it."""
    if connection.execute("PRAGMA user_version").fetchone()[0] == 1:
        connection.execute(f"CREATE TEMP VIEW results AS SELECT {_FIRST} FROM main.results")


def _prepare(connection: sqlite3.Connection) -> None:
    """Write-ahead logging, and the table, with the rows of the first layout; safe when several processes do it at once."""
    deadline = time.monotonic() + PATIENCE
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:  # SQLite does not wait by itself for this one change
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("BEGIN IMMEDIATE")
    extended = connection.execute("PRAGMA user_version").fetchone()[0] == 1
    if extended:
        connection.execute("ALTER TABLE results RENAME TO first")
    connection.execute(_TABLE)
    if extended:
        connection.execute(f"INSERT INTO results ({_COLUMNS}) SELECT {_FIRST} FROM first")
        connection.execute("DROP TABLE first")
    connection.execute(f"PRAGMA application_id = {MARK}")
    connection.execute(f"PRAGMA user_version = {LAYOUT}")
    connection.execute("COMMIT")


def require_writable(path: Path) -> None:
    """Raise UsageError unless the file can be written: asked before hours of computing."""
    require_no_store(path)
    existed = path.exists()
    try:
        with path.open("a"):
            pass
    except OSError as error:
        raise UsageError(f"the file {path} cannot be written: {error.strerror}.") from error
    if not existed:
        path.unlink()
