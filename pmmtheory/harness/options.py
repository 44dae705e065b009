"""Options that several commands have, and how a command line ends."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pmmtheory.harness.errors import ExperimentError, UsageError
from pmmtheory.harness.project import Project

if TYPE_CHECKING:
    from pmmtheory.harness.runner import Means, Shard

DEFAULT_STORE = Path("results/pmmtheory.sqlite")

StoreOption = Annotated[Path, typer.Option(envvar="PMMTHEORY_STORE", help="The file of stored results.")]
StudiesOption = Annotated[
    Path | None,
    typer.Option("--studies", help="A folder with studies/, and if wanted measures/, targets/, figures/ ... of your own.", show_default=False),
]
DeviceOption = Annotated[str, typer.Option(help="cpu or cuda; results of each device are stored apart.")]
WorkersOption = Annotated[int | None, typer.Option(min=1, help="Processes; default: the number of cores, at most 8, and 1 for cuda.", show_default=False)]
ClusterOption = Annotated[
    str | None,
    typer.Option(help="Compute by dask.distributed: the address of a scheduler, or local:N for N processes here.", show_default=False),
]
LimitOption = Annotated[float | None, typer.Option("--cell-limit", min=0.1, max=1e6, help="Seconds after which a cell is given up.", show_default=False)]
ShardOption = Annotated[
    str | None,
    typer.Option(help="i/n: compute and store part i of n of the cells, without verdicts; `merge` joins the stores.", show_default=False),
]
CellsOnlyOption = Annotated[bool, typer.Option("--cells-only", help="Compute and store, without verdicts.")]


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


def means(device: str, workers: int | None, cluster: str | None, limit: float | None) -> Means:
    """How cells are computed: by processes here, or by a cluster.

    Raises
    ------
    UsageError
        Both are named.
    """
    from pmmtheory.harness import apart, processes
    from pmmtheory.harness.cluster import cluster as of_cluster
    from pmmtheory.harness.runner import Means

    if cluster is None:
        number = processes_here(workers or (1 if device == "cuda" else None))
        return Means(partial(apart.processes, workers=number), processes.prepare, limit)
    if workers is not None:
        raise UsageError("--workers is of this machine and --cluster of others; name one of them (local:N has N processes).")
    return Means(partial(of_cluster, cluster), lambda: None, limit)


def processes_here(workers: int | None) -> int:
    """How many were asked for, or one a core, at most 8."""
    return workers or min(os.cpu_count() or 1, 8)


def shard_of(text: str | None) -> Shard:
    """The part of the cells that i/n names; all of them where nothing is named.

    Raises
    ------
    UsageError
        It is not i/n with whole numbers 1 <= i <= n.
    """
    from pmmtheory.harness.runner import WHOLE, Shard

    if text is None:
        return WHOLE
    number, _, parts = text.partition("/")
    if not (number.isdecimal() and parts.isdecimal() and 1 <= int(number) <= int(parts)):
        raise UsageError(f"--shard {text} must be i/n with whole numbers 1 <= i <= n.")
    return Shard(int(number), int(parts))
