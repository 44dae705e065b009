"""The bias of one step from the target, from `step` on numbers alone: E_pi (E f(X') - f) by Gauss rules over the draws and the trapezoid rule over the line.

Where the stationary law is pi (1 + h^p phi + ...) it is -h^(p+1) E_pi (phi L f) + ..., with L f = f'' + b f'.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import torch
from numpy.polynomial.hermite_e import hermegauss
from torch import Tensor

from pmmtheory.schemes import Normal, Scheme
from pmmtheory.targets.line import LineTarget

_NORMALS = 14
Function = Callable[[Tensor], Tensor]


def line(target: LineTarget) -> tuple[Tensor, Tensor]:
    """Points of the line, and the mass of the target at each."""
    x = torch.linspace(target.quadrature.low, target.quadrature.high, 801, dtype=torch.float64)
    mass = target.density(x)
    return x, mass / mass.sum()


def bias(scheme: Scheme, f: Function) -> float:
    """For a scheme whose draws are normals and times with a rule."""
    target: Any = scheme.dynamics.target
    x, mass = line(target)
    z, w = (torch.as_tensor(part) for part in hermegauss(_NORMALS))
    w = w / w.sum()
    rules = [(z, w) if isinstance(draw, Normal) else tuple(torch.as_tensor(part) for part in draw.rule(1)) for draw in scheme.draws.values()]
    total = torch.zeros_like(x)
    for places in product(*(range(len(weights)) for _, weights in rules)):
        draws = {name: values[at].reshape(1) for name, (values, _), at in zip(scheme.draws, rules, places, strict=True)}
        share = float(np.prod([float(weights[at]) for (_, weights), at in zip(rules, places, strict=True)]))
        mean, factor = scheme.step(x, 0.0, draws)
        ends = mean[:, None] + torch.as_tensor(factor, dtype=torch.float64).detach().reshape(-1, 1) * z
        total += share * (f(ends.detach()) @ w)
    return float(((total - f(x)) * mass).sum())


def limit(make: Callable[[float], Scheme], f: Function, order: int, first: float = 0.04) -> tuple[float, float]:
    """bias/h^(order + 1) as h falls to zero, by Richardson's extrapolation, and how far two of its values are apart."""
    row = [bias(make(first / 2**i), f) / (first / 2**i) ** (order + 1) for i in range(4)]
    ends = []
    while len(row) > 1:
        level = 4 - len(row) + 1
        row = [(2**level * b - a) / (2**level - 1) for a, b in zip(row, row[1:], strict=False)]
        ends.append(row[-1])
    return ends[-1], abs(ends[-1] - ends[-2])


def predicted(phi: Function, target: LineTarget, slope: Function, bend: Function) -> float:
    """-E_pi (phi L f) for f with this derivative and second derivative."""
    x, mass = line(target)
    return -float((phi(x) * (bend(x) + target.drift(x) * slope(x)) * mass).sum())
