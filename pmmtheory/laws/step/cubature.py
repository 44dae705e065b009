"""Nodes and weights for all draws of a step together: the product of a rule for each number drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pmmtheory.errors import room_for
from pmmtheory.laws.step.draw_rules import draw_rules
from pmmtheory.schemes import Draw, Scheme
from pmmtheory.schemes.draw import Rule

NormalRule = Callable[[str, int], Rule]
"""The rule for one component of a normal draw: of its name, and the number of the component."""

STILL: Rule = np.zeros(1), np.ones(1)
"""A normal at zero."""


@dataclass(frozen=True)
class Cubature:
    """E f(draws) = sum_q weights[q] f(draws at q).

    Attributes
    ----------
    draws : dict
        What `step` is handed: tensors (1, q, *state_shape) or, where one value serves all coordinates, (1, q, 1, ...), which broadcast against
        starts of shape (n, 1, *state_shape); of layered draws, and normals next to them, with a first axis of layers.
    weights : (q,) tensor
    layers : int
        The length of the axis of layers; 0 where there is none.
    """

    draws: dict[str, Any]
    weights: Tensor
    layers: int

    def __len__(self) -> int:
        return len(self.weights)


def enumerable(scheme: Scheme) -> bool:
    """Whether a rule for the draws of a step serves any step: not where any number of midpoints may be drawn."""
    return not any(draw.several for draw in scheme.draws.values())


def cubature(
    scheme: Scheme, level: int, device: torch.device | str = "cpu", finer: int = 0, normal: NormalRule | None = None, normals: bool = True, t: float = 0.0
) -> Cubature:
    """The product of the rules of all draws of the step at time t, the first of them outermost.

    Parameters
    ----------
    scheme : Scheme
    level : int
        The resolution of the rules; those of normal draws are finer by `finer` levels more.
    normal : function of (name, component), optional
        The rule of each component of a normal draw, in place of its own: `STILL` where an engine takes it in closed form.
    normals : bool
        False leaves the normal draws out.

    Raises
    ------
    InvalidParameter
        For a step on the line that jumps in a uniform draw at a place that depends on the state or on another draw.
    """
    shape, own = scheme.dynamics.state_shape, draw_rules(scheme, level, finer, normals and normal is None, t)
    layers = max((rule[0][0].shape[0] for name, rule in own.items() if scheme.draws[name].layered), default=0)
    parts = {name: _components(name, draw, shape, layers, own, normal) for name, draw in scheme.draws.items() if normals or not draw.normal}
    rules = [rule for part in parts.values() for rule in part]
    room_for("the rule for the draws of a step", math.prod(float(len(shares)) for _, shares in rules) * (len(rules) + 1))
    weights = np.ones(1)
    for _, shares in rules:
        weights = np.multiply.outer(weights, shares).reshape(-1)
    index = _indices([len(shares) for _, shares in rules])
    draws = {}
    for name, part in parts.items():
        draw = scheme.draws[name]
        draws[name] = _value(draw, [_at(draw, values, next(index)) for values, _ in part], shape, layers, device)
    return Cubature(draws, torch.as_tensor(weights, device=device), layers)


def _indices(counts: list[int]) -> Iterator[np.ndarray]:
    """For each rule, which of its nodes is taken at every node of the product, the first rule outermost."""
    total = inner = math.prod(counts)
    for count in counts:
        inner //= count
        yield np.arange(total) // inner % count


def _components(name: str, draw: Draw, shape: tuple[int, ...], layers: int, own: dict[str, Rule], normal: NormalRule | None) -> list[Rule]:
    """The rules of the numbers drawn."""
    numbers = 1 if draw.shared else math.prod(shape)
    if not draw.normal:
        return [own[name]] * numbers
    return [own[name] if normal is None else normal(name, k) for k in range(numbers * max(1, layers))]


def _at(draw: Draw, values: Any, index: np.ndarray) -> Any:
    return draw.mapped(values, lambda part: part[..., index])


def _value(draw: Draw, nodes: list[Any], shape: tuple[int, ...], layers: int, device: torch.device | str) -> Any:
    """The values of all components at every node, in the shape in which a step takes them."""
    own = (1,) * len(shape) if draw.shared else shape
    if draw.layered:
        return draw.mapped(nodes[0], lambda part: torch.as_tensor(part, device=device).reshape(layers, 1, -1, *own))
    table = torch.as_tensor(np.stack(nodes, -1), device=device)
    if draw.normal and layers:
        return table.reshape(1, -1, layers, *own).movedim(2, 0)
    return table.reshape(1, -1, *own)
