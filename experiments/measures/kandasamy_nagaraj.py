"""KL of PMM from the chain that it imitates after some steps, against the bounds of Kandasamy & Nagaraj, Theorems 2 and 3."""

from __future__ import annotations

import torch

from pmmtheory.divergences import kl
from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import build_scheme, build_target
from pmmtheory.laws import transient_law
from pmmtheory.numerics.rules import gauss_hermite
from pmmtheory.targets import Gaussian
from pmmtheory.targets.line import LineTarget
from pmmtheory.theory.bounds import kandasamy_nagaraj, kandasamy_nagaraj_underdamped

_NODES = 64
"""For the mean energy of a Gaussian start."""


def measure(
    device: str, target: str, step_size: float, substeps: int, steps: int, dim: int = 1, shift: float = 0.0, spread: float = 1.0, friction: float | None = None
) -> dict[str, Estimate]:
    """kl after `steps` steps from a Gaussian with the target's mean moved by `shift` (dim 1) and variance spread/L; underdamped that of positions,
    velocities from N(0, 1). `bound` with every unknown constant 1, and `ratio`, kl/bound.

    For controls: `steeper` is kl over a bound with two more powers of step L (step sqrt(L)), and `flatter` over one without d, K and T in its second term.
    """
    goal = build_target(target, dim)
    smooth = float(goal.smoothness)
    start = Gaussian(goal.mean + shift if dim == 1 else goal.mean, spread / smooth, dim=dim)
    coarse = build_scheme("PoissonMidpoint", target, step_size, substeps, "bernoulli", friction, dim)
    fine = build_scheme("EulerMaruyama", target, step_size / substeps, friction=friction, dim=dim)
    engine = "gaussian" if isinstance(goal, Gaussian) and not shift else None
    laws = [transient_law(chain, start, n, device=device, engine=engine) for chain, n in ((coarse, steps), (fine, steps * substeps))]
    found = kl(*laws) if friction is None else kl(*(law.position for law in laws))
    given = (step_size, substeps, steps, dim, smooth)
    if friction is None:
        bound = kandasamy_nagaraj(*given, _energy(goal, start, dim, 0.0))
        first = kandasamy_nagaraj(step_size, 1, 1, 1, smooth, _energy(goal, start, dim, 0.0))
    else:
        energy, speed = _energy(goal, start, dim, friction**-2), float(dim)
        bound = kandasamy_nagaraj_underdamped(*given, friction, energy, speed)
        first = kandasamy_nagaraj_underdamped(step_size, 1, 1, 1, smooth, friction, energy, speed)
    ratio = found / bound
    return {
        "kl": found,
        "bound": Estimate(bound, 1e-9 * bound, "bound with constant 1"),
        "ratio": ratio,
        "steeper": ratio / (step_size * smooth if friction is None else step_size * smooth**0.5) ** 2,
        "flatter": found / first,
    }


def _energy(goal: LineTarget, start: Gaussian, dim: int, more: float) -> float:
    """E F - min F under the start with so much more variance: of a Gaussian in closed form, on the line by Gauss-Hermite and on a grid."""
    variance = float(start.variances[0]) + more
    if isinstance(goal, Gaussian):
        moved = float(torch.as_tensor(start.mean).flatten()[0] - torch.as_tensor(goal.mean).flatten()[0])
        return float(goal.smoothness) * dim * (variance + moved**2) / 2
    points, weights = (torch.as_tensor(part) for part in gauss_hermite(_NODES))
    mean, width = float(torch.as_tensor(start.mean)), variance**0.5
    grid = torch.linspace(goal.mean - 12 * goal.covariance**0.5, goal.mean + 12 * goal.covariance**0.5, 20001, dtype=torch.float64)
    return float((goal.potential(mean + width * points) * weights).sum() - goal.potential(grid).min())
