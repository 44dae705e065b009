"""The command line. Exit status: 0 all claims pass and all controls fail, 1 some do not, 2 wrong usage or store, 130 stopped."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments import discover, images
from experiments.errors import ExperimentError, UsageError

if TYPE_CHECKING:
    from experiments.store import Stored
    from experiments.study import Study

DEFAULT_STORE = Path("results/pmmtheory.sqlite")
HUNT_STORE = Path("results/hunt.sqlite")

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})

app.add_typer(images.app)

ProfileOption = Annotated[str, typer.Option(help="quick, which takes about a minute, or full, which has more targets and smaller steps.")]
DeviceOption = Annotated[str, typer.Option(help="cpu or cuda; results of each device are stored apart.")]
WorkersOption = Annotated[int | None, typer.Option(min=1, help="Processes; default: the number of cores, at most 8, and 1 for cuda.", show_default=False)]
JsonOption = Annotated[Path | None, typer.Option("--json", help="Also write the verdicts to this file.", show_default=False)]
StoreOption = Annotated[Path, typer.Option(envvar="PMMTHEORY_STORE", help="The file of stored results.")]


@app.callback(invoke_without_command=True)
def everything(
    context: typer.Context,
    profile: ProfileOption = "quick",
    device: DeviceOption = "cpu",
    workers: WorkersOption = None,
    json: JsonOption = None,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Check the theory: run every study (or the command named) and print the verdicts. What is stored is not computed again."""
    if context.invoked_subcommand is None:
        _run(list(discover.find_studies(discover.STUDIES).values()), profile, device, workers, json, store)
    for name in context.params:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise UsageError(f"write --{name} after the command: {context.invoked_subcommand} --{name} ...")


@app.command()
def run(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Names of studies; `list` shows them.")],
    profile: ProfileOption = "quick",
    device: DeviceOption = "cpu",
    workers: WorkersOption = None,
    json: JsonOption = None,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Run the named studies and print the verdicts."""
    studies = discover.choose_studies(discover.find_studies(discover.STUDIES), names)
    _run(studies, profile, device, workers, json, store)


@app.command("list")
def list_studies(profile: ProfileOption = "quick", device: DeviceOption = "cpu", store: StoreOption = DEFAULT_STORE) -> None:
    """List the studies, and their claims with the stored verdicts; nothing is computed."""
    from experiments.listing import show_list

    studies = discover.find_studies(discover.STUDIES).values()
    show_list(discover.checks_by_study(studies, profile), profile, device, store)


@app.command()
def export(
    csv: Annotated[Path | None, typer.Option(help="The CSV file to write.", show_default=False)] = None,
    parquet: Annotated[Path | None, typer.Option(help="The Parquet file to write.", show_default=False)] = None,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Write every stored row to a file."""
    from experiments.export import export as write
    from experiments.store import open_store

    if csv is None and parquet is None:
        raise UsageError("say where to: --csv FILE, --parquet FILE or both.")
    with open_store(store, must_exist=True) as opened:
        print(f"{write(opened, csv, parquet)} rows written")


@app.command()
def bench() -> None:
    """Measure the speed of the numerics."""
    from experiments.bench import main as measure_speed

    measure_speed()


@app.command()
def engines() -> None:
    """Print which engine has the law of which chain."""
    from experiments.engine_table import markdown

    print(markdown())


@app.command()
def hunt(
    cases: Annotated[int, typer.Option(min=1, help="How many.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same cases, however many and with any number of workers.")] = 0,
    relation: Annotated[list[str] | None, typer.Option(help="Only this relation; may be given more than once.", show_default=False)] = None,
    first: Annotated[int, typer.Option(min=0, help="The number of the first case.")] = 0,
    workers: WorkersOption = None,
    limit: Annotated[float, typer.Option(min=0.1, help="Seconds after which a case is given up.")] = 15.0,
    shrink: Annotated[float, typer.Option(min=0, help="Seconds to make the first failing case of each relation simpler.")] = 60.0,
    store: Annotated[Path, typer.Option(help="The file of what became of each case.")] = HUNT_STORE,
) -> None:
    """Hunt for a number that is farther from another route to it than both errors allow. What is known is not run again."""
    from experiments.hunt.command import Plan, hunt

    plan = Plan(cases, seed, workers or min(os.cpu_count() or 1, 8), limit, shrink, tuple(relation or ()), first)
    raise typer.Exit(0 if hunt(plan, store) else 1)


@app.command()
def verdicts(
    curves: Annotated[int, typer.Option(min=1, help="Random curves a family.")] = 3000,
    seed: Annotated[int, typer.Option(min=0, help="Of the random numbers.")] = 0,
) -> None:
    """Measure how often verdicts on rates are false, by family of curves; exit status 1 where they are too often."""
    from experiments.rate_verdicts import show

    raise typer.Exit(1 if show(curves, seed) else 0)


def main() -> None:
    """Run the command line; an expected trouble is one sentence on the standard error."""
    try:
        app(prog_name="python -m experiments")
    except ExperimentError as error:
        print(f"error: {error}" if error.status == 2 else str(error), file=sys.stderr)
        sys.exit(error.status)


def _run(studies: list[Study], profile: str, device: str, workers: int | None, json: Path | None, store: Path) -> None:
    """Compute what is missing, print the tables and end with the exit status."""
    from experiments import report
    from experiments.provenance import provenance
    from experiments.runner import fill
    from experiments.store import open_store
    from experiments.table import show_study, summary, terminal
    from experiments.verdict import Outcome, decide

    start = time.perf_counter()
    checks = discover.checks_by_study(studies, profile)
    origin = provenance(device)
    if json:
        report.require_writable(json)
    default_workers = 1 if device == "cuda" else min(os.cpu_count() or 1, 8)
    console, outcomes = terminal(), list[Outcome]()

    def show(study: Study, results: Mapping[str, Stored]) -> None:
        decided = [decide(study.name, check, results) for check in checks[study]]
        show_study(console, f"{study.name}: {study.title}", decided)
        outcomes.extend(decided)

    with open_store(store) as opened:
        tally = fill(opened, checks, origin, workers or default_workers, show)
    console.print(summary(outcomes, tally, time.perf_counter() - start), soft_wrap=True)
    if json:
        report.write_json(json, outcomes, profile, origin)
    raise typer.Exit(0 if all(outcome.as_it_should for outcome in outcomes) else 1)
