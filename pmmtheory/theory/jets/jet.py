"""A tensor whose entries are power series in the derivatives of the force: what a step takes for a state, and returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

from pmmtheory.theory.jets.series import ONE, WEIGHT, NoSeries, Rows

Handler = TypeVar("Handler", bound=Callable[..., Any])

HANDLERS: dict[str, Callable[..., Any]] = {}
"""What operations of torch do with jets, by name."""

_PLAIN = {"shape", "ndim", "dtype", "device", "is_floating_point", "is_complex", "size", "dim", "numel", "__len__", "nelement", "requires_grad", "is_cuda"}
"""What is asked of a tensor without its values."""


class Jet(Tensor):
    """Series of one shape. Operations without a handler, and those that ask for numbers, raise NoSeries.

    Attributes
    ----------
    rows : mapping of monomials to tensors of the shape of the jet
    known : int
        The weight up to which no monomial is missing.
    """

    rows: Rows
    known: int

    @staticmethod
    def __new__(cls, rows: Rows, shape: Any, known: int = WEIGHT) -> Jet:
        made: Jet = Tensor._make_wrapper_subclass(cls, torch.Size(shape), dtype=torch.float64)
        made.rows = {m: row.expand(shape) for m, row in rows.items()}
        made.known = known
        return made

    def __init__(self, *_: Any, **__: Any):
        super().__init__()

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = _name(func)
        if name in _PLAIN:
            with torch._C.DisableTorchFunctionSubclass():
                return func(*args, **(kwargs or {}))
        handler = HANDLERS.get(name)
        if handler is None:
            raise NoSeries(f"it calls {name} on what depends on the force")
        return handler(func, *args, **(kwargs or {}))

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # type: ignore[override]
        raise NoSeries(f"it calls {func} on what depends on the force")

    def __repr__(self, **_: Any) -> str:  # type: ignore[override]
        return f"Jet(shape {tuple(self.shape)}, {len(self.rows)} monomials)"


def jet(value: Any, like: Tensor | None = None) -> Jet:
    """A value without dependence on the force, as a jet."""
    if isinstance(value, Jet):
        return value
    number = torch.as_tensor(value, dtype=torch.float64)
    return Jet({ONE: number}, number.shape)


def handles(*names: str) -> Callable[[Handler], Handler]:
    """Register a handler under names of operations."""

    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(names, handler))
        return handler

    return register


def _name(func: Any) -> str:
    name: str = getattr(func, "__name__", str(func))
    return str(getattr(func.__self__, "__name__", name)) if name == "__get__" else name
