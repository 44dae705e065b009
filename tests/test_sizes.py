"""Files and functions, those of tests too, are short enough to be read top to bottom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = [name for name in ("pmmtheory", "experiments", "paper_figures", "tests") if (ROOT / name).exists()]
FILE, FUNCTION = 250, 60
"""Lines: of a file, and of a function without its docstring."""


def too_long(text: str) -> Iterator[str]:
    """What has more lines than it may."""
    if (lines := len(text.splitlines())) > FILE:
        yield f"the file: {lines} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            said = 0 if ast.get_docstring(node) is None else (first.end_lineno or 0) - first.lineno + 1
            if (lines := (node.end_lineno or 0) - node.lineno + 1 - said) > FUNCTION:
                yield f"{node.name}: {lines} lines"


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_file_and_no_function_is_too_long(folder: str) -> None:
    found = {str(path.relative_to(ROOT)): list(too_long(path.read_text())) for path in sorted((ROOT / folder).rglob("*.py"))}
    assert {path: what for path, what in found.items() if what} == {}


def test_what_is_too_long_is_seen() -> None:
    lines = ["    x = 1"] * FUNCTION
    said = ['    """One.', *["    more"] * 99, '    """']
    assert list(too_long("\n".join(["def f():", *lines]))) == [f"f: {FUNCTION + 1} lines"]
    assert list(too_long("\n".join(["def f():", *said, *lines[1:]]))) == []
    assert list(too_long("\n" * FILE + "x = 1")) == [f"the file: {FILE + 1} lines"]
