"""What cells name: classes, functions and targets, ours or in the files of the project."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from difflib import get_close_matches
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pmmtheory.harness.errors import UsageError
from pmmtheory.harness.project import used

if TYPE_CHECKING:
    from pmmtheory.targets.line import LineTarget


def own_target(name: str) -> LineTarget:
    """The target that a file of the project defines; its name may have spaces for underscores."""
    package, file = used().part("targets"), name.replace(" ", "_")
    if not used().has("targets") or importlib.util.find_spec(f"{package}.{file}") is None:
        raise UsageError(f"there is no target named {name!r}; those of one's own are files in targets/ that define `target`.")
    made: LineTarget | None = getattr(importlib.import_module(f"{package}.{file}"), "target", None)
    if made is None:
        raise UsageError(f"the file {file}.py in {package} does not define `target = ...`.")
    return made


def named(name: str, kind: str, *rooms: ModuleType) -> Any:
    """A class or a function by name: in a file of the project's folder of this kind, or in one of our rooms.

    Raises
    ------
    UsageError
        It is in none of them, with close matches.
    """
    own = _own(used().part(kind)) if used().has(kind) else {}
    if name in own:
        return own[name]
    for room in rooms:
        if (found := getattr(room, name, None)) is not None:
            return found
    known = [*own, *(key for room in rooms for key, item in vars(room).items() if not key.startswith("_") and callable(item))]
    close = get_close_matches(name, known, n=3)
    raise UsageError(f"there is nothing named {name!r} in {kind}" + (f"; did you mean {' or '.join(close)}?" if close else "."))


def _own(package: str) -> dict[str, Any]:
    """The classes and functions that the files of a package define."""
    found: dict[str, Any] = {}
    for info in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
        found |= {name: item for name, item in vars(importlib.import_module(info.name)).items() if getattr(item, "__module__", "") == info.name}
    return found
