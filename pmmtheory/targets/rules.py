"""Two rules on panels of the line that share no node: Gauss-Legendre, and Gauss-Lobatto, which sees a kink however near it is to an edge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pmmtheory.numerics.rules import gauss_legendre, gauss_lobatto

Function = Callable[[Tensor], Tensor]

NODES, OTHER = 24, 18
_EPS = 2.0**-52


@dataclass
class Panels:
    """Panels [left, right] with exp(minimum - F) times the weights of both rules.

    Attributes
    ----------
    left, right : (n,) arrays
    x : (n, 42) tensor
        The nodes of both rules, those of the Gauss rule first.
    weight : (n, 42) tensor
        exp(minimum - F) times the weights of the rules, corrected for the rounding of the nodes.
    mass, gap : (n,) arrays
        The integral by the Gauss rule, and how far the other one is from it.
    resolved : (n,) booleans
        Whether the two rules agree about F itself.
    rounding : (n,) array
        The relative rounding of the mass: of F, and of the nodes beyond what is corrected.
    """

    left: np.ndarray
    right: np.ndarray
    x: Tensor
    weight: Tensor
    mass: np.ndarray
    gap: np.ndarray
    resolved: np.ndarray
    rounding: np.ndarray

    @classmethod
    def of(cls, potential: Function, minimum: float, left: np.ndarray, right: np.ndarray, noise: float = 0.0) -> Panels:
        nodes, weights = _both()
        width = torch.as_tensor(right - left)[:, None]
        start = torch.as_tensor(left)[:, None]
        x = start + width * nodes
        f = potential(x).detach()
        weight = torch.exp(minimum - f) * weights * width
        if _EPS * max(abs(left[0]), abs(right[-1])) > 1e-14 * float(width.min()):
            weight = weight * _at_the_exact_nodes(f, (x - start) - width * nodes, width)
        sums = (weight[:, :NODES].sum(1).numpy(), weight[:, NODES:].sum(1).numpy())
        with np.errstate(invalid="ignore", over="ignore"):
            values = f.numpy()
            flat = np.abs(values[:, :NODES] @ weights[:NODES].numpy() - values[:, NODES:] @ weights[NODES:].numpy())
            top, bottom = values.max(1), values.min(1)
            size, rise = np.maximum(np.abs(top), np.abs(bottom)), top - bottom
            unit = np.spacing(np.maximum(np.abs(left), np.abs(right))) / (right - left)
            unresolved = flat > (1e-10 + 4 * unit) * rise + 1e-12 + 64 * _EPS * size + 8 * noise
            rounding = np.where(np.isfinite(rise), _EPS * (4 + size) + (unit * (1 + rise)) ** 2, 1.0)
        return cls(left, right, x, weight, sums[0], np.abs(sums[0] - sums[1]), ~(unresolved & np.isfinite(flat)), rounding)

    def take(self, rows: np.ndarray) -> Panels:
        columns: list[Any] = [getattr(self, f.name) for f in fields(self)]
        chosen: list[Any] = [c[torch.as_tensor(rows)] if isinstance(c, Tensor) else c[rows] for c in columns]
        return Panels(*chosen)

    @classmethod
    def joined(cls, parts: list[Panels]) -> Panels:
        """All of them, from left to right."""
        if len(parts) == 1:
            return parts[0]
        columns: list[Any] = [[getattr(p, f.name) for p in parts] for f in fields(cls)]
        joined: list[Any] = [torch.cat(c) if isinstance(c[0], Tensor) else np.concatenate(c) for c in columns]
        whole = cls(*joined)
        return whole.take(np.argsort(whole.left))


def offsets(panels: Panels, centre: float) -> Tensor:
    """The nodes minus a centre, without the rounding of the nodes themselves."""
    nodes, _ = _both()
    left, right = torch.as_tensor(panels.left)[:, None], torch.as_tensor(panels.right)[:, None]
    return (left - centre) + (right - left) * nodes


@lru_cache(maxsize=1)
def _both() -> tuple[Tensor, Tensor]:
    rules = gauss_legendre(NODES), gauss_lobatto(OTHER)
    return torch.as_tensor(np.concatenate([r[0] for r in rules])), torch.as_tensor(np.concatenate([r[1] for r in rules]))


@lru_cache(maxsize=2)
def _slopes(n: int) -> Tensor:
    """The matrix of the derivative of the interpolant at the nodes of the rule with n points on [0, 1], from values at them."""
    x, _ = gauss_legendre(n) if n == NODES else gauss_lobatto(n)
    gaps = x[:, None] - x + np.eye(n)
    ratio = gaps.prod(1)
    matrix = ratio[:, None] / ratio / gaps
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, -matrix.sum(1))
    return torch.as_tensor(matrix)


def _at_the_exact_nodes(f: Tensor, moved: Tensor, width: Tensor) -> Tensor:
    """The factor on exp(-F) at rounded nodes that gives it at the exact ones."""
    slopes = torch.cat([part @ _slopes(part.shape[1]).T for part in (f[:, :NODES], f[:, NODES:])], 1) / width
    return torch.exp((slopes * moved).nan_to_num(nan=0.0).clamp(-1, 1))
