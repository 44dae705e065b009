"""Modules that most workers need, loaded once in the process that all of them are copies of."""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
from contextlib import suppress
from pathlib import Path

ROOMS = tuple(f"pmmtheory.{room}" for room in ("targets", "schemes", "schedulers", "theory", "rates", "particles", "laws", "divergences"))

BYTES: dict[str, str] = {}
"""A hash of each file whose module may have been loaded so, taken before: a file that says something else now is not what is loaded."""


def load() -> None:
    """Load our rooms with all that is in them; what cannot be loaded is left for those who need it to complain."""
    root = importlib.import_module("pmmtheory").__path__[0]
    for path in Path(root).rglob("*.py"):
        parts = ("pmmtheory", *path.relative_to(root).with_suffix("").parts)
        BYTES[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = hashlib.sha256(path.read_bytes()).hexdigest()
    for room in ROOMS:
        for module in pkgutil.walk_packages([str(Path(root) / room.partition(".")[2])], f"{room}."):
            with suppress(Exception):
                importlib.import_module(module.name)
