"""What all cells of a run have in common, and who computes them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from pmmtheory.harness.compute import Computed
from pmmtheory.harness.errors import ExperimentError
from pmmtheory.harness.project import Project
from pmmtheory.harness.study import Cell


@dataclass(frozen=True)
class Job:
    """Told to every process that computes cells of a run.

    Attributes
    ----------
    project : Project
    place : str
        The folder in which Python finds its packages.
    device : str
    limit : float or None
        Seconds after which a cell is given up.
    measures : tuple of str
        The measures of its cells.
    """

    project: Project
    place: str
    device: str
    limit: float | None
    measures: tuple[str, ...]

    @staticmethod
    def of(project: Project, device: str, cells: Sequence[Cell], limit: float | None = None) -> Job:
        """The job of some cells."""
        return Job(project, _place(project), device, limit, tuple(sorted({cell.measure for cell in cells})))


@dataclass(frozen=True)
class Hands:
    """Those who compute: `submit` gives them a cell, `places` says how many cells they can take at once."""

    submit: Callable[[Cell], Future[Computed]]
    places: Callable[[], int]


class Gone(ExperimentError):
    """Those who compute are gone."""


def _place(project: Project) -> str:
    """The folder in which Python finds the packages of a project."""
    studies = project.part("studies")
    spec = importlib.util.find_spec(studies)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    return str(Path(folders[0]).resolve().parents[studies.count(".")]) if folders else ""
