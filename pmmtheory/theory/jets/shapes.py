"""Operations that only move the entries of jets: each acts on every coefficient alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from pmmtheory.theory.jets.jet import Jet, handles, jet
from pmmtheory.theory.jets.operations import add, div, mul, sub
from pmmtheory.theory.jets.series import NoSeries


@handles(
    *("reshape", "view", "expand", "expand_as", "broadcast_to", "unsqueeze", "squeeze", "select", "__getitem__", "flatten", "movedim", "transpose"),
    *("permute", "flip", "roll", "view_as", "reshape_as", "index_select", "narrow", "zeros_like", "empty_like"),
)
def moved(func: Any, one: Any, *args: Any, **options: Any) -> Jet:
    if not isinstance(one, Jet) or any(isinstance(arg, Jet) for arg in args if func.__name__ not in ("expand_as", "view_as", "reshape_as")):
        raise NoSeries("it takes what depends on the force for an index or a shape")
    args = tuple(torch.empty(arg.shape) if isinstance(arg, Jet) else arg for arg in args)
    shape = func(torch.empty(one.shape, dtype=torch.float64), *args, **options).shape
    empty = func.__name__ in ("zeros_like", "empty_like")
    return Jet({} if empty else {m: func(row, *args, **options) for m, row in one.rows.items()}, shape, one.known)


@handles("ones_like", "full_like")
def filled(func: Any, one: Jet, *args: Any, **options: Any) -> Tensor:
    made: Tensor = func(torch.empty(one.shape, dtype=torch.float64), *args, **options)
    return made


@handles("unbind")
def unbind(_: Any, one: Jet, dim: int = 0) -> tuple[Jet, ...]:
    return tuple(moved(Tensor.select, one, dim, place) for place in range(one.shape[dim]))


@handles("__iter__")
def iterated(_: Any, one: Jet) -> Any:
    return iter(unbind(_, one))


@handles("stack", "cat", "concatenate")
def joint(func: Any, tensors: Sequence[Any], dim: int = 0) -> Jet:
    parts = [jet(part) for part in tensors]
    keys = {m for part in parts for m in part.rows}
    zeros = [torch.zeros(part.shape, dtype=torch.float64) for part in parts]
    rows = {m: func([part.rows.get(m, zero) for part, zero in zip(parts, zeros, strict=True)], dim) for m in keys}
    return Jet(rows, func(zeros, dim).shape, min(part.known for part in parts))


@handles("broadcast_tensors")
def broadcast(_: Any, *tensors: Any) -> tuple[Jet, ...]:
    parts = [jet(part) for part in tensors]
    shape = torch.broadcast_shapes(*(part.shape for part in parts))
    return tuple(Jet(part.rows, shape, part.known) for part in parts)


@handles("where")
def where(_: Any, condition: Any, one: Any, other: Any) -> Jet:
    if isinstance(condition, Jet):
        raise NoSeries("it decides by what depends on the force")
    first, second = jet(one), jet(other)
    shape = torch.broadcast_shapes(condition.shape, first.shape, second.shape)
    zero = torch.zeros(shape, dtype=torch.float64)
    rows = {m: torch.where(condition, first.rows.get(m, zero), second.rows.get(m, zero)) for m in {**first.rows, **second.rows}}
    return Jet(rows, shape, min(first.known, second.known))


@handles("__setitem__")
def assign(_: Any, one: Any, index: Any, value: Any) -> None:
    if not isinstance(one, Jet):
        raise NoSeries("it writes what depends on the force into a tensor that does not (torch.zeros_like of the state makes one that may)")
    new = jet(value)
    for m in {**one.rows, **new.rows}:
        row = one.rows[m].clone() if m in one.rows else torch.zeros(one.shape, dtype=torch.float64)
        row[index] = new.rows.get(m, torch.zeros((), dtype=torch.float64))
        one.rows[m] = row
    one.known = min(one.known, new.known)


@handles("add_", "sub_", "mul_", "div_", "__iadd__", "__isub__", "__imul__", "__itruediv__", "__idiv__")
def in_place(f: Any, one: Any, other: Any) -> Jet:
    if not isinstance(one, Jet):
        raise NoSeries("it changes in place, by what depends on the force, a tensor that does not")
    result = _IN_PLACE[f.__name__.strip("_").removeprefix("i")](f, one, other)
    one.rows, one.known = {m: row.expand(one.shape) for m, row in result.rows.items()}, result.known
    return one


_IN_PLACE = {"add": add, "sub": sub, "mul": mul, "div": div, "truediv": div}
