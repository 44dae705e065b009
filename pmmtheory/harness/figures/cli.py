"""The command that draws figures. Exit status: 0 all are written, 2 wrong usage, or results lack of some figures: the others are written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pmmtheory.harness.choice import taken_up
from pmmtheory.harness.errors import UsageError
from pmmtheory.harness.options import DEFAULT_STORE, DeviceOption, StoreOption, StudiesOption, answer, command_line
from pmmtheory.harness.project import Project
from pmmtheory.harness.study import PROFILES

Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME...]", help="Figures to draw, default all; the word list shows their names.")]
OutOption = Annotated[Path, typer.Option(help="The folder for the PNG and PDF files.")]
ProfileOption = Annotated[str, typer.Option(help=f"The results to draw: {' or '.join(PROFILES)}.")]


def figures(
    context: typer.Context,
    names: Names = None,
    studies: StudiesOption = None,
    out: OutOption = Path("figures"),
    profile: ProfileOption = PROFILES[0],
    device: DeviceOption = "cpu",
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Draw the project's figures from stored results; no law is computed."""
    draw(taken_up(studies, context.obj).part("figures"), names, out, profile, device, store)


def draw(package: str, names: list[str] | None, out: Path, profile: str, device: str, store: Path) -> None:
    """Draw the named figures of a package; those whose studies have no results are left out, and the sentence at the end names them.

    Raises
    ------
    MissingResults
        After the others are written.
    """
    from pmmtheory.harness.figures.gallery import choose, find_figures

    found = find_figures(package)
    if names == ["list"]:
        width = 2 + max(map(len, found))
        for entry in found.values():
            print(f"{entry.name:<{width}}{entry.title}")
        return
    if profile not in PROFILES:
        raise UsageError(f"there is no profile named {profile!r}; choose {' or '.join(PROFILES)}.")
    wanted = choose(found, names or list(found))

    from pmmtheory.harness.figures.output import render, write
    from pmmtheory.harness.figures.results import MissingResults, open_results

    results = open_results(store, profile, device)
    files: dict[str, bytes] = {}
    lacking: dict[str, list[str]] = {}
    for entry in wanted:
        try:
            files |= render(entry, results)
        except MissingResults as error:
            lacking[entry.name] = error.studies
    for path in write(out, files) if files else ():
        print(path)
    if lacking:
        raise MissingResults({study for studies in lacking.values() for study in studies}, results, lacking)


def main(project: Project, package: str, name: str) -> None:
    """A command line that only draws; an expected trouble is one sentence on the standard error."""
    app = command_line()

    @app.command()
    def drawing(
        names: Names = None,
        out: OutOption = Path("figures"),
        profile: ProfileOption = PROFILES[0],
        device: DeviceOption = "cpu",
        store: StoreOption = DEFAULT_STORE,
    ) -> None:
        """Draw the figures of the paper from stored results."""
        taken_up(None, project)
        draw(package, names, out, profile, device, store)

    answer(app, name, project)
