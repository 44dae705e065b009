"""Classes found by their folder, so that a new one is a new file and no list has to be edited."""

from __future__ import annotations

import importlib
import inspect
import pkgutil


def classes(package: str, base: type) -> dict[str, type]:
    """Every concrete subclass of `base` that is defined in a module of the package, or of one in it, by name.

    Examples
    --------
    >>> from pmmtheory.schemes import Scheme
    >>> "EulerMaruyama" in classes("pmmtheory.schemes", Scheme)
    True
    """
    found = {}
    for info in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        for name, item in vars(importlib.import_module(info.name)).items():
            if inspect.isclass(item) and issubclass(item, base) and item.__module__ == info.name and not inspect.isabstract(item):
                found[name] = item
    return found


def lookup(package: str, base: type, name: str) -> type:
    """The class of that name; raises AttributeError, as a module's __getattr__ must."""
    if not name.startswith("_"):
        found = classes(package, base)
        if name in found:
            return found[name]
    raise AttributeError(f"module {package!r} has no attribute {name!r}")
