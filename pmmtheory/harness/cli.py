"""The command line. Exit status: 0 all claims pass and all controls fail, 1 some do not, 2 wrong usage or store, 130 stopped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pmmtheory import __version__
from pmmtheory.harness import discover, package_commands
from pmmtheory.harness.choice import taken_up
from pmmtheory.harness.errors import UsageError
from pmmtheory.harness.figures.cli import figures
from pmmtheory.harness.options import (
    DEFAULT_STORE,
    CellsOnlyOption,
    ClusterOption,
    DeviceOption,
    LimitOption,
    ShardOption,
    StoreOption,
    StudiesOption,
    WorkersOption,
    answer,
    command_line,
    means,
    processes_here,
    shard_of,
)
from pmmtheory.harness.project import Project

if TYPE_CHECKING:
    from pmmtheory.harness.study import Check, Study

app = command_line()
package_commands.add_to(app)
app.command()(figures)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"pmmtheory {__version__}")
        raise typer.Exit


Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME...]", help="Names of studies, default all; `list` shows them.")]
ProfileOption = Annotated[
    str, typer.Option(help="quick, which takes about a minute; full, which has more targets and smaller steps; or images, for what networks generate.")
]
JsonOption = Annotated[Path | None, typer.Option("--json", help="Also write the verdicts to this file.", show_default=False)]
FreshOption = Annotated[bool, typer.Option("--fresh", help="Compute what is stored too.")]
VersionOption = Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")]


@app.callback(invoke_without_command=True)
def everything(
    context: typer.Context,
    studies: StudiesOption = None,
    profile: ProfileOption = "quick",
    device: DeviceOption = "cpu",
    workers: WorkersOption = None,
    cluster: ClusterOption = None,
    cell_limit: LimitOption = None,
    shard: ShardOption = None,
    cells_only: CellsOnlyOption = False,
    json: JsonOption = None,
    fresh: FreshOption = False,
    store: StoreOption = DEFAULT_STORE,
    version: VersionOption = False,
) -> None:
    """Check the theory: run every study (or the command named) and say what was found. What is stored is not computed again."""
    if context.invoked_subcommand is None:
        run(context, None, studies, profile, device, workers, cluster, cell_limit, shard, cells_only, json, fresh, store)
    for name in context.params:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = name.replace("_", "-")
            raise UsageError(f"write --{option} after the command: {context.invoked_subcommand} --{option} ...")


@app.command()
def run(
    context: typer.Context,
    names: Names = None,
    studies: StudiesOption = None,
    profile: ProfileOption = "quick",
    device: DeviceOption = "cpu",
    workers: WorkersOption = None,
    cluster: ClusterOption = None,
    cell_limit: LimitOption = None,
    shard: ShardOption = None,
    cells_only: CellsOnlyOption = False,
    json: JsonOption = None,
    fresh: FreshOption = False,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Run the named studies and say what was found."""
    from pmmtheory.harness.run import cells_only as without_verdicts
    from pmmtheory.harness.run import with_verdicts

    checks = _checks(taken_up(studies, context.obj), names, profile)
    how = means(device, workers, cluster, cell_limit)
    if cells_only or shard is not None:
        if json:
            raise UsageError("--json writes verdicts, and --cells-only and --shard give none; leave one of them out.")
        good = without_verdicts(checks, device, how, store, fresh, shard_of(shard))
    else:
        good = with_verdicts(checks, profile, device, how, store, fresh, json)
    raise typer.Exit(0 if good else 1)


@app.command("list")
def list_studies(
    context: typer.Context, studies: StudiesOption = None, profile: ProfileOption = "quick", device: DeviceOption = "cpu", store: StoreOption = DEFAULT_STORE
) -> None:
    """List the studies, a line each, with what is stored of them; nothing is computed."""
    from pmmtheory.harness.listing import show_list

    show_list(_checks(taken_up(studies, context.obj), None, profile), profile, device, store)


@app.command()
def show(
    context: typer.Context,
    names: Names = None,
    studies: StudiesOption = None,
    profile: ProfileOption = "quick",
    device: DeviceOption = "cpu",
    only_failures: Annotated[bool, typer.Option("--only-failures", help="Only checks that are not as they should be.")] = False,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Print the table of each named study from what is stored, every claim with its verdict, rate and constant, and what it found. Nothing is computed."""
    from pmmtheory.harness.listing import show_tables

    show_tables(_checks(taken_up(studies, context.obj), names, profile), device, store, only_failures)


@app.command()
def theorems(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME...]", help="Names of theorems, to be told in full with their claims.")] = None,
    studies: StudiesOption = None,
    profile: ProfileOption = "quick",
    device: DeviceOption = "cpu",
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Print the theorems, a line each: what is assumed, the bound, the study, and what is stored of the claims that cite it. Nothing is computed."""
    from pmmtheory.harness.theorems import show

    project = taken_up(studies, context.obj)
    show(project, _checks(project, None, profile), names or [], device, store)


@app.command()
def report(
    context: typer.Context,
    names: Names = None,
    studies: StudiesOption = None,
    profile: ProfileOption = "quick",
    device: DeviceOption = "cpu",
    out: Annotated[Path, typer.Option(help="The HTML file to write.")] = Path("report.html"),
    latex: Annotated[Path | None, typer.Option(help="Also write a table of each study for LaTeX into this folder.", show_default=False)] = None,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Write what is stored of the named studies as one HTML page: findings, claims, figures and where they come from. Nothing is computed."""
    from pmmtheory.harness.report.command import write_report

    write_report(_checks(taken_up(studies, context.obj), names, profile), profile, device, store, out, latex)


@app.command()
def export(
    csv: Annotated[Path | None, typer.Option(help="The CSV file to write.", show_default=False)] = None,
    parquet: Annotated[Path | None, typer.Option(help="The Parquet file to write.", show_default=False)] = None,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Write every stored row to a file."""
    from pmmtheory.harness.export import export as write
    from pmmtheory.harness.store import open_store
    from pmmtheory.harness.store_file import require_writable

    if csv is None and parquet is None:
        raise UsageError("say where to: --csv FILE, --parquet FILE or both.")
    if csv is not None and parquet is not None and csv.resolve() == parquet.resolve():
        raise UsageError(f"--csv and --parquet name the same file, {csv}.")
    for path in filter(None, (csv, parquet)):
        require_writable(path)
    with open_store(store, must_exist=True) as opened:
        print(f"{write(opened, csv, parquet)} rows written")


@app.command()
def mutants(
    context: typer.Context,
    faults: Annotated[int, typer.Option(min=1, help="How many that run.")] = 60,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same faults in the same order.")] = 0,
    first: Annotated[int, typer.Option(min=0, help="How many to pass over.")] = 0,
    within: Annotated[str, typer.Option(help="Only those in files whose name begins so, such as targets/ or rates/judge.py.", show_default=False)] = "",
    workers: Annotated[int | None, typer.Option(min=1, help="Faults at once; default: the number of cores, at most 8.", show_default=False)] = None,
    limit: Annotated[float, typer.Option(min=1, max=1e6, help="Seconds after which a fault is given up.")] = 1800.0,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Put small faults into copies of the code, and see whether a claim of the quick profile fails; the store has its results without faults. Takes hours."""
    from pmmtheory.harness.mutants.command import Plan
    from pmmtheory.harness.mutants.command import mutants as tried

    good = tried(taken_up(None, context.obj), Plan(faults, seed, first, processes_here(workers), limit, within), store)
    raise typer.Exit(0 if good else 1)


@app.command()
def new(folder: Annotated[Path, typer.Argument(help="The folder to write; it must not exist, or be empty.")]) -> None:
    """Write a small working example: a target, a scheme, a study of them and a figure, each one file."""
    from pmmtheory.harness.example import write_example

    for path in write_example(folder):
        print(path)
    print(f"run it: pmmtheory run --studies {folder}")


def main(project: Project | None = None, name: str = "pmmtheory") -> None:
    """Run the command line, of a project or of the folder that is named; an expected trouble is one sentence on the standard error."""
    answer(app, name, project)


def _checks(project: Project, names: list[str] | None, profile: str) -> dict[Study, list[Check]]:
    found = discover.find_studies(project.part("studies"))
    return discover.checks_by_study(discover.choose_studies(found, names) if names else found.values(), profile)
