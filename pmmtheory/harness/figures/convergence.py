"""The error of stationary laws against the step, for schemes of one's own or ours, in one call."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pmmtheory import divergences
from pmmtheory.dynamics import Dynamics, Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter, PmmError, positive
from pmmtheory.estimate import Estimate
from pmmtheory.harness.figures import style
from pmmtheory.harness.figures.ticks import log
from pmmtheory.laws import stationary_law
from pmmtheory.rates import fit_rate
from pmmtheory.schemes import Scheme

Recipe = type[Scheme] | Scheme | Callable[[Dynamics, float], Scheme]
"""A class, a scheme whose step size is replaced, or a function of the dynamics and the step size."""

Curve = tuple[list[float], list[Estimate], float | None]
"""Steps, distances, and the rate that the scheme declares."""


def plot_convergence(
    schemes: Sequence[Recipe] | Mapping[str, Recipe],
    target: Any,
    step_sizes: Sequence[float] | None = None,
    distances: Sequence[str] = ("tv", "w2"),
    friction: float | None = None,
    width: float = style.PAGE,
    rtol: float | None = None,
    device: str = "cpu",
) -> Figure:
    """Distances of exact stationary laws from their target against the step size, a panel a distance, with their errors as bars.

    The slopes are fitted with their uncertainty (rates.fit_rate); dashes have the slope that a scheme declares, through its smallest step. A step
    at which a law is refused is left out.

    Parameters
    ----------
    schemes : sequence or mapping by name
        Classes, schemes, or functions of the dynamics and the step size; eight at most.
    target : Target
    step_sizes : sequence of float, optional
        By default five, from 0.08/L on (0.3/sqrt(L) with a friction), L the smoothness of the target.
    distances : sequence of str
        Names of functions in pmmtheory.divergences; with a friction those of the law of the position.
    friction : float, optional
        For underdamped dynamics.
    width : float
        In inches: 5.5 is the text of a NeurIPS page, 3.25 a column of two.

    Returns
    -------
    Figure
        `.savefig("name.pdf")` writes it.

    Raises
    ------
    InvalidParameter
        Naming `schemes`, `distances`, `width` or `step_sizes`, also where a scheme has no law at any of them.

    Examples
    --------
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> from pmmtheory.targets import Gaussian
    >>> figure = plot_convergence([EulerMaruyama], Gaussian(), step_sizes=[0.08, 0.04, 0.02, 0.01], distances=["w2"], width=3.25)
    >>> [panel.get_title() for panel in figure.axes], float(figure.get_figwidth())
    (['Wasserstein distance $W_2$'], 3.25)
    """
    recipes = _named(schemes)
    steps = _steps(step_sizes, target, friction)
    for distance in distances:
        if not callable(getattr(divergences, distance, None)):
            raise InvalidParameter("distances", distance, "names of functions in pmmtheory.divergences")
    if not distances:
        raise InvalidParameter("distances", distances, "one distance at least")
    dynamics = Overdamped(target) if friction is None else Underdamped(target, friction)
    curves = {name: _curve(name, recipe, dynamics, steps, distances, rtol, device) for name, recipe in recipes.items()}
    with style.theme():
        return _draw(curves, distances, positive("width", width), friction is not None)


def _named(schemes: Sequence[Recipe] | Mapping[str, Recipe]) -> dict[str, Recipe]:
    """Schemes by the names of the legend."""
    if isinstance(schemes, Mapping):
        named = dict(schemes)
    else:
        named = {getattr(recipe, "name" if isinstance(recipe, Scheme) else "__name__", str(recipe)): recipe for recipe in schemes}
        if len(named) < len(schemes):
            raise InvalidParameter("schemes", list(named), "a mapping where two have one name")
    if not 0 < len(named) <= style.MOST:
        raise InvalidParameter("schemes", list(named), f"one to {style.MOST} schemes")
    return named


def _steps(step_sizes: Sequence[float] | None, target: Any, friction: float | None) -> list[float]:
    """From the largest to the smallest."""
    if step_sizes is not None:
        steps = sorted({positive("step_sizes", step) for step in step_sizes}, reverse=True)
        if not steps:
            raise InvalidParameter("step_sizes", step_sizes, "one step size at least")
        return steps
    smoothness = float(target.smoothness)
    if not math.isfinite(smoothness):
        raise InvalidParameter("step_sizes", step_sizes, "given where the target has no smoothness constant L, as here")
    return [0.08 / smoothness * 0.5**i for i in range(5)] if friction is None else [0.3 / smoothness**0.5 * 1.6**-i for i in range(5)]


def _curve(name: str, recipe: Recipe, dynamics: Dynamics, steps: list[float], distances: Sequence[str], rtol: float | None, device: str) -> dict[str, Curve]:
    """The distances at every step that has a law."""
    found: dict[str, tuple[list[float], list[Estimate]]] = {distance: ([], []) for distance in distances}
    refused: list[str] = []
    scheme: Scheme | None = None
    for step in steps:
        scheme = recipe.over(dynamics).with_step(step) if isinstance(recipe, Scheme) else recipe(dynamics, step)
        try:
            law = stationary_law(scheme, rtol=rtol, device=device)
            part = law.position if isinstance(dynamics, Underdamped) else law
            numbers = {distance: getattr(divergences, distance)(part, dynamics.target) for distance in distances}
        except PmmError as error:
            refused.append(str(error))
            continue
        for distance, number in numbers.items():
            found[distance][0].append(step)
            found[distance][1].append(number)
    if len(refused) == len(steps):
        raise InvalidParameter("step_sizes", steps, f"steps at which {name} has a law; at the last: {refused[-1]}")
    return {distance: (at, estimates, _declared(scheme, distance)) for distance, (at, estimates) in found.items()}


def _declared(scheme: Scheme | None, distance: str) -> float | None:
    try:
        return scheme.rate(distance) if scheme else None
    except InvalidParameter:
        return None


def _draw(curves: Mapping[str, Mapping[str, Curve]], distances: Sequence[str], width: float, underdamped: bool) -> Figure:
    columns = len(distances) if width >= style.PAGE else 1
    rows = -(-len(distances) // columns)
    lines = -(-len(curves) // max(1, int(width / 1.3)))
    figure, axes = style.panels(rows, columns, 2.3 * rows + 0.2 * lines, width=width)
    looks = dict(zip(curves, style.CYCLE, strict=False))
    for panel, distance in zip(axes.flat, distances, strict=True):
        log(panel)
        for name, found in curves.items():
            _draw_curve(panel, *found[distance], looks[name])
        panel.set(
            title=style.DISTANCES.get(distance, distance), xlabel="Step size", ylabel=f"Distance of the stationary {'position' if underdamped else 'law'}"
        )
        style.show_slopes(panel, "upper left", room=0.1 + 0.07 * len(curves))
    handles = [Line2D([], [], linestyle="none", **look.options, label=name) for name, look in looks.items()]
    if any(rate is not None for found in curves.values() for _, _, rate in found.values()):
        handles.append(Line2D([], [], color=style.FAINT, label="declared slope", **style.DASHES))
    figure.legend(handles=handles, loc="outside upper center", ncols=max(1, int(width / 1.3)), handlelength=1.6)
    return figure


def _draw_curve(panel: Axes, steps: list[float], numbers: list[Estimate], rate: float | None, look: style.Look) -> None:
    shown = [(step, number) for step, number in zip(steps, numbers, strict=True) if number.value > 0]
    if not shown:
        return
    x, y = [step for step, _ in shown], [number.value for _, number in shown]
    if rate is not None and math.isfinite(rate):
        panel.plot(x, [y[-1] * (step / x[-1]) ** rate for step in x], color=look.colour, zorder=1, **style.DASHES)
    try:
        slope = style.slope(fit_rate(x, [number for _, number in shown], rate), 1.0)
    except PmmError:
        slope = "no fit"
    style.bars(panel, x, [number for _, number in shown], look.colour)
    panel.plot(x, y, linestyle="none", **look.options, label=slope, zorder=3)
