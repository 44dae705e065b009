"""What became of faults, kept line by line, so that a run that is stopped goes on where it was."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pmmtheory.harness.mutants.fault import Fault


@dataclass(frozen=True)
class Found:
    """What became of a fault.

    Attributes
    ----------
    kind : str
        "caught": a claim fails. "noticed": none fails, but some can no longer be decided, or a control does not fail. "moved": no verdict changes,
        though some number moves by more than its stated error. "still": no number does. "broken": the code does not run any more. "time": it took too
        long.
    words : str
        The claim, or the numbers.
    seconds : float
    """

    kind: str
    words: str
    seconds: float


class Journal:
    """A file with a line for each fault that was tried.

    Parameters
    ----------
    path : Path
    code : str
        A digest of the code as it is: only what was found with it still stands.
    """

    def __init__(self, path: Path, code: str) -> None:
        self._path, self._code = path, code
        self._lines: dict[str, tuple[str, Found]] = {}
        if path.exists():
            whole = [line for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
            path.write_text("".join(whole))
            for of in map(json.loads, whole):
                self._lines[of["fault"]] = of["code"], Found(of["kind"], of["words"], of["seconds"])

    def known(self, fault: Fault) -> Found | None:
        """What became of it with the code as it is; None where it was not tried, or was given up."""
        code, found = self._lines.get(fault.name, ("", None))
        return found if code == self._code and found and found.kind != "time" else None

    def hint(self, fault: Fault) -> str:
        """The claim that failed with whatever code, to be tried first; else empty."""
        found = self._lines.get(fault.name, ("", None))[1]
        return found.words if found and found.kind == "caught" else ""

    def note(self, fault: Fault, found: Found) -> None:
        """Keep it at once."""
        self._lines[fault.name] = self._code, found
        with self._path.open("a") as file:
            print(json.dumps({"code": self._code, "fault": fault.name, **asdict(found)}), file=file)
