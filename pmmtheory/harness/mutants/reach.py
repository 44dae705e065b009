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
from collections.abc import Callable, Iterator
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
from pmmtheory.harness.study import Cell

ROOT = Path(pmmtheory.__file__).parent
Function = str
"""A file of the package and the first line of a function in it."""


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
    """Of the code as it is, from the file where it is kept, or computed anew and kept there.

    Raises
    ------
    UsageError
        A cell cannot be computed.
    """
    code = _digest(project)
    known = json.loads(kept.read_text()) if kept.exists() else {}
    if known.get("code") != code:
        environment = os.environ | ALONE | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = [sys.executable, "-m", "pmmtheory.harness.mutants.reach", project.package, str(kept), str(workers), code]
        if subprocess.run(command, env=environment, check=False).returncode:
            raise UsageError("some cell of the quick profile could not be computed to see what it calls.")
        known = json.loads(kept.read_text())
    return Reach({key: frozenset(called) for key, called in known["cells"].items()}, frozenset(known["loading"]))


def enclosing(source: str, line: int) -> int | None:
    """The first line, with its decorators, of the innermost function whose body has this line.

    >>> enclosing("x = 1\\n\\n\\ndef f(a=2):\\n    return a + 1\\n", 5), enclosing("x = 1\\n\\n\\ndef f(a=2):\\n    return a + 1\\n", 4)
    (4, None)
    """
    found: int | None = None
    begins = 0
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first, body, end = min([node.lineno, *(one.lineno for one in node.decorator_list)]), node.body[0].lineno, node.end_lineno or 0
            if body <= line <= end and body > begins:
                found, begins = first, body
    return found


def main(package: str, out: str, workers: str, code: str) -> None:
    """Write what is called, as JSON."""
    project = Project(package)
    with _watched() as loading:
        use(project)
        preloaded.load()
        checks = discover.checks_by_study(discover.find_studies(project.part("studies")).values(), "quick")
        for part in project.measures:
            for module in pkgutil.iter_modules(importlib.import_module(part).__path__):
                importlib.import_module(f"{part}.{module.name}")
    cells = {cell.key: cell for group in checks.values() for check in group for cell in check.cells}
    with multiprocessing.get_context("fork").Pool(int(workers), maxtasksperchild=1) as pool:
        found = dict(pool.imap_unordered(_Called(project.measures), cells.values(), chunksize=1))
    if any(called is None for called in found.values()):
        sys.exit(1)
    Path(out).write_text(json.dumps({"code": code, "loading": sorted(loading()), "cells": found}))


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
        yield lambda: {f"{path.relative_to(ROOT)}:{code.co_firstlineno}" for code in seen if (path := Path(code.co_filename)).is_relative_to(ROOT)}
    finally:
        sys.settrace(before)


def _digest(project: Project) -> str:
    """Of all code of the package and of the project."""
    folders = [ROOT, Path(str(importlib.import_module(project.package).__path__[0]))]
    files = sorted(path for folder in folders for path in folder.rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


if __name__ == "__main__":
    main(*sys.argv[1:])
