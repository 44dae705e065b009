"""Laws of deterministic samplers by a plain change of variables: each point of the start carries its own mass."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from scipy.stats import norm

from pmmtheory.laws import LineLaw
from pmmtheory.schemes import Scheme
from pmmtheory.targets import GaussianMixture


def moved_by(scheme: Scheme, steps: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """The map of the line of so many steps without noise."""

    def move(x: torch.Tensor) -> torch.Tensor:
        state = scheme.dynamics.lift(x, torch.Generator())
        for k in range(steps):
            state = scheme.step(state, k * scheme.step_size, {})[0]
        return scheme.dynamics.position(state)

    return move


def pushed_distance(law: LineLaw, start: GaussianMixture, move: Callable[[torch.Tensor], torch.Tensor], points: int = 6_001) -> tuple[float, float]:
    """The total variation distance of a law to that of move(X), by the midpoint rule in x; and the error of that rule, seen in the mass.

    int |law(y) - p(x)/move'(x)| dy = int |law(move(x)) move'(x) - p(x)| dx. No point is inverted.
    """
    means, deviations = start.means[:, 0].numpy(), np.sqrt(start.variances.numpy())
    edges = np.unique(np.concatenate([m + s * np.linspace(-9, 9, points) for m, s in zip(means, deviations, strict=True)]))
    x, widths = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    density = (start.weights.numpy() * norm.pdf(x[:, None], means, deviations)).sum(-1)
    at = torch.tensor(x, requires_grad=True)
    y = move(at)
    (slope,) = torch.autograd.grad(y.sum(), at)
    carried = law.density(y.detach()).numpy() * slope.numpy()
    seen = float((carried * widths).sum())
    return float((np.abs(carried - density) * widths).sum()) / 2 + abs(1 - seen) / 2, abs(float((density * widths).sum()) - 1)
