"""The key of what computes a cell: an edit to code that its measure can reach changes it, an edit elsewhere does not.

Imports are followed statically, in functions too. A name is followed to the file that makes it, through the packages that only pass it on; where
that cannot be told (a package used as an object, a name it makes on demand, the name of a module in a string) the whole package counts.
"""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pmmtheory.harness.project import PARTS, Project
from pmmtheory.harness.source_file import SourceFile
from pmmtheory.harness.source_tree import Tree, version_of

ALWAYS = "pmmtheory.harness.one_thread"
"""On this every number depends."""


class Sources:
    """The keys of the measures of a project. Each is taken once, so that a run has one key a measure.

    Parameters
    ----------
    project : Project
        Its targets, schemes and what else its cells may name count for every measure.
    folders : sequence of str, optional
        Where packages are looked for, instead of where Python does.
    """

    def __init__(self, project: Project, folders: Sequence[str] | None = None) -> None:
        self.project = project
        self._tree = Tree(("pmmtheory", *(package.partition(".")[0] for package in project.measures)), folders)
        self._linked: dict[str, _Links] = {}
        self._keys: dict[str, str] = {}

    def of(self, measure: str) -> str:
        """The key of a measure: its source, that of all modules it reaches, and the versions of the libraries they import."""
        if measure not in self._keys:
            modules, libraries = self._reached(measure)
            lines = [f"{name} {self._tree.file(name).digest}" for name in sorted(modules)]
            lines += [f"{name} {version_of(name)}" for name in sorted(libraries)]
            lines.append(f"python {'.'.join(platform.python_version_tuple()[:2])}")
            self._keys[measure] = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:24]
        return self._keys[measure]

    def files(self, measure: str) -> list[SourceFile]:
        """The files that a measure reaches."""
        return [file for name in sorted(self._reached(measure)[0]) if (file := self._tree.file(name)).path]

    def _reached(self, measure: str) -> tuple[set[str], set[str]]:
        """Modules whose source counts, and libraries."""
        reached, loaded, libraries = set[str](), set[str](), set[str]()
        place = next((package for package in self.project.measures if self._tree.exists(f"{package}.{measure}")), self.project.measures[0])
        waiting = {f"{place}.{measure}", ALWAYS, *self._named_in_cells()}
        loading, asks = set(waiting), False
        while waiting or loading:
            while loading:
                name = loading.pop()
                loaded.add(name)
                loading |= self._links(name).loads - loaded
                waiting |= {name} if self._acts(name) else set()
            waiting = (waiting | loaded if asks else waiting) - reached
            if waiting:
                name = waiting.pop()
                links = self._links(name)
                reached.add(name)
                asks |= self._tree.file(name).asks
                waiting |= links.needs
                libraries |= links.libraries
                loading |= {name, *links.loads} - loaded
        return reached, libraries

    def _named_in_cells(self) -> Iterator[str]:
        """The modules of the project that cells may name."""
        for package in map(self.project.part, PARTS):
            if self._tree.exists(package):
                yield from self._tree.whole(package)

    def _acts(self, name: str) -> bool:
        """Whether to load a module may change what another one does: it calls a function of ours, or does more than to define names."""
        file = self._tree.file(name)
        origins = [file.bound[call] for call in file.calls if call in file.bound]
        return file.acts or any(origin is None or self._tree.counts(origin[0]) for origin in origins)

    def _links(self, name: str) -> _Links:
        """What a module depends on."""
        if name not in self._linked:
            links, file = _Links(set(), set(), set()), self._tree.file(name)
            for module, item in file.imports:
                if self._tree.counts(module):
                    loads = self._loaded(module, item)
                    links.loads.update(".".join(loads.split(".")[: i + 1]) for i in range(loads.count(".") + 1))
                    links.needs.update(self._behind(module, item))
                elif (root := module.partition(".")[0]) not in sys.stdlib_module_names:
                    links.libraries.add(root)
            for word in file.words:
                links.needs.update(self._named(word))
            self._linked[name] = links
        return self._linked[name]

    def _loaded(self, module: str, item: str) -> str:
        """The module that an import loads: that of the name, where it is one."""
        return f"{module}.{item}" if item not in ("", "*") and self._tree.exists(f"{module}.{item}") else module

    def _behind(self, module: str, item: str) -> Iterator[str]:
        """The modules that make what is imported."""
        loads = self._loaded(module, item)
        if item in ("", "*") or loads != module:
            yield from self._tree.whole(loads)
        elif not self._tree.folders(module):
            yield module
        else:
            origin = self._tree.file(module).bound.get(item, ("", ""))
            if origin is None:
                yield module
            elif origin != (module, item) and self._tree.counts(origin[0]):
                yield from self._behind(*origin)
            else:
                yield from self._tree.whole(module)

    def _named(self, word: str) -> Iterator[str]:
        """The modules that a string names or begins to name."""
        if "." in word or word in self._tree.ours:
            while word and not self._tree.exists(word):
                word = word.rpartition(".")[0]
            if word:
                yield from self._tree.whole(word)


class _Links(NamedTuple):
    """Modules whose source a module depends on, those it loads, and the libraries it imports."""

    needs: set[str]
    loads: set[str]
    libraries: set[str]
