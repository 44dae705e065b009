"""A small fault in a source file, and all that there could be: a literal or a factor a little off, a sign turned, an index moved by one."""

from __future__ import annotations

import ast
import hashlib
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

ROOMS = ("schemes", "dynamics", "noise", "schedulers", "targets", "divergences", "theory", "rates")
"""Where faults are put."""
LEAST, MOST = 1e-3, 1e-2
"""By how much a number is off, relatively."""

_SIGNS = {ast.Add: ("+", "-"), ast.Sub: ("-", "+")}
_NUMBERS = (ast.Mult, ast.Div, ast.Add, ast.Sub, ast.Pow)
_TOLD = (ast.Raise, ast.JoinedStr, ast.Assert)
"""Numbers in them reach the reader of a message alone."""


@dataclass(frozen=True)
class Site:
    """Where a fault may be: a part of a line, and what kind of fault.

    Attributes
    ----------
    file : str
        Relative to the package.
    line, start, end : int
        The line from 1, and the bytes of it that are replaced.
    kind : str
        "literal", "factor", "sign" or "index".
    text : str
        What stands there.
    words : str
        The line, without the space around it.
    number : int
        How many sites of the same kind, text and words stand before it in the file.
    """

    file: str
    line: int
    start: int
    end: int
    kind: str
    text: str
    words: str
    number: int = 0

    @property
    def name(self) -> str:
        """What stays the same when other lines are changed: "file | line | text", with the number where it is not the first such."""
        return " | ".join([self.line_name, self.text, *([str(self.number)] if self.number else [])])

    @property
    def line_name(self) -> str:
        """That of all sites of the line."""
        return f"{self.file} | {self.words}"


@dataclass(frozen=True)
class Fault:
    """A site and what is put there instead."""

    site: Site
    instead: str

    @property
    def name(self) -> str:
        """The name of the site, and what is put there."""
        return f"{self.site.name} -> {self.instead}"

    def __str__(self) -> str:
        return f"{self.site.file}:{self.site.line}:{self.site.start} {self.site.text} -> {self.instead}"

    def put_into(self, package: Path) -> None:
        """Change the file in a copy of the package."""
        path = package / self.site.file
        lines = path.read_bytes().splitlines(keepends=True)
        line = lines[self.site.line - 1]
        if line[self.site.start : self.site.end].decode() != self.site.text:
            raise ValueError(f"{path} is not the file that the fault is of")
        lines[self.site.line - 1] = line[: self.site.start] + self.instead.encode() + line[self.site.end :]
        path.write_bytes(b"".join(lines))


def draw(package: Path, seed: int) -> Iterator[Fault]:
    """A fault at every site, the rooms in turn, in an order fixed by the seed and the sites' names: an edit elsewhere changes neither faults nor order."""

    def mark(site: Site) -> bytes:
        return hashlib.sha256(f"{seed}: {site.kind}: {site.name}".encode()).digest()

    rooms = []
    for room in ROOMS:
        found = [site for path in sorted((package / room).rglob("*.py")) for site in sites(path.read_text(), str(path.relative_to(package)))]
        rooms.append(sorted(found, key=mark))
    for turn in zip_longest(*rooms):
        yield from (Fault(site, _changed(site, random.Random(mark(site)))) for site in turn if site is not None)


def sites(source: str, file: str) -> Iterator[Site]:
    """Every site of a file, from its top to its end."""
    lines = source.encode().splitlines()
    alike: Counter[tuple[str, str, str]] = Counter()

    def site(kind: str, line: int, start: int, end: int) -> Site:
        text, words = lines[line - 1][start:end].decode(), lines[line - 1].decode().strip()
        alike[kind, text, words] += 1
        return Site(file, line, start, end, kind, text, words, alike[kind, text, words] - 1)

    for node in _calculating(ast.parse(source)):
        line, start, end = node.lineno, node.col_offset, node.end_col_offset or 0
        if node.end_lineno != line:
            continue
        if isinstance(node, ast.Constant):
            yield site("literal", line, start, end)
        elif isinstance(node, ast.Subscript):
            yield site("index", line, node.slice.col_offset, node.slice.end_col_offset or 0)
        elif isinstance(node, ast.BinOp) and type(node.op) in _SIGNS:
            first = node.left.end_col_offset or 0
            between = lines[line - 1][first : node.right.col_offset]
            at = first + between.index(_SIGNS[type(node.op)][0].encode())
            yield site("sign", line, at, at + 1)
        elif isinstance(node, ast.BinOp):
            yield site("factor", line, start, end)


def _calculating(node: ast.AST, within: ast.AST | None = None) -> Iterator[Any]:
    """Numbers that others are calculated with, sums, products, and fixed indices; not those of messages, types, decorators and slices."""
    if isinstance(node, _TOLD):
        return
    if _is_site(node, within):
        yield node
    for name, value in ast.iter_fields(node):
        if name not in ("annotation", "returns", "decorator_list", "slice"):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _calculating(child, node)


def _is_site(node: ast.AST, within: ast.AST | None) -> bool:
    if isinstance(node, ast.Constant):
        calculated = isinstance(within, ast.UnaryOp) or (isinstance(within, ast.BinOp) and isinstance(within.op, _NUMBERS))
        return _number(node) and (isinstance(node.value, float) or calculated)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.Div))
    return isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and _number(node.slice)


def _number(node: ast.Constant) -> bool:
    return isinstance(node.value, (int, float)) and not isinstance(node.value, bool) and node.value not in (0, float("inf"))


def _changed(site: Site, chance: random.Random) -> str:
    """What is put at a site."""
    off = chance.choice((-1, 1)) * LEAST * (MOST / LEAST) ** chance.random()
    if site.kind == "sign":
        return "-" if site.text == "+" else "+"
    if site.kind == "index":
        return str(int(site.text) + chance.choice((-1, 1)))
    if site.kind == "factor":
        return f"(({site.text}) * {1 + off:.5f})"
    return repr(ast.literal_eval(site.text) * (1 + off))
