"""Mass in the plane that the map between a law and a reference does not see, as it lies apart from the rest, and what it costs to move it."""

from __future__ import annotations

import torch
from torch import Tensor

from pmmtheory.divergences.plane_map import PlaneMap
from pmmtheory.divergences.plane_sides import PlaneSide, points
from pmmtheory.laws import PlanarLaw
from pmmtheory.laws.line.unseen import Unseen

_POINTS = 401
"""To a side, at which modes of a reference are looked for."""

_LACKING = 1e-9
"""The mass of a reference that a grid on which it ends may lack: its tails."""

_FARTHER = 0.25
"""Of the box of a reference, to each side."""


def cost(law: PlanarLaw, other: PlaneSide, about: PlaneMap) -> float:
    """A bound on the mean square distance that mass of either goes which lies apart, where the map tells nothing: its second moment about the law, and as
    much of the law's own, twice."""
    spread = float(law.covariance.trace())
    parts = _of_law(law, about), _of_start(law, law.unseen), _of_start(law, other.unseen), _of_reference(law, other, about)
    return sum(2 * (second + mass * spread) for mass, second in parts)


def _of_law(law: PlanarLaw, about: PlaneMap) -> tuple[float, float]:
    """Mass and second moment of what is told from none and too little for the map, where it has modes."""
    faint = ~about.seen & (about.p > 3 * about.floor)
    if not bool((faint & _largest(about.p)).any()):
        return 0.0, 0.0
    p = torch.where(faint, about.p, 0.0) * about.cell
    return float(p.sum()), float((p * (points(about.axes) - law.mean).square().sum(-1)).sum())


def _of_start(law: PlanarLaw, unseen: Unseen | None) -> tuple[float, float]:
    """The same of what a chain may have started with below the digits of its law."""
    if unseen is None or not unseen.apart:
        return 0.0, 0.0
    mass = torch.exp(unseen.log_density) * unseen.cell
    return float(mass.sum()), float((mass * (unseen.points - law.mean.cpu()).square().sum(-1)).sum())


def _of_reference(law: PlanarLaw, other: PlaneSide, about: PlaneMap) -> tuple[float, float]:
    """The same of what the reference has beyond the grid of the map: mass that is lacking there, or modes farther out."""
    mass = max(0.0, 1 - float(about.weight.sum()) * about.cell)
    if mass <= _LACKING + 2 * other.off and not _modes_beyond(other, about):
        return 0.0, 0.0
    places = about.carried(points(about.axes))
    middle, goal = law.mean, other.goal
    whole = float(torch.as_tensor(goal.covariance).trace() + (torch.as_tensor(goal.mean).to(middle) - middle).square().sum())
    return mass, max(0.0, whole - float((about.weight * (places - middle).square().sum(-1)).sum()) * about.cell)


def _modes_beyond(other: PlaneSide, about: PlaneMap) -> bool:
    corners = about.carried(points((about.axes[0][[0, -1]], about.axes[1][[0, -1]]))).reshape(-1, 2)
    box, low, high = other.box.to(corners), corners.amin(0), corners.amax(0)
    more = _FARTHER * (box[:, 1] - box[:, 0])
    ends = torch.stack([box[:, 0] - more, box[:, 1] + more], 1).tolist()
    first, second = (torch.linspace(low, high, _POINTS, dtype=torch.float64, device=box.device) for low, high in ends)
    density, places = other.on((first, second)), points((first, second))
    beyond = ((places < low) | (places > high)).any(-1)
    least = 0.0 if other.everywhere else 1e-13 * float(density.max())
    return bool((beyond & (density > least) & _largest(density)).any())


def _largest(density: Tensor) -> Tensor:
    """Where values on a grid are the largest around."""
    found: Tensor = density >= torch.nn.functional.max_pool2d(density[None], 3, 1, 1)[0]
    return found
