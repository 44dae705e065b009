"""kl, chi2, w2 and tv of Gaussians in closed form, near and far apart, ill-conditioned and turned, against eighty digits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from pmmtheory import divergences
from pmmtheory.errors import PmmError
from pmmtheory.harness.hunt import gaussians
from pmmtheory.harness.hunt.compared import Compared, compare
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.targets import Gaussian

_ORACLE = 1e-23
"""What eighty digits leave of a W2 that is 0, relative to the standard deviations: the root of their rounding, and room."""


def draw(draw: Draw) -> dict[str, Any]:
    dim = draw.whole(2, 1) if draw.chance(0.5) else draw.whole(2, 4)
    pair = []
    for _ in range(2):
        ratio = draw.one_of([1e-2, 1e-8, 1e-5, 1e-11])
        pair.append({"mean": [draw.place(3.0) for _ in range(dim)], "variances": [draw.log(1.0, ratio) for _ in range(dim)]})
    if draw.chance(0.4):
        pair[1]["mean"] = pair[0]["mean"]
    if draw.chance(0.15):
        pair[1] = pair[0]
    angles = [draw.real(0.3, 3.0) for _ in range(dim - 1)] if draw.chance(0.7) else []
    return {"pair": pair, "angles": angles, "scale": 2.0 ** draw.one_of([0, 10, -10]), "own": draw.chance(0.3)}


def check(pair: list[dict[str, list[float]]], angles: list[float], scale: float, own: bool) -> Iterator[Compared]:
    raw = parameters(pair, angles, scale, own)
    flat = len(pair[0]["mean"]) == 1
    made = [Gaussian(float(m[0]), float(c[0, 0])) if flat else Gaussian(m, c) for m, c in raw]
    exact = [(float(m[0]), float(c[0, 0])) for m, c in raw] if flat else raw
    size = math.sqrt(sum(float(np.trace(np.atleast_2d(c))) for _, c in exact))
    refusal = None
    for name in ("w2", "kl", "chi2", *(["tv"] if flat else [])):
        truth = getattr(gaussians, name)(*exact)
        try:
            found = getattr(divergences, name)(*made)
        except PmmError as error:
            refusal = refusal if math.isinf(truth) else error
            continue
        yield compare(name, found, truth, _ORACLE * size if name == "w2" else 1e-30)
    if refusal is not None:
        raise refusal


def parameters(pair: list[dict[str, list[float]]], angles: list[float], scale: float, own: bool) -> list[tuple[Any, Any]]:
    """Means and covariances, (d,) and (d, d) arrays, of the drawn Gaussians."""
    turn = _rotation(angles, len(pair[0]["mean"]))
    raw = []
    for k, part in enumerate(pair):
        axes = np.linalg.matrix_power(turn, 1 + k) if own else turn
        matrix = (axes * np.array(part["variances"])) @ axes.T * scale**2 if angles else np.diag(part["variances"]) * scale**2
        raw.append((np.array(part["mean"]) * scale, (matrix + matrix.T) / 2))
    return raw


def _rotation(angles: list[float], dim: int) -> Any:
    axes = np.eye(dim)
    for i, angle in enumerate(angles):
        c, s = math.cos(angle), math.sin(angle)
        axes[:, i : i + 2] = axes[:, i : i + 2] @ np.array([[c, -s], [s, c]])
    return axes
