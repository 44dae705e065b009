"""Which functions of the package each cell of the quick profile calls: a fault in one cannot reach the cells that never do.

`python -m pmmtheory.harness.mutants.reach PACKAGE OUT` computes every cell in a process of its own, a copy of one that has loaded all code, so that nothing is
remembered from one cell to the next. What runs while code is loaded counts for every cell.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import json
import multiprocessing
import os
import pkgutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pmmtheory
from pmmtheory.harness import discover, preloaded
from pmmtheory.harness.compute import compute
from pmmtheory.harness.errors import UsageError
from pmmtheory.harness.one_thread import ALONE
from pmmtheory.harness.project import Project, use
from pmmtheory.harness.source import Sources
from pmmtheory.harness.study import Cell

ROOT = Path(pmmtheory.__file__).parent
Function = str
"""A file of the package and the qualified name of a function in it."""


@dataclass(frozen=True)
class Reach:
    """What each cell calls, by its key, and what is called while code is loaded."""

    cells: dict[str, frozenset[Function]]
    loading: frozenset[Function]

    def of(self, file: str, line: int, root: Path) -> set[str] | None:
        """The cells that call the function with this line; None for all of them, where it is in none, or in one that is called while code is loaded."""
        function = enclosing((root / file).read_text(), line)
        name = f"{file}:{function}"
        if function is None or name in self.loading:
            return None
        return {key for key, called in self.cells.items() if name in called}


def reach(project: Project, kept: Path, workers: int) -> Reach:
    """Of the code as it is; what is kept in the file is not computed again while the code of its measure is the same, and what is computed is kept at once.

    Raises
    ------
    UsageError
        A cell cannot be computed.
    """
    code = digest(project)
    known = _lines(kept)
    if not known or known[-1].get("code") != code:
        environment = os.environ | ALONE | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = [sys.executable, "-m", "pmmtheory.harness.mutants.reach", project.package, str(kept), str(workers), code]
        if subprocess.run(command, env=environment, check=False).returncode:
            raise UsageError("some cell of the quick profile could not be computed to see what it calls.")
        known = _lines(kept)
    return Reach({line["cell"]: frozenset(line["called"]) for line in known[:-1]}, frozenset(known[-1]["loading"]))


def enclosing(source: str, line: int) -> str | None:
    """The qualified name of the innermost function whose body has this line.

    >>> enclosing("x = 1\\n\\n\\ndef f(a=2):\\n    return a + 1\\n", 5), enclosing("x = 1\\n\\n\\ndef f(a=2):\\n    return a + 1\\n", 4)
    ('f', None)
    """
    found: str | None = None
    waiting: list[tuple[ast.AST, str]] = [(ast.parse(source), "")]
    while waiting:
        parent, within = waiting.pop()
        for node in ast.iter_child_nodes(parent):
            name = within
            if isinstance(node, ast.ClassDef):
                name = f"{within}{node.name}."
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                name = f"{within}{node.name}.<locals>."
                if node.body[0].lineno <= line <= (node.end_lineno or 0):
                    found = within + node.name
            waiting.append((node, name))
    return found


def main(package: str, kept: str, workers: str, code: str) -> None:
    """Leave in the file a line for each cell, and a last one for all code, as JSON."""
    project, path = Project(package), Path(kept)
    with _watched() as loading:
        use(project)
        preloaded.load()
        checks = discover.checks_by_study(discover.find_studies(project.part("studies")).values(), "quick")
        for part in project.measures:
            for module in pkgutil.iter_modules(importlib.import_module(part).__path__):
                importlib.import_module(f"{part}.{module.name}")
    cells, sources = {cell.key: cell for group in checks.values() for check in group for cell in check.cells}, Sources(project)
    good = {line["cell"]: line for line in _lines(path) if "cell" in line and _source(line["cell"], cells, sources) == line["source"]}
    path.write_text("".join(json.dumps(line) + "\n" for line in good.values()))
    missing = [cell for key, cell in cells.items() if key not in good]
    with multiprocessing.get_context("fork").Pool(int(workers), maxtasksperchild=1) as pool, path.open("a") as file:
        for key, called in pool.imap_unordered(_Called(project.measures), missing, chunksize=1):
            if called is None:
                sys.exit(1)
            print(json.dumps({"cell": key, "source": _source(key, cells, sources), "called": called}), file=file, flush=True)
        print(json.dumps({"code": code, "loading": sorted(loading())}), file=file)


def _source(key: str, cells: Mapping[str, Cell], sources: Sources) -> str | None:
    """The key of the code of a cell's measure; None for what is no cell any more."""
    return sources.of(cells[key].measure) if key in cells else None


def _lines(path: Path) -> list[dict[str, Any]]:
    """All whole ones of the file."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]


@dataclass(frozen=True)
class _Called:
    """What a cell calls; None where it cannot be computed."""

    measures: Any

    def __call__(self, cell: Cell) -> tuple[str, list[Function] | None]:
        with _watched() as called:
            computed = compute(cell, "cpu", self.measures)
        return cell.key, None if computed.reason else sorted(called())


@contextmanager
def _watched() -> Iterator[Callable[[], set[Function]]]:
    """Note every function of the package that begins to run."""
    seen: set[CodeType] = set()

    def note(frame: FrameType, event: str, _: Any) -> None:
        seen.add(frame.f_code)  # and no line of it is followed

    before = sys.gettrace()
    sys.settrace(note)
    try:
        yield lambda: {f"{path.relative_to(ROOT)}:{code.co_qualname}" for code in seen if (path := Path(code.co_filename)).is_relative_to(ROOT)}
    finally:
        sys.settrace(before)


def digest(project: Project) -> str:
    """Of all code of the package and of the project."""
    folders = [ROOT, Path(str(importlib.import_module(project.package).__path__[0]))]
    files = sorted(path for folder in folders for path in folder.rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


if __name__ == "__main__":
    main(*sys.argv[1:])
