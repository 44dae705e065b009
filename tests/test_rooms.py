"""The rooms import one way: a module knows only rooms above its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import pmmtheory
from pmmtheory.laws import engines

ROOT = Path(pmmtheory.__file__).parent
_LAWS = (
    "law",
    "engine",
    "step",
    "stability",
    "refinement",
    "wide_enough",
    "scales",
    "line",
    "gaussian",
    "inhomogeneous",
    "phase_plane",
    "plane",
    "product",
    "potential_plane",
    "several_midpoints",
)
_FIRST = ("errors", "shown", "estimate", "discover", "numerics")
_ABOVE = (*_FIRST, "targets", "noise", "dynamics", "schemes", "chain", "theory", "rates", "particles", "schedulers")
ROOMS = [*_ABOVE, *(f"laws.{name}" for name in _LAWS), "laws", "divergences", "images", "testing", "rigor", "harness", "integrations"]


def room(module: str) -> str:
    """The room of pmmtheory.x.y."""
    parts = module.split(".")[1:]
    within = ".".join(parts[:2])
    return within if within in ROOMS else parts[0]


def imports(path: Path) -> Iterator[str]:
    """What a module needs to be imported itself: not what functions ask for later, nor types alone."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pmmtheory."):
            yield str(node.module)


def upward(own: str, path: Path) -> list[str]:
    return [other for other in imports(path) if room(other) != own and ROOMS.index(room(other)) > ROOMS.index(own)]


@pytest.mark.slow
def test_rooms_import_those_above_them() -> None:
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = ("pmmtheory", *path.relative_to(ROOT).with_suffix("").parts)
        if parts == ("pmmtheory", "__init__"):
            continue
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if wrong := upward(room(module), path):
            found[module] = wrong
    assert found == {}


def test_an_upward_import_is_seen(tmp_path: Path) -> None:
    sources = [path.read_text() for name in ("laws", "divergences") for path in sorted((ROOT / name).rglob("*.py"))]
    lines = [line.strip() for source in sources for line in source.splitlines() if "isinstance" in line]
    assert len(lines) < 15, "\n".join(lines)


def test_engines_are_found_in_their_folders() -> None:
    names = [engine.name for engine in engines()]
    assert names == ["line", "inhomogeneous", "phase_plane", "gaussian", "plane", "product", "potential_plane", "several_midpoints"]
    assert all((ROOT / "laws" / name / "engine.py").exists() for name in names)
