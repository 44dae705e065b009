"""Samplers of diffusion models at equal numbers of network calls, on data with an exact score, in one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pmmtheory.divergences import w2
from pmmtheory.errors import InvalidParameter, PmmError, count, positive
from pmmtheory.estimate import Estimate
from pmmtheory.harness.figures import style
from pmmtheory.harness.figures.ticks import log
from pmmtheory.laws import transient_law
from pmmtheory.schedulers import (
    DDIM,
    DDPM,
    DPMSolverMultistep,
    DPMSolverPlusPlus2M,
    ExactPredictor,
    Heun,
    NoiseSchedule,
    PoissonMidpointScheduler,
    Scheduler,
)

Maker = Callable[[NoiseSchedule, int], Scheduler]
"""A function of the noise schedule and the number of steps."""

SAMPLERS: Mapping[str, Maker] = {
    "DDPM V1": lambda schedule, steps: DDPM(schedule, steps, variant="V1"),
    "DDPM V2": lambda schedule, steps: DDPM(schedule, steps, variant="V2"),
    "DDIM": DDIM,
    "DPM-Solver-2M": lambda schedule, steps: DPMSolverMultistep(schedule, steps, order=2),
    "DPM-Solver++(2M)": DPMSolverPlusPlus2M,
    "Heun": Heun,
    "PMM over V2, K=5": lambda schedule, steps: PoissonMidpointScheduler(schedule, steps, substeps=5, variant="V2", midpoints="interior"),
}
"""Who is compared unless others are given."""


def compare_samplers(
    data: Any,
    calls: Sequence[int] = (20, 40, 80),
    samplers: Mapping[str, Maker] | None = None,
    schedule: NoiseSchedule | None = None,
    width: float = style.PAGE,
    particles: int = 10_000,
    rtol: float = 1e-4,
    seed: int = 0,
    device: str = "cpu",
) -> Figure:
    """W2 between the data and what samplers generate with an exact score, against the calls of the network, with errors as bars.

    Laws are computed; where none can be (for data on the line), particles are drawn instead, and their points are ringed with a standard error as bar.
    That a law cannot be had, as for the Poisson midpoint method with few steps, may take a minute to be known.

    Parameters
    ----------
    data : Target
        On the line, or a Gaussian in any dimension.
    calls : sequence of int
        The numbers of calls: each sampler takes as many steps as come nearest to them, and stands at the calls that these cost.
    samplers : mapping, optional
        By name, functions of the schedule and the number of steps; eight at most. Default: SAMPLERS.
    schedule : NoiseSchedule, optional
        Default: the linear one of 1000 times.
    width : float
        In inches: 5.5 is the text of a NeurIPS page, 3.25 a column of two.

    Raises
    ------
    InvalidParameter
        Naming `calls`, `width` or `samplers`, also where one has neither a law nor a distance by particles.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> figure = compare_samplers(Gaussian(0.5, 0.3), calls=[10, 20], samplers={"DDIM": DDIM}, width=3.25)
    >>> [line.get_gid() for line in figure.axes[0].get_lines() if line.get_gid()]
    ['DDIM']
    """
    chosen = SAMPLERS if samplers is None else samplers
    if not 0 < len(chosen) <= style.MOST:
        raise InvalidParameter("samplers", list(chosen), f"one to {style.MOST} samplers")
    numbers = sorted({count("calls", number) for number in calls})
    if not numbers:
        raise InvalidParameter("calls", calls, "one number at least")
    known = schedule or NoiseSchedule.linear()
    curves: dict[str, list[tuple[float, Estimate]]] = {}
    for name, maker in chosen.items():
        made = {one.steps: one for number in numbers for one in [_with_calls(maker, known, number)]}
        curves[name] = [(one.calls, _distance(name, one, data, particles, rtol, seed, device)) for one in made.values()]
    with style.theme():
        return _draw(curves, positive("width", width))


def _with_calls(maker: Maker, schedule: NoiseSchedule, calls: int) -> Scheduler:
    """The sampler whose calls come nearest to a number."""
    near = max(1, round(calls * calls / maker(schedule, calls).calls))
    return min((maker(schedule, steps) for steps in {max(1, near - 1), near, near + 1}), key=lambda made: abs(made.calls - calls))


def _distance(name: str, sampler: Scheduler, data: Any, particles: int, rtol: float, seed: int, device: str) -> Estimate:
    """By the law, else by particles."""
    predictor = ExactPredictor(data, sampler.schedule)
    goal = sampler.schedule.marginal(data, sampler.end)
    try:
        return w2(transient_law(sampler.chain(predictor), rtol=rtol, device=device), goal)
    except PmmError as refused:
        if data.dim != 1:
            raise InvalidParameter("samplers", name, f"samplers with a law, since W2 of particles is for data on the line: {refused}") from refused
    start = sampler.schedule.marginal(data, sampler.times[0]).sample(count("particles", particles), seed=seed).to(device)
    return w2(sampler.sample(predictor, start, seed=seed, independent=True).cpu(), goal)


def _draw(curves: Mapping[str, list[tuple[float, Estimate]]], width: float) -> Figure:
    columns = max(1, int(width / 1.35))
    figure, axes = style.panels(1, 1, 2.4 + 0.16 * -(-len(curves) // columns), width=width)
    panel = axes[0, 0]
    log(panel)
    looks = {name: style.LOOKS.get(name, other) for name, other in zip(curves, style.CYCLE, strict=False)}
    for name, points in curves.items():
        shown = [(calls, estimate) for calls, estimate in points if estimate.value > 0]
        x, estimates = [calls for calls, _ in shown], [estimate for _, estimate in shown]
        style.bars(panel, x, estimates, looks[name].colour)
        panel.plot(x, [estimate.value for estimate in estimates], linewidth=0.6, **looks[name].options, gid=name, zorder=3)
    panel.set(xlabel="Network calls", ylabel="$W_2$ to the data")
    handles = [Line2D([], [], linestyle="none", **look.options, label=style.words(name)) for name, look in looks.items()]
    if any(style.sampled(estimate) for points in curves.values() for _, estimate in points):
        handles.append(Line2D([], [], **style.RING, label="particles"))
    figure.legend(handles=handles, loc="outside upper center", ncols=columns, handlelength=1.2)
    return figure
