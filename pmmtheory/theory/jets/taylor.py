"""The derivatives of smooth functions at a point, one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

Derivatives = Callable[[Tensor], Iterator[Tensor]]
"""f, f', f'', ... at given places."""


def power(exponent: float) -> Derivatives:
    """Of x^exponent."""

    def derivatives(x: Tensor) -> Iterator[Tensor]:
        factor, p = 1.0, exponent
        while True:
            yield factor * x**p if factor else torch.zeros_like(x)
            factor, p = factor * p, p - 1

    return derivatives


def exponential(shift: float = 0.0) -> Derivatives:
    """Of exp(x) + shift."""

    def derivatives(x: Tensor) -> Iterator[Tensor]:
        yield torch.exp(x) if shift == 0 else torch.expm1(x)
        while True:
            yield torch.exp(x)

    return derivatives


def logarithm(shift: float = 0.0) -> Derivatives:
    """Of log(x + shift)."""

    def derivatives(x: Tensor) -> Iterator[Tensor]:
        yield torch.log(x) if shift == 0 else torch.log1p(x)
        yield from power(-1.0)(x + shift)

    return derivatives


def automatic(f: Callable[[Tensor], Tensor]) -> Derivatives:
    """Of any function, by automatic differentiation; slow at high orders."""

    def derivatives(x: Tensor) -> Iterator[Tensor]:
        with torch.enable_grad():
            place = x.detach().clone().requires_grad_(True)
            value = f(place)
            while True:
                yield value.detach()
                value = torch.autograd.grad(value.sum(), place, create_graph=True, allow_unused=True, materialize_grads=True)[0]
                if not value.requires_grad:
                    break
            while True:
                yield value.detach()
                value = torch.zeros_like(x)

    return derivatives


KNOWN: dict[str, Derivatives] = {
    "exp": exponential(),
    "expm1": exponential(-1.0),
    "log": logarithm(),
    "log1p": logarithm(1.0),
    "sqrt": power(0.5),
    "rsqrt": power(-0.5),
    "reciprocal": power(-1.0),
}
