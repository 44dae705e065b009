"""Every draw of a step at once: the nodes and weights of a rule over all of them, exact for polynomials in normals."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from scipy.special import roots_hermitenorm
from torch import Tensor

from pmmtheory.schemes import Scheme
from pmmtheory.theory.jets.series import NoSeries

_NORMALS = 5
"""Nodes of the lowest rule for a normal: exact to degree 9."""

_MOST = 200_000

_MANY = 2_000
"""Nodes beyond which normals in the phase plane have fewer in the direction that moves the velocity little."""

_TURN = np.array([[math.sqrt(3) / 2, 0.5], [-0.5, math.sqrt(3) / 2]])
"""Normals whose first alone is what the noise of a short time does to the velocity: its position is correlated with it by sqrt(3)/2."""


def nodes(scheme: Scheme, level: int) -> tuple[dict[str, Any], Tensor]:
    """Values of the draws of a scheme on the line, as `step` takes them for states of shape (q,), or (q, 2) in the phase plane, and their weights (q,).

    Of normals in layers, next to sets of times, only those of times that count take part: the others are zero.
    """
    blocks = scheme.dynamics.blocks
    layered = [name for name, draw in scheme.draws.items() if draw.layered]
    if len(layered) > 1:
        raise NoSeries("it draws more than one set of times")
    normals = [name for name, draw in scheme.draws.items() if draw.normal]
    plain = {name: scheme.draws[name].rule(level) for name in scheme.draws if name not in (*layered, *normals)}
    if any(isinstance(values, tuple) for values, _ in plain.values()):
        raise NoSeries("it has draws of more than one number")
    parts = list(_parts(scheme, layered, normals, plain, level))
    draws: dict[str, Any] = {}
    for name in scheme.draws:
        pieces = [part[name] for part, _ in parts]
        if name in normals:
            draws[name] = torch.as_tensor(np.concatenate(pieces, -2))[..., 0 if blocks == 1 else slice(None)]
        else:
            draws[name] = scheme.draws[name].mapped(_joined(pieces, name in layered), lambda part: part if blocks == 1 else part[..., None])
    return draws, torch.as_tensor(np.concatenate([weights for _, weights in parts]))


def require_told(scheme: Scheme) -> None:
    """Raise InvalidParameter where a step, on a target with a density, jumps about with an index of which the rules take some values."""
    from pmmtheory.laws.step.draw_rules import require_smooth

    for name in scheme.draws:
        require_smooth(scheme, name)


def _parts(scheme: Scheme, layered: list[str], normals: list[str], plain: dict[str, Any], level: int) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
    """Values and weights for sets of times with one number of times that count after another."""
    blocks = scheme.dynamics.blocks
    if not layered:
        own = math.prod([len(weights) for _, weights in plain.values()])
        rule = _normal(blocks, level, own * _NORMALS ** (blocks * len(normals)) > _MANY)
        yield _grid({name: (np.asarray(values), weights) for name, (values, weights) in plain.items()}, {name: 1 for name in normals}, [], rule)
        return
    (times, marks), weights = scheme.draws[layered[0]].rule(level)
    rule = _normal(blocks, level, len(weights) * _NORMALS ** (blocks * len(times)) > _MANY)
    for pattern in sorted({tuple(column) for column in marks.T}):
        chosen = np.flatnonzero((np.array(pattern) == marks.T).all(1))
        counted = [k for k, mark in enumerate(pattern) if mark]
        rules = {name: (np.asarray(values), w) for name, (values, w) in plain.items()}
        found, mass = _grid(rules | {"": (chosen, weights[chosen])}, {name: len(counted) for name in normals}, normals, rule)
        places = found.pop("")
        for name in normals:
            layers = np.zeros((len(pattern), len(mass), blocks))
            layers[counted] = found[name]
            found[name] = layers
        yield found | {layered[0]: (times[:, places], marks[:, places])}, mass


def _normal(blocks: int, level: int, few: bool) -> tuple[np.ndarray, np.ndarray]:
    """Nodes (c, blocks) and weights (c,) of a rule for the normals of one name and time."""
    (z, w), (y, v) = (roots_hermitenorm(count + level // 2) for count in (_NORMALS, 2 if few else _NORMALS))
    if blocks == 1:
        return z[:, None], w / w.sum()
    pairs = np.stack(np.meshgrid(z, y, indexing="ij"), -1).reshape(-1, 2)
    return pairs @ _TURN, np.outer(w / w.sum(), v / v.sum()).ravel()


def _grid(
    rules: dict[str, tuple[np.ndarray, np.ndarray]], normals: dict[str, int], layers: list[str], normal: tuple[np.ndarray, np.ndarray]
) -> tuple[dict[str, Any], np.ndarray]:
    """The product of rules and of as many normals each as there are layers."""
    axes = [*rules.values(), *(normal for name in normals for _ in range(normals[name]))]
    sizes = [len(weights) for _, weights in axes]
    if math.prod(sizes) > _MOST:
        raise NoSeries("it has too many draws")
    places = np.indices(sizes).reshape(len(sizes), math.prod(sizes))
    mass = np.ones(places.shape[1])
    for (_, weights), at in zip(axes, places, strict=True):
        mass = mass * weights[at]
    columns = [values[at] for (values, _), at in zip(axes, places, strict=True)]
    found: dict[str, Any] = dict(zip(rules, columns, strict=False))
    start = len(rules)
    for name, count in normals.items():
        own = np.array(columns[start : start + count]).reshape(count, places.shape[1], normal[0].shape[1])
        found[name], start = own if name in layers else own[0], start + count
    return found, mass


def _joined(pieces: list[Any], layered: bool) -> Any:
    """The values of every part, one after another."""
    if layered:
        return tuple(_joined(list(piece), False) for piece in zip(*pieces, strict=True))
    return torch.as_tensor(np.concatenate(pieces, -1))
