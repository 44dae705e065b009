"""The result store: one SQLite file with a row for every metric of every computed cell."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pmmtheory.estimate import Estimate
from pmmtheory.harness.compute import Computed
from pmmtheory.harness.provenance import Provenance
from pmmtheory.harness.store_file import connect, one_sentence


@dataclass
class Stored:
    """What the store knows of a cell: its estimates by metric, or the reason why it has none, and how long it took."""

    estimates: dict[str, Estimate] = field(default_factory=dict)
    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Computing:
    """What computed some cells.

    Attributes
    ----------
    machines : tuple of (hardware, version of this package, of Python, of torch)
    times : (str, str)
        The first and the last, in ISO 8601; empty where there is no cell.
    sources : mapping
        Of each measure, the key of its source code.
    """

    machines: tuple[tuple[str, str, str, str], ...]
    times: tuple[str, str]
    sources: Mapping[str, str]


class Store:
    """Results on disk; a cell is committed as a whole or not at all, so a killed run resumes where it was.

    Parameters
    ----------
    path : Path
        The file. It and its folder are created when they are missing.
    must_exist : bool
        Raise StoreError instead of creating a file: for commands that only read.
    """

    def __init__(self, path: Path, must_exist: bool = False) -> None:
        self.path = path
        self.connection = connect(path, must_exist)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def save(self, computed: Computed, origin: Provenance) -> None:
        """Commit a cell. An estimate replaces an earlier failure; a failure never replaces an estimate."""
        cell = computed.cell
        key = (cell.key, origin.device, origin.sources.of(cell.measure))
        parameters = json.dumps({name: _plain(value) for name, value in cell.parameters})
        shared = (computed.seconds, origin.hardware, origin.version, origin.python, origin.torch, datetime.now(UTC).isoformat(timespec="seconds"))
        rows = [
            (*key, metric, cell.measure, parameters, e.value, e.error, json.dumps(dict(e.parts)), e.method, "done", "", *shared)
            for metric, e in computed.estimates.items()
        ]
        failure = (*key, "", cell.measure, parameters, None, None, "{}", "", "failed", computed.reason, *shared)
        with self._transaction():
            self.connection.execute("DELETE FROM results WHERE cell = ? AND device = ? AND source = ? AND status = 'failed'", key)
            done = self.connection.execute("SELECT 1 FROM results WHERE cell = ? AND device = ? AND source = ?", key).fetchone()
            blanks = ", ".join("?" * len(failure))
            self.connection.executemany(f"INSERT OR REPLACE INTO results VALUES ({blanks})", rows if rows or done else [failure])

    def take_in(self, rows: Sequence[tuple[Any, ...]]) -> int:
        """Add the rows of another store, all or none of them, and return how many there are more.

        Of two rows of one number by the same code the newer stays, and an estimate replaces a failure.
        """
        same = "cell = ? AND device = ? AND source = ? AND metric = ?"
        failed = "DELETE FROM results WHERE status = 'failed' AND (cell, device, source) IN (SELECT cell, device, source FROM results WHERE status = 'done')"
        with self._transaction():
            before = self._number()
            self.connection.executemany(f"DELETE FROM results WHERE {same} AND time < ?", [(*row[:4], row[-1]) for row in rows])
            if rows:
                self.connection.executemany(f"INSERT OR IGNORE INTO results VALUES ({', '.join('?' * len(rows[0]))})", rows)
            self.connection.execute(failed)
            return self._number() - before

    def _number(self) -> int:
        return int(self.connection.execute("SELECT count(*) FROM results").fetchone()[0])

    def cells(self, device: str) -> set[str]:
        """The keys of the cells of which there is anything, of whatever code, on this device."""
        with one_sentence(self.path):
            return {cell for (cell,) in self.connection.execute("SELECT DISTINCT cell FROM results WHERE device = ?", (device,))}

    def load(self, origin: Provenance, only: str | None = None) -> dict[str, Stored]:
        """What this code computed on this device, by the key of the cell; of one cell alone, if a key is given."""
        query = "SELECT measure, source, cell, metric, value, error, parts, method, status, reason, seconds FROM results WHERE device = ?"
        found: dict[str, Stored] = {}
        query, named = (query, (origin.device,)) if only is None else (f"{query} AND cell = ?", (origin.device, only))
        with one_sentence(self.path):
            for measure, source, cell, metric, value, error, parts, method, status, reason, seconds in self.connection.execute(query, named):
                if source != origin.sources.of(measure):
                    continue
                stored = found.setdefault(cell, Stored(seconds=seconds))
                if status == "done":
                    stored.estimates[metric] = Estimate(value, error, method, json.loads(parts))
                else:
                    stored.reason = reason
        return found

    def stale(self, origin: Provenance) -> set[str]:
        """The keys of the cells that only other code computed on this device."""
        query = "SELECT DISTINCT measure, source, cell FROM results WHERE device = ? AND status = 'done'"
        with one_sentence(self.path):
            rows = self.connection.execute(query, (origin.device,)).fetchall()
        current = {cell for measure, source, cell in rows if source == origin.sources.of(measure)}
        return {cell for _, _, cell in rows} - current

    def computed(self, origin: Provenance, keys: Iterable[str]) -> Computing:
        """On which machines, with which versions and when this code computed these cells."""
        query = "SELECT measure, source, cell, hardware, version, python, torch, time FROM results WHERE device = ?"
        wanted, machines, times, sources = set(keys), dict[tuple[str, str, str, str], None](), list[str](), dict[str, str]()
        with one_sentence(self.path):
            for measure, source, cell, hardware, version, python, torch, time in self.connection.execute(query, (origin.device,)):
                if cell in wanted and source == origin.sources.of(measure):
                    machines[hardware, version, python, torch] = None
                    times.append(time)
                    sources[measure] = source
        return Computing(tuple(machines), (min(times, default=""), max(times, default="")), sources)

    def everything(self) -> tuple[list[str], list[tuple[Any, ...]]]:
        """The names of the columns and every row, of all devices and sources."""
        query = "SELECT * FROM results ORDER BY measure, parameters, metric, device, time, source"
        with one_sentence(self.path), closing(self.connection.execute(query)) as rows:
            return [column[0] for column in rows.description], rows.fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing."""
        with one_sentence(self.path):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise


@contextmanager
def open_store(path: Path, must_exist: bool = False) -> Iterator[Store]:
    """A store that is closed at the end."""
    with closing(Store(path, must_exist)) as store:
        yield store


def _plain(value: Any) -> Any:
    """A parameter as strict JSON, which has no infinity."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
