"""What one step adds to means over the target and over points, by particles, with the noise of their normals taken out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pmmtheory.particles.simulate import stream
from pmmtheory.schemes import Scheme
from pmmtheory.schemes.drawn import drawn

Function = Callable[[Tensor], Tensor]

FUNCTIONS: dict[str, tuple[Function, Function, Function]] = {
    "x": (lambda x: x, torch.ones_like, torch.zeros_like),
    "x^2": (lambda x: x**2, lambda x: 2 * x, lambda x: 2 + 0 * x),
    "cos x": (torch.cos, lambda x: -torch.sin(x), lambda x: -torch.cos(x)),
    "cos 2x": (lambda x: torch.cos(2 * x), lambda x: -2 * torch.sin(2 * x), lambda x: -4 * torch.cos(2 * x)),
    "sin(x + 1)": (lambda x: torch.sin(x + 1), lambda x: torch.cos(x + 1), lambda x: -torch.sin(x + 1)),
}
"""f, f' and f'', of a position on the line."""

_PARTICLES = 131_072
_CHUNKS = 4


def bias_rates(scheme: Scheme, seed: int) -> dict[str, tuple[float, float]]:
    """(E f(X') - E f(X))/a for X from the target on the line, with its standard error, for each f of FUNCTIONS.

    The generator has mean zero under the target, E (b f' + f'') = 0, which takes the noise of the start out.
    """
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in FUNCTIONS}
    for chunk in range(_CHUNKS):
        x = scheme.dynamics.target.sample(_PARTICLES, seed + chunk)
        after, normals = after_step(scheme, x, stream(seed, chunk, "cpu"))
        for name, (f, first, second) in FUNCTIONS.items():
            slope, bend = first(x), second(x)
            generator = scheme.dynamics.drift(x) * slope + bend
            weights = [torch.ones_like(x), *(weight for weight in (slope, bend) if bool(weight.std() > 0))]
            found[name].append(reduced((f(after) - f(x)) / scheme.step_size, [generator, *powers_of(normals, weights)]))
    pairs = {name: np.array(values).T for name, values in found.items()}
    return {name: (float(means.mean()), float(np.sqrt((errors**2).mean() / _CHUNKS))) for name, (means, errors) in pairs.items()}


def after_step(scheme: Scheme, x: Tensor, generator: torch.Generator) -> tuple[Tensor, list[Tensor]]:
    """A step from every state of x, and the normals that it was made with: the last one, and those among the draws that have one a coordinate."""
    draws: dict[str, Any] = drawn(scheme, x, generator)
    last = torch.randn(x.shape, generator=generator, dtype=x.dtype)
    mean, factor = scheme.step(x, 0.0, draws)
    return mean + factor * last, [last] + [value for name, value in draws.items() if scheme.draws[name].normal]


def reduced(values: Tensor, controls: list[Tensor]) -> tuple[float, float]:
    """The mean of values (n,) by regression on controls (n,), whose means are zero, and its standard error."""
    design = torch.stack([torch.ones_like(values), *(row for row in controls if bool(row.max() > row.min()))])
    solved = torch.linalg.lstsq(design @ design.T, (design @ values)[:, None], driver="gelsd").solution[:, 0]
    rest = values - solved @ design
    return float(solved[0]), float(rest.std()) / math.sqrt(len(values))


def powers_of(normals: list[Tensor], weights: list[Tensor]) -> list[Tensor]:
    """z and z^2 - 1 of all normals and the products of two of them, times each weight: controls of mean zero given the weights."""
    terms = [part for z in normals for part in (z, z**2 - 1)]
    terms += [normals[i] * normals[j] for i in range(len(normals)) for j in range(i)]
    return [weight * term for term in terms for weight in weights]
