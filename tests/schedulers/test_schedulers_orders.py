"""The order of each deterministic method, by the exact flow: on the line it carries each quantile along."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from pmmtheory.rates import fit_rate
from pmmtheory.schedulers import DDIM, DPMSolver, DPMSolverMultistep, DPMSolverPlusPlus2M, ExactPredictor, Heun, NoiseSchedule, Scheduler
from pmmtheory.targets import Gaussian, GaussianMixture

SCHEDULE = NoiseSchedule.linear()
GRID: dict[str, object] = {"spacing": "log-snr", "end": 100}
DATA = {"gaussian": Gaussian(0.7, 0.2), "mixture": GaussianMixture([0.4, 0.6], [-1.0, 1.2], [0.5, 0.3])}
U = torch.linspace(0.05, 0.95, 7, dtype=torch.float64)

METHODS: dict[str, tuple[Callable[[int], Scheduler], float]] = {
    "ddim": (lambda n: DDIM(SCHEDULE, n, **GRID), 1),  # type: ignore[arg-type]
    "dpm_solver_2": (lambda n: DPMSolver(SCHEDULE, n, 2, **GRID), 2),  # type: ignore[arg-type]
    "dpm_solver_3": (lambda n: DPMSolver(SCHEDULE, n, 3, **GRID), 3),  # type: ignore[arg-type]
    "multistep_2": (lambda n: DPMSolverMultistep(SCHEDULE, n, 2, **GRID), 2),  # type: ignore[arg-type]
    "multistep_3_exact": (lambda n: DPMSolverMultistep(SCHEDULE, n, 3, second_difference="exact", **GRID), 3),  # type: ignore[arg-type]
    "multistep_3_reference": (lambda n: DPMSolverMultistep(SCHEDULE, n, 3, **GRID), 2),  # type: ignore[arg-type]
    "plus_plus_2m": (lambda n: DPMSolverPlusPlus2M(SCHEDULE, n, **GRID), 2),  # type: ignore[arg-type]
    "heun": (lambda n: Heun(SCHEDULE, n, **GRID), 2),  # type: ignore[arg-type]
}


def errors(make: Callable[[int], Scheduler], data: str, steps: tuple[int, ...]) -> list[float]:
    """The root mean square distance from the exact flow, at some quantiles."""
    target = DATA[data]
    first, last = (SCHEDULE.marginal(target, t) for t in (1000, 100))
    x, exact = (law.quantile(U) for law in (first, last))  # type: ignore[attr-defined]
    return [float((make(n).sample(ExactPredictor(target, SCHEDULE), x) - exact).square().mean().sqrt()) for n in steps]


@pytest.mark.slow
@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("name", METHODS)
def test_errors_fall_with_the_order_of_the_method(name: str, data: str) -> None:
    make, order = METHODS[name]
    steps = (48, 72, 96, 144, 192) + ((288, 384) if name == "multistep_3_exact" else ())  # whose first steps, of lower order, show for longer
    fit = fit_rate([1 / n for n in steps], errors(make, data, steps), predicted=order)
    assert fit.verdict == "pass", (fit, errors(make, data, steps))


@pytest.mark.slow
def test_at_equal_calls_a_higher_order_is_nearer_the_flow() -> None:
    near = [errors(METHODS[name][0], "mixture", (96,))[0] for name in ("dpm_solver_3", "dpm_solver_2", "ddim")]
    assert near == sorted(near)
