"""Ratios of costs, all measured in one run: how the law of a Poisson midpoint step scales, what its structure saves, the speed of particles,
what an exact law saves beside them, the cost of exact predictors of images, and what a GPU gives where there is one."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from pmmtheory.dynamics import Overdamped
from pmmtheory.harness.bench_device import device_table
from pmmtheory.harness.bench_images import images_table
from pmmtheory.harness.bench_particles import particle_table
from pmmtheory.harness.bench_sampling import sampling_table
from pmmtheory.laws import stationary_law
from pmmtheory.laws.step.kernel import transition_matrix
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint
from pmmtheory.targets import GaussianMixture
from pmmtheory.testing.plain import plain_transition_matrix


def main() -> None:
    """Print the tables of ratios."""
    torch.set_num_threads(1)
    target = GaussianMixture([0.5, 0.5], [-1.5, 1.5], [1.0, 1.0])
    table = Table("what", "seconds", "ratio", title="One core; least of several runs")
    _structure(target, table)
    _growth_in_substeps(target, table)
    _whole_laws(target, table)
    console = Console(width=100)
    console.print(table)
    console.print(particle_table())
    console.print(sampling_table())
    console.print(images_table())
    found = device_table()
    if found is not None:
        console.print(found)


def _structure(target: GaussianMixture, table: Table) -> None:
    chain = PoissonMidpoint(Overdamped(target), step_size=0.025, substeps=80)
    grid = torch.linspace(-10.7, 10.7, 256, dtype=torch.float64)
    ours = _least(lambda: transition_matrix(chain, grid, 0.0, 1), 3)
    oracle: list[Tensor] = []
    plain = _least(lambda: oracle.append(plain_transition_matrix(chain, grid)), 1)
    difference = float((transition_matrix(chain, grid, 0.0, 1) - oracle[0]).abs().max())
    table.add_row("PMM transition operator, step 0.025, K = 80, 256 points", f"{ours:.3f}", "1")
    table.add_row("the same, substep by substep and frequency by frequency", f"{plain:.3f}", f"{plain / ours:.0f}")
    table.add_row("largest difference of the two matrices", f"{difference:.1e}", "")


def _growth_in_substeps(target: GaussianMixture, table: Table) -> None:
    grid = torch.linspace(-10.7, 10.7, 256, dtype=torch.float64)
    first = 0.0
    for substeps in (64, 256, 1024):
        chain = PoissonMidpoint(Overdamped(target), step_size=0.025, substeps=substeps)
        seconds = _least(lambda chain=chain: transition_matrix(chain, grid, 0.0, 1), 5)  # type: ignore[misc]
        first = first or seconds
        table.add_row(f"PMM transition operator, K = {substeps}", f"{seconds:.3f}", f"{seconds / first:.2f}")


def _whole_laws(target: GaussianMixture, table: Table) -> None:
    chains = {
        "stationary law of LMC, step 0.025": EulerMaruyama(Overdamped(target), step_size=0.025),
        "stationary law of PMM, K = 8": PoissonMidpoint(Overdamped(target), step_size=0.025, substeps=8),
        "stationary law of PMM, K = inf": PoissonMidpoint(Overdamped(target), step_size=0.025),
    }
    first = 0.0
    for name, chain in chains.items():
        seconds = _least(lambda chain=chain: stationary_law(chain), 3)  # type: ignore[misc]
        first = first or seconds
        table.add_row(name, f"{seconds:.3f}", f"{seconds / first:.1f}")


def _least(run: Callable[[], object], times: int) -> float:
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best
