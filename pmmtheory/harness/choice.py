"""Which project a command is about."""

from __future__ import annotations

import shlex
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from pmmtheory.harness.errors import UsageError
from pmmtheory.harness.project import PARTS, Project, use


def in_folder(folder: Path) -> Project:
    """A folder as a project, with its sub-folders importable by their names.

    Raises
    ------
    UsageError
        There is no such folder, it has no studies, or another package of a name of its sub-folders is loaded already.
    """
    folder = folder.expanduser().resolve()
    if not (folder / "studies").is_dir():
        raise UsageError(f"there is no folder {folder / 'studies'}; `pmmtheory new FOLDER` writes an example.")
    sys.path[:] = [str(folder), *(place for place in sys.path if place != str(folder))]
    for kind in ("studies", "measures", "figures", *PARTS):
        loaded = sys.modules.get(kind)
        if (folder / kind).is_dir() and loaded is not None and str(folder / kind) not in map(str, getattr(loaded, "__path__", ())):
            raise UsageError(f"another package named {kind} is loaded already; the folder {folder / kind} cannot be used beside it.")
    return Project()


def named_in(place: Path) -> Path | None:
    """The folder that the pyproject.toml of a place names: [tool.pmmtheory] studies = "...". None where it names none."""
    file = place / "pyproject.toml"
    if not file.is_file():
        return None
    try:
        settings: Any = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("pmmtheory", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise UsageError(f"{file} cannot be read: {error}.") from error
    folder = settings.get("studies") if isinstance(settings, dict) else None
    if folder is None:
        return None
    if not isinstance(folder, str):
        raise UsageError(f"[tool.pmmtheory] studies in {file} must be the path of a folder, not {folder!r}.")
    return place / folder


def chosen(folder: Path | None, own: Project | None) -> Project:
    """The project of a folder that is named; else one's own, else that of the folder one stands in.

    Raises
    ------
    UsageError
        There is none.
    """
    here = Path.cwd()
    if folder is None and own is not None:
        return own
    option = f"--studies {shlex.quote(str(folder))}" if folder is not None else ""
    folder = folder or named_in(here) or (here if (here / "studies").is_dir() else None)
    if folder is None:
        raise UsageError(
            'say which studies: --studies FOLDER, or [tool.pmmtheory] studies = "FOLDER" in the pyproject.toml here; `pmmtheory new FOLDER` writes an example.'
        )
    return replace(in_folder(folder), option=option)


def taken_up(folder: Path | None, own: Project | None) -> Project:
    """The same, which this process uses from now on."""
    project = chosen(folder, own)
    use(project)
    return project
