"""The law of a step as a finite mixture of Gaussians, on states of any number of blocks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pmmtheory.laws.step.cubature import cubature
from pmmtheory.laws.step.draw_rules import draw_rules
from pmmtheory.schemes import Draw, Scheme
from pmmtheory.schemes.draw import Rule
from pmmtheory.testing.subject import SEED, Skipped, images

_MOST = 50_000
"""Nodes of a product rule at level 0; twice as many at each further level."""

_FEWEST = 5
"""Nodes a normal component needs."""

_SETS = 512
"""Sets of midpoints in a sample of them."""


@dataclass(frozen=True)
class Nodes:
    """Values of the draws of a step, so that E f(draws) is the mean over the groups g of sum_r weights[r] f(draws[g, r]).

    Attributes
    ----------
    draws : mapping
        Of tensors of shape (g r, *state_shape) or (g r, 1, ...); midpoints, and normals next to them, have a first axis of layers.
    weights : (r,) tensor
    groups : int
        One, or the number of sampled sets of midpoints.
    """

    draws: dict[str, Any]
    weights: Tensor
    groups: int = 1

    def conditional(self, values: Tensor) -> Tensor:
        """The means in every group, (g, n, ...), of values at all nodes, (n, g r, ...)."""
        split = values.reshape(values.shape[0], self.groups, len(self.weights), *values.shape[2:])
        means: Tensor = torch.tensordot(split, self.weights.to(split), dims=([2], [0]))
        return means.movedim(1, 0)

    def mean(self, conditional: Tensor) -> tuple[Tensor, Tensor]:
        """The mean over the groups, and its standard error: zero where no set is sampled."""
        value = conditional.mean(0)
        return value, conditional.std(0) / self.groups**0.5 if self.groups > 1 else torch.zeros_like(value.real)


def nodes(scheme: Scheme, level: int) -> Nodes:
    """A product rule over every number drawn in a step: Gauss-Hermite for normals, the draw's own rule for others.

    Next to midpoints, normals have the rule of degree 3 at the points +-sqrt(m) e_i of R^m, m their number: its error in a
    step of size a is that of the fourth order in noise of size sqrt(a), and none where the step is linear in the noise.

    Raises
    ------
    Skipped
        Where too many numbers are drawn.
    """
    if any(draw.layered for draw in scheme.draws.values()):
        return _around_midpoints(scheme)
    rule = _normal_rule(scheme, level)
    at = cubature(scheme, level, normal=lambda name, component: rule)
    return Nodes({name: value.squeeze(0) for name, value in at.draws.items()}, at.weights)


def mixture(scheme: Scheme, x: Tensor, at: Nodes) -> tuple[Tensor, Tensor]:
    """Means (n, q, s) and covariances (n, q, s, s) of a step from n states of s numbers each, at the q nodes."""
    shape, n, q = scheme.dynamics.state_shape, len(x), at.groups * len(at.weights)
    axes = len(shape)

    def repeated(value: Tensor) -> Tensor:
        times = [1] * value.ndim
        times[-1 - axes] = n
        return value.repeat(times)

    draws = {name: scheme.draws[name].mapped(value, repeated) for name, value in at.draws.items()}
    starts = x.repeat_interleave(q, 0)
    mean, factor = scheme.step(starts, 0.0, draws)
    spread = images(factor, starts, axes).reshape(n, q, math.prod(shape), -1)
    return mean.expand(starts.shape).reshape(n, q, -1), spread @ spread.mT


def _normal_rule(scheme: Scheme, level: int) -> Rule:
    """The rule for each component of a normal draw: as fine as the number of nodes of the product allows."""
    numbers = {name: 1 if draw.shared else math.prod(scheme.dynamics.state_shape) for name, draw in scheme.draws.items()}
    own = draw_rules(scheme, level, normals=False)
    normals = sum(count for name, count in numbers.items() if name not in own)
    others = math.prod(len(weights) ** numbers[name] for name, (_, weights) in own.items())
    fine = min(20 + 4 * level, int((_MOST * 2**level / others) ** (1 / max(1, normals))))
    if others > _MOST * 2**level or (normals and fine < _FEWEST):
        raise Skipped(f"a step of {sum(numbers.values())} draws has too many nodes to integrate over")
    z, w = np.polynomial.hermite_e.hermegauss(max(1, fine))
    return z, w / w.sum()


def _around_midpoints(scheme: Scheme) -> Nodes:
    shape = scheme.dynamics.state_shape
    normals = [name for name, draw in scheme.draws.items() if draw.normal]
    named = [(name, draw) for name, draw in scheme.draws.items() if name not in normals]
    (name, midpoints), *others = named
    if others or not midpoints.layered:
        raise Skipped("no rule is known for draws other than normals next to midpoints")
    times, marks, weights, groups = _sets(midpoints)
    layers, g = times.shape
    m = len(normals) * layers * math.prod(shape)
    cross = math.sqrt(m) * torch.cat([torch.eye(m, dtype=torch.float64), -torch.eye(m, dtype=torch.float64)])
    z = cross.reshape(2 * m, len(normals), layers, *shape).repeat(g, *[1] * (2 + len(shape))).movedim(0, 2)
    draws: dict[str, Any] = {name: tuple(part.repeat_interleave(2 * m, 1).reshape(layers, -1, *[1] * len(shape)) for part in (times, marks))}
    draws.update(zip(normals, z, strict=True))
    return Nodes(draws, weights.repeat_interleave(2 * m) / (2 * m), groups)


def _sets(midpoints: Draw) -> tuple[Tensor, Tensor, Tensor, int]:
    """Times (layers, g), which of them are midpoints, and the weights of these sets where they are no sample; else groups of one set each."""
    if not midpoints.several:
        values, weights = midpoints.rule(1)
        times, marks = (torch.as_tensor(part) for part in values)
        return times, marks, torch.as_tensor(weights), 1
    times, marks = midpoints.sample((_SETS,), torch.Generator().manual_seed(SEED), torch.float64)
    return times, marks, torch.ones(1, dtype=torch.float64), _SETS
