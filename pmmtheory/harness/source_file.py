"""What one source file says, without running it: a digest of what it computes, and what it imports."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

_MODULE = re.compile(r"[A-Za-z_]\w*(\.\w+)+\.?|[A-Za-z_]\w*")
_QUIET = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Pass)
_LIKE_CODE = ("lineno", "col_offset", "end_lineno", "end_col_offset", "ctx", "type_comment", "kind", "type_ignores")


@dataclass
class SourceFile:
    """Facts of a module.

    Attributes
    ----------
    name : str
    path : Path or None
        Without a file a module has no facts.
    bytes : str
        A hash of the file.
    digest : str
        The same for files that differ in comments, docstrings and layout alone.
    imports : list of (module, name)
        All that it imports, in functions too but not for types alone; `name` is "" for a module, "*" for all of it.
    bound : mapping
        A name at the top of the module -> where it was imported from, or None where it is made here.
    words : set of str
        Its strings that may be names of modules.
    acts : bool
        Whether importing it does more than to define names.
    calls : set of str
        The names through which it calls functions when it is imported, decorators among them.
    asks : bool
        Whether it can find classes that it does not import, once they are loaded.
    """

    name: str
    path: Path | None = None
    bytes: str = ""
    digest: str = ""
    imports: list[tuple[str, str]] = field(default_factory=list)
    bound: dict[str, tuple[str, str] | None] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)
    acts: bool = False
    calls: set[str] = field(default_factory=set)
    asks: bool = False

    def unchanged(self) -> bool:
        """Whether the file still says the same."""
        if self.path is None:
            return True
        try:
            source = self.path.read_bytes()
        except OSError:
            return False
        return _hash(source) == self.bytes or read(self.path, self.name).digest == self.digest


def read(path: Path, name: str) -> SourceFile:
    """The facts of the module `name`, whose source is at the path."""
    source = path.read_bytes()
    return replace(_facts(source, name, name if path.name == "__init__.py" else name.rpartition(".")[0]), path=path, bytes=_hash(source))


@lru_cache(maxsize=1024)
def _facts(source: bytes, name: str, package: str) -> SourceFile:
    """The same without the place; what is no Python counts by its bytes."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return SourceFile(name, digest=_hash(source))
    reader, text = _Reader(package, SourceFile(name)), list[str]()
    reader.walk(tree, text)
    reader.top(tree.body)
    return replace(reader.facts, digest=_hash("\n".join(text).encode()))


class _Reader:
    """Collects the facts of one module."""

    def __init__(self, package: str, facts: SourceFile) -> None:
        self.package, self.facts = package, facts

    def walk(self, node: ast.AST, text: list[str]) -> None:
        """Write the tree down without its docstrings, and note what it imports."""
        text.append(type(node).__name__)
        if isinstance(node, ast.Import | ast.ImportFrom):
            self.facts.imports += [origin for origin, _ in self._origins(node)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _MODULE.fullmatch(node.value):
            self.facts.words.add(node.value.rstrip("."))
        elif isinstance(node, ast.Name) and node.id == "__name__":
            self.facts.words.add(self.facts.name)
        elif getattr(node, "attr", getattr(node, "name", "")) in ("__subclasses__", "__init_subclass__"):
            self.facts.asks = True
        for key, value in node.__dict__.items():
            if key in _LIKE_CODE:
                continue
            if isinstance(value, list):
                text.append(f"{key} {len(value)}")
                for item in _code(value) if key == "body" else value:
                    if isinstance(item, ast.AST):
                        self.walk(item, text)
                    else:
                        text.append(repr(item))
            elif isinstance(value, ast.AST):
                text.append(key)
                self.walk(value, text)
            else:
                text.append(repr(value))

    def top(self, body: list[ast.stmt]) -> None:
        """Note the names that the statements bind, and whether they do anything else."""
        for statement in _at_run_time(body):
            self.facts.calls.update(_calls(statement))
            if isinstance(statement, ast.Import | ast.ImportFrom):
                self.facts.bound |= {name: origin for origin, name in self._origins(statement)}
            elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self.facts.bound[statement.name] = None
            elif isinstance(statement, ast.Assign | ast.AnnAssign):
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                names = [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
                self.facts.bound |= dict.fromkeys(names)
                self.facts.acts |= any(isinstance(node, ast.Attribute | ast.Subscript) for target in targets for node in ast.walk(target))
            elif not isinstance(statement, _QUIET) and not _only_for_types(statement) and not _is_text(statement):
                self.facts.acts = True

    def _origins(self, node: ast.Import | ast.ImportFrom) -> list[tuple[tuple[str, str], str]]:
        """Where from, and the name that is bound."""
        if isinstance(node, ast.Import):
            return [((alias.name, ""), alias.asname or alias.name.partition(".")[0]) for alias in node.names]
        above = self.package.split(".")[: len(self.package.split(".")) - node.level + 1] if node.level else []
        module = ".".join([*above, *([node.module] if node.module else [])])
        return [((module, alias.name), alias.asname or alias.name) for alias in node.names]


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _code(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements of a body without strings that stand by themselves, as docstrings do, and without what is for types alone."""
    return [statement for statement in body if not _is_text(statement) and not _only_for_types(statement)]


def _calls(statement: ast.stmt) -> Iterator[str]:
    """The names through which a statement calls functions, but not in the bodies of functions."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        parts: list[ast.AST] = [*statement.args.defaults, *filter(None, statement.args.kw_defaults)]
    elif isinstance(statement, ast.ClassDef):
        parts = [*statement.bases, *statement.keywords]
        for inner in statement.body:
            yield from _calls(inner)
    else:
        parts = [statement]
    called = [node.func for part in parts for node in ast.walk(part) if isinstance(node, ast.Call)]
    for function in (*called, *getattr(statement, "decorator_list", ())):
        while isinstance(function, ast.Attribute | ast.Call):
            function = function.value if isinstance(function, ast.Attribute) else function.func
        if isinstance(function, ast.Name):
            yield function.id


def _is_text(statement: ast.stmt) -> bool:
    """Whether it is a string by itself."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str)


def _only_for_types(statement: ast.stmt) -> bool:
    """Whether it is an `if TYPE_CHECKING:` without an else."""
    return isinstance(statement, ast.If) and isinstance(statement.test, ast.Name) and statement.test.id == "TYPE_CHECKING" and not statement.orelse


def _at_run_time(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements, with those of an `if not TYPE_CHECKING:` without an else in its place."""
    for statement in body:
        test = statement.test if isinstance(statement, ast.If) and not statement.orelse else None
        hidden = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) and isinstance(test.operand, ast.Name) and test.operand.id == "TYPE_CHECKING"
        yield from statement.body if isinstance(statement, ast.If) and hidden else [statement]
