"""The outcomes of a hunt on disk, by the source of the code, the seed, the relation and the number of the case: an interrupted hunt goes on."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pmmtheory
from pmmtheory.harness.errors import StoreError
from pmmtheory.harness.hunt.case import Outcome, as_json

_TABLE = """
CREATE TABLE IF NOT EXISTS cases (
    source TEXT NOT NULL, seed INTEGER NOT NULL, relation TEXT NOT NULL, number INTEGER NOT NULL, time_limit REAL NOT NULL,
    kind TEXT NOT NULL, reason TEXT NOT NULL, quantity TEXT NOT NULL, one REAL, other REAL, allowed REAL, excess REAL,
    compared INTEGER NOT NULL, parameters TEXT NOT NULL, seconds REAL NOT NULL,
    PRIMARY KEY (source, seed, relation, number)
)
"""


class Journal:
    """The file of a hunt."""

    def __init__(self, path: Path, source: str):
        self.path, self.source = path, source
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.connection = sqlite3.connect(path, isolation_level=None, timeout=60)
            self.connection.execute("PRAGMA journal_mode = WAL")
            self.connection.execute("PRAGMA synchronous = NORMAL")
            self.connection.execute(_TABLE)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"the journal {path} cannot be used: {error}.") from error

    def done(self, seed: int, limit: float) -> dict[tuple[str, int], tuple[str, str, float]]:
        """Kind, reason and seconds of the cases that are known; one that ran out of a shorter time is not."""
        rows = self.connection.execute(
            "SELECT relation, number, kind, reason, seconds FROM cases WHERE source = ? AND seed = ? AND (kind != 'time limit' OR time_limit >= ?)",
            (self.source, seed, limit),
        )
        return {(relation, number): (kind, reason, seconds) for relation, number, kind, reason, seconds in rows}

    def save(self, seed: int, relation: str, number: int, limit: float, outcome: Outcome) -> None:
        """Write one case."""
        worst = outcome.worst
        found = ("", None, None, None, None) if worst is None else (worst.quantity, worst.one, worst.other, worst.allowed, worst.excess)
        key = (self.source, seed, relation, number, limit)
        rest = (outcome.kind, outcome.reason, *found, outcome.compared, as_json(outcome.parameters), outcome.seconds)
        try:
            self.connection.execute(f"INSERT OR REPLACE INTO cases VALUES ({', '.join('?' * (len(key) + len(rest)))})", key + rest)
        except sqlite3.Error as error:
            raise StoreError(f"the journal {self.path} cannot be used: {error}.") from error


@contextmanager
def open_journal(path: Path) -> Iterator[Journal]:
    """A journal that is closed at the end."""
    journal = Journal(path, fingerprint())
    with closing(journal.connection):
        yield journal


def fingerprint() -> str:
    """A hash of every source file that a case can reach."""
    root = Path(pmmtheory.__file__).parent
    digest = hashlib.blake2b(digest_size=12)
    for file in sorted(path for path in root.rglob("*.py") if path.relative_to(root).parts[0] != "harness" or "hunt" in path.parts):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
