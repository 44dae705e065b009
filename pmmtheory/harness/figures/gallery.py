"""Find the figures by their folder: a new one is a new file, there is no list to edit."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pmmtheory.harness.errors import UsageError
from pmmtheory.harness.project import has_package

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pmmtheory.harness.figures.results import Results


@dataclass(frozen=True)
class Entry:
    """A figure by the name of its file."""

    name: str
    title: str
    draw: Callable[[Results], Figure]


def find_figures(package: str) -> dict[str, Entry]:
    """Every figure of the package by its name, in the order of the files; UsageError where there is no such package."""
    found = {}
    if not has_package(package):
        raise UsageError(f"there are no figures: no folder {package.replace('.', '/')} beside the studies.")
    for file in sorted(module.name for module in pkgutil.iter_modules(importlib.import_module(package).__path__) if not module.name.startswith("_")):
        module = importlib.import_module(f"{package}.{file}")
        if not (isinstance(getattr(module, "title", None), str) and callable(getattr(module, "draw", None))):
            raise UsageError(f"the file {file}.py in {package} does not define `title` and `draw(results)`.")
        found[file] = Entry(file, module.title, module.draw)
    return found


def choose(found: Mapping[str, Entry], names: Iterable[str]) -> list[Entry]:
    """The named figures in the order asked for; an unknown name is a UsageError with the close matches."""
    chosen = []
    for name in dict.fromkeys(names):
        if name not in found:
            close = get_close_matches(name, found, n=3)
            hint = f"did you mean {' or '.join(close)}?" if close else f"there are: {', '.join(found)}."
            raise UsageError(f"there is no figure named {name!r}; {hint}")
        chosen.append(found[name])
    return chosen
