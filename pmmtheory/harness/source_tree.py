"""Where the source of modules lies, found without importing any."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib.machinery import PathFinder
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from importlib.util import find_spec
from pathlib import Path

from pmmtheory.harness.source_file import SourceFile, read


class Tree:
    """The modules whose source counts: those of our packages, and of every package without a version. Where each lies is looked up once.

    Parameters
    ----------
    ours : iterable of str
        Top packages that count though they have a version.
    folders : sequence of str, optional
        Where packages are looked for, instead of where Python does.
    """

    def __init__(self, ours: Iterable[str], folders: Sequence[str] | None = None) -> None:
        self.ours, self._folders = frozenset(ours), folders
        self._roots: dict[str, list[Path]] = {}
        self._files: dict[str, SourceFile] = {}
        self._paths: dict[str, Path | None] = {}
        self._folders_of: dict[str, list[Path]] = {}

    def file(self, name: str) -> SourceFile:
        """The facts of a module; one without a file has none."""
        if name not in self._files:
            path = self.path(name)
            self._files[name] = read(path, name) if path else SourceFile(name)
        return self._files[name]

    def counts(self, name: str) -> bool:
        """Whether the source of a module counts; a library counts with its version, the standard library with that of Python."""
        root = name.partition(".")[0]
        return root in self.ours or (root not in {"__main__", *sys.stdlib_module_names} and not version_of(root) and bool(self._root(root)))

    def exists(self, name: str) -> bool:
        """Whether this is a module or a package that counts."""
        return self.counts(name) and bool(self.path(name) or self.folders(name))

    def path(self, name: str) -> Path | None:
        """The file of a module or package."""
        if name not in self._paths:
            places = (path for stem in self._stems(name) for path in (stem / "__init__.py", stem.with_suffix(".py")))
            self._paths[name] = next((path for path in places if path.is_file()), None)
        return self._paths[name]

    def folders(self, name: str) -> list[Path]:
        """The folders of a package; a module has none."""
        if name not in self._folders_of:
            self._folders_of[name] = [stem for stem in self._stems(name) if stem.is_dir()]
        return self._folders_of[name]

    def whole(self, name: str) -> Iterator[str]:
        """A module, or a package with all that is in it."""
        yield name
        for folder in self.folders(name):
            for path in sorted(folder.iterdir()):
                if path.suffix == ".py" and path.stem != "__init__":
                    yield f"{name}.{path.stem}"
                elif path.is_dir() and path.name.isidentifier() and path.name != "__pycache__":
                    yield from self.whole(f"{name}.{path.name}")

    def _stems(self, name: str) -> Iterator[Path]:
        root, *rest = name.split(".")
        return (base.joinpath(*rest) for base in self._root(root))

    def _root(self, name: str) -> list[Path]:
        """The folders of a top package, or its file without the suffix; none where Python would not find it."""
        if name not in self._roots:
            spec = (PathFinder.find_spec(name, self._folders) if self._folders else find_spec(name)) if name else None
            places = [*(spec.submodule_search_locations or [spec.origin or ""])] if spec else []
            self._roots[name] = [Path(place).with_suffix("") for place in places if Path(place).exists()]
        return self._roots[name]


@cache
def version_of(library: str) -> str:
    """The version of an installed library by the name it is imported by, or nothing."""
    with suppress(PackageNotFoundError, ValueError):
        return version(library)
    return " ".join(version(name) for name in sorted(set(_distributions().get(library, ()))))


@cache
def _distributions() -> Mapping[str, list[str]]:
    """Under which names libraries are installed that are imported by another, as sklearn is."""
    return packages_distributions()
