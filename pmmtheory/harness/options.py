"""Options that several commands have, and how a command line ends."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from pmmtheory.harness.errors import ExperimentError
from pmmtheory.harness.project import Project

DEFAULT_STORE = Path("results/pmmtheory.sqlite")

StoreOption = Annotated[Path, typer.Option(envvar="PMMTHEORY_STORE", help="The file of stored results.")]
StudiesOption = Annotated[
    Path | None,
    typer.Option("--studies", help="A folder with studies/, and if wanted measures/, targets/, figures/ ... of your own.", show_default=False),
]


def command_line() -> typer.Typer:
    """A command line without commands."""
    return typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


def answer(app: typer.Typer, name: str, project: Project | None) -> None:
    """Run the command that was typed; an expected trouble is one sentence on the standard error, and its status that of the process."""
    try:
        app(prog_name=name, obj=project)
    except ExperimentError as error:
        print(f"error: {error}" if error.status == 2 else str(error), file=sys.stderr)
        sys.exit(error.status)
