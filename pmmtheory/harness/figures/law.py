"""A picture of a law beside its target, in one call."""

from __future__ import annotations

from typing import Any

import torch
from matplotlib.figure import Figure

from pmmtheory.errors import InvalidParameter, positive
from pmmtheory.harness.figures import style
from pmmtheory.laws import LineLaw, PlanarLaw, PlaneLaw

_ACROSS = 241
"""Points of an axis of a picture."""

_SHOWN = 1e-4
"""Densities below this share of the largest are left out of the picture."""

_LEVELS = (1e-3, 1e-2, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)
"""Lines of equal density, as shares of the largest."""


def plot_law(law: Any, target: Any, width: float = style.PAGE) -> Figure:
    """The density p of a law, and by how much it differs from that of the target, q: p - q.

    On the line two curves, the target's dashed, above their difference; in the plane lines of equal density, the target's dashed, beside the difference in
    colour, blue where the law has less than its target and red where it has more.

    Parameters
    ----------
    law : LineLaw, PlanarLaw or PlaneLaw
        Of a chain on the line, in the plane, or in the phase plane.
    target : object with a density in the same dimension
        A target or another law. In the phase plane, one on the line: of the position, with velocities from N(0, 1).
    width : float
        In inches: 5.5 is the text of a NeurIPS page, 3.25 a column of two.

    Returns
    -------
    Figure
        `.savefig("name.pdf")` writes it.

    Raises
    ------
    InvalidParameter
        For a law or a target of another kind.

    Examples
    --------
    >>> from pmmtheory.dynamics import Overdamped
    >>> from pmmtheory.laws import stationary_law
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> from pmmtheory.targets import Cosine
    >>> target = Cosine()
    >>> figure = plot_law(stationary_law(EulerMaruyama(Overdamped(target), step_size=0.1)), target)
    >>> [panel.get_ylabel() for panel in figure.axes]
    ['Density', 'Law less target']
    """
    size = positive("width", width)
    dim = 1 if isinstance(law, LineLaw) else 2
    if not isinstance(law, LineLaw | PlanarLaw | PlaneLaw):
        raise InvalidParameter("law", type(law).__name__, "a law on the line, in the plane or in the phase plane")
    wanted = 1 if isinstance(law, PlaneLaw) and not isinstance(target, PlaneLaw) else dim
    if getattr(target, "dim", dim) != wanted or not callable(getattr(target, "density", None)):
        raise InvalidParameter("target", getattr(target, "name", type(target).__name__), f"a target or a law with a density in dimension {wanted}")
    with style.theme():
        return _on_line(law, target, size) if isinstance(law, LineLaw) else _in_plane(law, target, size)


def _on_line(law: LineLaw, target: Any, width: float) -> Figure:
    held = law.grid[law.values > _SHOWN * law.values.max()]
    x = torch.linspace(float(held[0]), float(held[-1]), 4 * _ACROSS, dtype=torch.float64, device=law.grid.device)
    p, q = law.density(x).cpu(), target.density(x.cpu()).cpu()
    figure, axes = style.panels(2, 1, 0.62 * width, width=width, sharex=True, height_ratios=(2, 1))
    above, below = axes[:, 0]
    above.plot(x.cpu(), p, color=style.INK, linewidth=1.0, label="law")
    above.plot(x.cpu(), q, color=style.FAINT, label="target", **style.DASHES)
    above.set(ylabel="Density", ylim=(0, None))
    above.legend(loc="upper right")
    below.axhline(0, color=style.LIGHT, linewidth=0.8, zorder=0)
    below.plot(x.cpu(), p - q, color=style.INK, linewidth=1.0)
    below.set(ylabel="Law less target", xlabel="x")
    figure.align_ylabels(axes[:, 0])
    return figure


def _in_plane(law: Any, target: Any, width: float) -> Figure:
    axes, p, q, names = _densities(law, target)
    columns = 2 if width >= style.PAGE else 1
    figure, panels = style.panels(3 - columns, columns, 0.47 * width if columns == 2 else 1.8 * width, width=width)
    left, right = panels.flat
    for density, options in ((p, {"colors": style.INK, "linewidths": 0.8}), (q, {"colors": style.FAINT, "linewidths": 0.7, "linestyles": "dashed"})):
        left.contour(*axes, density.T, levels=[share * float(q.max()) for share in _LEVELS], **options)
    difference = p - q
    largest = float(difference.abs().max()) or 1.0
    shown = right.pcolormesh(*axes, difference.T, cmap="RdBu_r", vmin=-largest, vmax=largest, shading="nearest", rasterized=True)
    figure.colorbar(shown, ax=right, shrink=0.9, pad=0.02)
    for panel, title in ((left, "Densities: law, and target dashed"), (right, "Law less target")):
        panel.set(title=title, xlabel=names[0], ylabel=names[1], aspect="equal" if _alike(axes) else "auto")
    return figure


def _densities(law: Any, target: Any) -> tuple[tuple[torch.Tensor, torch.Tensor], torch.Tensor, torch.Tensor, tuple[str, str]]:
    """Axes over what is to be seen of a law, both densities there, and the names of the coordinates."""
    if isinstance(law, PlanarLaw):
        names, marginals = ("$x_1$", "$x_2$"), [law.along([1.0, 0.0]), law.along([0.0, 1.0])]
    else:
        names, marginals = ("Position", "Velocity"), [law.position, law.velocity]
    ends = [marginal.grid[marginal.values > _SHOWN * marginal.values.max()] for marginal in marginals]
    first, second = (torch.linspace(float(held[0]), float(held[-1]), _ACROSS, dtype=torch.float64) for held in ends)
    x = torch.stack(torch.meshgrid(first, second, indexing="ij"), -1)
    if isinstance(law, PlanarLaw) or isinstance(target, PlaneLaw):
        q = target.density(x)
    else:
        q = target.density(x[..., 0]) * torch.exp(-(x[..., 1] ** 2) / 2) / (2 * torch.pi) ** 0.5
    return (first, second), law.density(x).cpu(), q.cpu(), names


def _alike(axes: tuple[torch.Tensor, torch.Tensor]) -> bool:
    """Whether both coordinates can have one scale."""
    first, second = (float(axis[-1] - axis[0]) for axis in axes)
    return max(first, second) < 2.5 * min(first, second)
