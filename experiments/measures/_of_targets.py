"""What several second computations of targets share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import numpy as np
import torch
from scipy import integrate
from torch import Tensor

from experiments.measures._routes import farthest
from pmmtheory.estimate import Estimate
from pmmtheory.targets.target import Constant, Target

T = TypeVar("T")


def points(n: int, dim: int, seed: int = 1, scale: float = 1.5) -> Tensor:
    """Normal numbers (n, dim), or (n,) on the line."""
    found = np.random.default_rng(seed).normal(scale=scale, size=(n, dim) if dim > 1 else n)
    return torch.as_tensor(found)


def normals(n: int, dim: int, seed: int) -> np.ndarray:
    """What a generator of torch gives first."""
    found: np.ndarray = torch.randn((n, dim), generator=torch.Generator().manual_seed(seed), dtype=torch.float64).numpy()
    return found


def slope(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The gradient of f at each of the points, by automatic differentiation."""
    at = x.clone().requires_grad_()
    (found,) = torch.autograd.grad(f(at).sum(), at)
    return found


def hessian(f: Callable[[Tensor], Tensor], x: Iterable[float]) -> np.ndarray:
    """The second derivatives of f at one point (d,)."""
    found: np.ndarray = torch.autograd.functional.hessian(f, torch.as_tensor(list(x), dtype=torch.float64)).numpy()
    return found


def steepest(f: Callable[[Tensor], Tensor], places: Iterable[Iterable[float]]) -> float:
    """The largest eigenvalue in size of the second derivatives at some points."""
    return max(float(np.abs(np.linalg.eigvalsh(hessian(f, place))).max()) for place in places)


def integral(f: Callable[[float], float], low: float, high: float, *between: float) -> float:
    """By scipy, between places at which the interval is split."""
    ends = [low, *between, high]
    return sum(float(integrate.quad(f, a, b, epsabs=0.0, epsrel=1e-12, limit=200)[0]) for a, b in zip(ends[:-1], ends[1:], strict=True))


def named(name: str, numbers: Mapping[str, T]) -> dict[str, T]:
    """The numbers of one target among those of a measure, or what they may differ by."""
    return {f"{name}: {number}": one for number, one in numbers.items()}


def pulled(target: Target, x: Tensor) -> Estimate:
    """How far the force is from minus the slope of F."""
    return farthest(target.drift(x).numpy(), -slope(target.potential, x).numpy())


def known(constant: Constant | None) -> float:
    """A constant that is declared; NaN, of which no number is made, where none is."""
    return math.nan if constant is None else float(constant)
