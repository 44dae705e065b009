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


def nodes(scheme: Scheme, level: int) -> tuple[dict[str, Any], Tensor]:
    """Values of the draws of a scheme on the line, as `step` takes them for states of shape (q,), and their weights (q,).

    Of normals in layers, next to sets of times, only those of times that count take part: the others are zero.
    """
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
        draws[name] = tuple(_joined(piece) for piece in zip(*pieces, strict=True)) if name in layered else _joined(pieces)
    return draws, torch.as_tensor(np.concatenate([weights for _, weights in parts]))


def _parts(scheme: Scheme, layered: list[str], normals: list[str], plain: dict[str, Any], level: int) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
    """Values and weights for sets of times with one number of times that count after another."""
    if not layered:
        yield _grid({name: (np.asarray(values), weights) for name, (values, weights) in plain.items()}, {name: 1 for name in normals}, [], level)
        return
    (times, marks), weights = scheme.draws[layered[0]].rule(level)
    for pattern in sorted({tuple(column) for column in marks.T}):
        chosen = np.flatnonzero((np.array(pattern) == marks.T).all(1))
        counted = [k for k, mark in enumerate(pattern) if mark]
        rules = {name: (np.asarray(values), w) for name, (values, w) in plain.items()}
        found, mass = _grid(rules | {"": (chosen, weights[chosen])}, {name: len(counted) for name in normals}, normals, level)
        places = found.pop("")
        for name in normals:
            layers = np.zeros((len(pattern), len(mass)))
            layers[counted] = found[name]
            found[name] = layers
        yield found | {layered[0]: (times[:, places], marks[:, places])}, mass


def _grid(rules: dict[str, tuple[np.ndarray, np.ndarray]], normals: dict[str, int], layers: list[str], level: int) -> tuple[dict[str, Any], np.ndarray]:
    """The product of rules and of as many normals each as there are layers."""
    z, w = roots_hermitenorm(_NORMALS + level // 2)
    axes = [*rules.values(), *((z, w / w.sum()) for name in normals for _ in range(normals[name]))]
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
        own = np.array(columns[start : start + count]).reshape(count, places.shape[1])
        found[name], start = own if name in layers else own[0], start + count
    return found, mass


def _joined(pieces: Any) -> Tensor:
    return torch.as_tensor(np.concatenate(list(pieces), -1))
