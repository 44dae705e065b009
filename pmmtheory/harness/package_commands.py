"""Commands that need no studies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pmmtheory.harness import images
from pmmtheory.harness.options import DEFAULT_STORE, StoreOption, processes_here

HUNT_STORE = Path("results/hunt.sqlite")


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    for command in (bench, certify, engines, hunt, merge, orders, perturbed, spectrum, verdicts):
        app.command()(command)
    app.add_typer(images.app)


def bench() -> None:
    """Measure the speed of the numerics."""
    from pmmtheory.harness.bench import main as measure_speed

    measure_speed()


def certify(
    groups: Annotated[list[str] | None, typer.Argument(metavar="[GROUP...]", help="Groups of numbers, default all.")] = None,
    bits: Annotated[int, typer.Option(min=53, max=4096, help="The precision of proofs.")] = 128,
) -> None:
    """Prove that headline numbers are within their stated errors, by ball arithmetic (extra `rigor`); exit status 1 where one is not proved to be."""
    from pmmtheory.harness.certify import show

    raise typer.Exit(0 if show(groups, bits) else 1)


def engines() -> None:
    """Print which engine has the law of which chain."""
    from pmmtheory.harness.engine_table import markdown

    print(markdown())


def hunt(
    cases: Annotated[int, typer.Option(min=1, help="How many.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same cases, however many and with any number of workers.")] = 0,
    relation: Annotated[list[str] | None, typer.Option(help="Only this relation; may be given more than once.", show_default=False)] = None,
    first: Annotated[int, typer.Option(min=0, help="The number of the first case.")] = 0,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: the number of cores, at most 8.", show_default=False)] = None,
    limit: Annotated[float, typer.Option(min=0.1, max=1e6, help="Seconds after which a case is given up.")] = 15.0,
    shrink: Annotated[float, typer.Option(min=0, max=1e6, help="Seconds to make the first failing case of each relation simpler.")] = 60.0,
    store: Annotated[Path, typer.Option(help="The file of what became of each case.")] = HUNT_STORE,
) -> None:
    """Hunt for a number that is farther from another route to it than both errors allow. What is known is not run again."""
    from pmmtheory.harness.hunt.command import Plan, hunt

    plan = Plan(cases, seed, processes_here(workers), limit, shrink, tuple(relation or ()), first)
    raise typer.Exit(0 if hunt(plan, store) else 1)


def merge(
    stores: Annotated[list[Path], typer.Argument(metavar="STORE...", help="The stores whose rows are added.")],
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Add the rows of other stores to a store: of two of one number the newer, and never a failure for an estimate."""
    from pmmtheory.harness.merge import merge

    merge(stores, store)


def orders(latex: Annotated[bool, typer.Option("--latex", help="As a table for LaTeX.")] = False) -> None:
    """Print the orders that follow from the steps of schemes on the line, overdamped and underdamped, with the leading terms of their stationary laws."""
    from pmmtheory.theory import orders as derived
    from pmmtheory.theory.phase_plane import orders as underdamped

    rows, others = derived.derived_orders(), underdamped.phase_orders()
    print(derived.latex(rows) if latex else derived.markdown(rows), end="\n\n")
    print(underdamped.latex(others) if latex else underdamped.markdown(others))


def spectrum(
    eigenvalues: Annotated[Path | None, typer.Option(help="A .npy file of variances, above 0; default: those of the digits.", show_default=False)] = None,
    method: Annotated[list[str] | None, typer.Option(help="Only this row; may be given more than once.", show_default=False)] = None,
    count: Annotated[list[int] | None, typer.Option(min=3, help="Only this N; may be given more than once.", show_default=False)] = None,
    csv: Annotated[Path | None, typer.Option(help="Also write every number with its error to this file.", show_default=False)] = None,
) -> None:
    """Print the exact W2 of samplers to Gaussian data with given variances, in the time of the variance-preserving SDE; all of it takes minutes."""
    from pmmtheory.harness.spectrum_table import show

    show(eigenvalues, method, count, csv)


def perturbed(
    runs: Annotated[int, typer.Option(min=1, help="How many claims.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same claims in the same order.")] = 0,
    first: Annotated[int, typer.Option(min=0, help="How many to pass over.")] = 0,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: one a core, at most 8.", show_default=False)] = None,
) -> None:
    """Judge true claims on targets, steps and schemes drawn at random; exit status 1 where one fails. A thousand take minutes."""
    from pmmtheory.harness.perturbed import show

    raise typer.Exit(0 if show(runs, seed, first, processes_here(workers)) else 1)


def verdicts(
    curves: Annotated[int, typer.Option(min=1, help="Random curves a family.")] = 3000,
    seed: Annotated[int, typer.Option(min=0, help="Of the random numbers.")] = 0,
) -> None:
    """Measure how often verdicts on rates are false, by family of curves; exit status 1 where they are too often."""
    from pmmtheory.harness.rate_verdicts import show

    raise typer.Exit(1 if show(curves, seed) else 0)
