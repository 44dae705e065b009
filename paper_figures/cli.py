"""The command line. Exit status: 0 the figures are written, 2 wrong usage or a missing result (then no file is touched)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from experiments.cli import DEFAULT_STORE
from experiments.errors import ExperimentError, UsageError
from experiments.study import PROFILES

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def draw(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME...]", help="Figures to draw, default all; the word list shows their names.")] = None,
    out: Annotated[Path, typer.Option(help="The folder for the PNG and PDF files.")] = Path("figures"),
    profile: Annotated[str, typer.Option(help=f"The results to draw: {' or '.join(PROFILES)}.")] = PROFILES[0],
    store: Annotated[Path, typer.Option(envvar="PMMTHEORY_STORE", help="The file of stored results.")] = DEFAULT_STORE,
) -> None:
    """Draw the figures of the paper from stored results."""
    from paper_figures.gallery import choose, find_figures

    found = find_figures()
    if names == ["list"]:
        width = 2 + max(map(len, found))
        for entry in found.values():
            print(f"{entry.name:<{width}}{entry.title}")
        return
    if profile not in PROFILES:
        raise UsageError(f"there is no profile named {profile!r}; choose {' or '.join(PROFILES)}.")
    chosen = choose(found, names or list(found))

    from paper_figures.output import render, write
    from paper_figures.results import MissingResults, open_results

    results = open_results(store, profile)
    files: dict[str, bytes] = {}
    missing: set[str] = set()
    for entry in chosen:
        try:
            files |= render(entry, results)
        except MissingResults as error:
            missing |= set(error.studies)
    if missing:
        raise MissingResults(missing, results)
    for path in write(out, files):
        print(path)


def main() -> None:
    """Run the command line; an expected trouble is one sentence on the standard error."""
    try:
        app(prog_name="python -m paper_figures")
    except ExperimentError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.status)
