"""Arithmetic and smooth functions of jets."""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pmmtheory.theory.jets.jet import Jet, handles, jet
from pmmtheory.theory.jets.series import INFINITESIMALS, ONE, NoSeries, Rows, composed, divided, force, infinitesimal, plus, times
from pmmtheory.theory.jets.taylor import KNOWN, Derivatives, automatic
from pmmtheory.theory.jets.taylor import power as power_of

_SMOOTH = ("sin", "cos", "tan", "tanh", "sinh", "cosh", "atan", "arctan", "sigmoid", "erf", "softplus", "square")


class Side(threading.local):
    """On which side of zero b_0 is taken to be, whether that was asked for, and how many derivatives are under way."""

    def __init__(self) -> None:
        self.sign, self.asked, self.depth = 1, False, 0


SIDE = Side()

_COMPARED: dict[str, Callable[..., Tensor]] = {"less": operator.lt, "less_equal": operator.le, "greater": operator.gt, "greater_equal": operator.ge}
_COMPARED |= {name: getattr(operator, name) for name in ("lt", "le", "gt", "ge")}


def _both(one: Any, other: Any) -> tuple[Rows, Rows, torch.Size, int]:
    """Two operands as series of one shape, and what is known of both."""
    first, second = jet(one), jet(other)
    shape = torch.broadcast_shapes(first.shape, second.shape)
    rows, others = ({m: row.expand(shape) for m, row in part.rows.items()} for part in (first, second))
    return rows, others, shape, min(first.known, second.known)


@handles("add", "__add__", "__radd__")
def add(_: Any, one: Any, other: Any, alpha: float = 1.0) -> Jet:
    rows, others, shape, known = _both(one, other)
    return Jet(plus(rows, others if alpha == 1 else {m: alpha * row for m, row in others.items()}), shape, known)


@handles("sub", "subtract", "__sub__")
def sub(_: Any, one: Any, other: Any, alpha: float = 1.0) -> Jet:
    return add(_, one, other, -alpha)


@handles("rsub", "__rsub__")
def rsub(_: Any, one: Any, other: Any) -> Jet:
    return add(_, other, one, -1.0)


@handles("neg", "negative", "__neg__")
def neg(_: Any, one: Jet) -> Jet:
    return Jet({m: -row for m, row in one.rows.items()}, one.shape, one.known)


@handles("pos", "positive", "__pos__", "clone", "contiguous", "detach", "double", "as_tensor", "real", "squeeze_")
def same(_: Any, one: Jet, *__: Any, **___: Any) -> Jet:
    return Jet({m: row.clone() for m, row in one.rows.items()}, one.shape, one.known)


@handles("to", "type_as")
def to(_: Any, one: Any, *__: Any, **___: Any) -> Jet:
    return jet(one)


@handles("mul", "multiply", "__mul__", "__rmul__")
def mul(_: Any, one: Any, other: Any) -> Jet:
    rows, others, shape, known = _both(one, other)
    return Jet(times(rows, others), shape, known)


@handles("div", "divide", "true_divide", "__truediv__", "__div__")
def div(_: Any, one: Any, other: Any) -> Jet:
    if not isinstance(other, Jet):
        return mul(_, one, 1 / torch.as_tensor(other, dtype=torch.float64))
    constant = other.rows.get(ONE)
    if constant is not None and bool((constant != 0).all()):
        return mul(_, one, unary(KNOWN["reciprocal"], other))
    if constant is not None and bool((constant != 0).any()):
        raise NoSeries("it divides by a force that may be zero")
    rows, others, shape, known = _both(one, other)
    quotient, lost = divided(rows, others)
    return Jet(quotient, shape, known - lost)


@handles("__rtruediv__", "__rdiv__")
def rdiv(_: Any, one: Any, other: Any) -> Jet:
    return div(_, other, one)


@handles("pow", "__pow__", "float_power")
def power(_: Any, one: Any, exponent: Any) -> Jet:
    if isinstance(one, Jet) and isinstance(exponent, int | float):
        if float(exponent).is_integer() and exponent >= 0:
            result = jet(torch.ones(one.shape, dtype=torch.float64))
            for _i in range(int(exponent)):
                result = mul(_, result, one)
            return result
        return unary(power_of(float(exponent)), one)
    if not isinstance(one, Jet) and isinstance(exponent, Jet):
        base = torch.as_tensor(one, dtype=torch.float64)
        return unary(KNOWN["exp"], mul(_, torch.log(base), exponent))
    raise NoSeries("it raises a force to a power that is no number")


@handles("__rpow__")
def rpower(_: Any, one: Any, other: Any) -> Jet:
    return power(_, other, one)


def unary(f: Derivatives, one: Jet) -> Jet:
    """A function that is smooth at the constant part."""
    rows = composed(f, one.rows, torch.zeros(one.shape, dtype=torch.float64))
    if not all(bool(torch.isfinite(row).all()) for row in rows.values()):
        raise NoSeries("it has a function of the force that is not smooth where the force is zero")
    return Jet(rows, one.shape, one.known)


@handles(*KNOWN, *_SMOOTH)
def smooth(f: Any, one: Jet) -> Jet:
    return unary(KNOWN.get(f.__name__) or automatic(f), one)


def _sign(one: Jet) -> Tensor:
    """The sign for small steps: of the constant part, or where there is none of b_0 alone."""
    rows = {m: row for m, row in one.rows.items() if bool((row != 0).any())}
    constant = rows.pop(ONE, torch.zeros(one.shape, dtype=torch.float64))
    if not rows or bool((constant != 0).all()):
        return torch.sign(constant)
    if len(rows) > 1 or bool((constant != 0).any()) or force(0) not in rows:
        raise NoSeries("it asks for the sign of what may be zero")
    SIDE.asked = True
    return torch.sign(rows[force(0)]) * SIDE.sign


@handles("abs", "absolute", "__abs__")
def absolute(_: Any, one: Jet) -> Jet:
    return mul(_, one, _sign(one))


@handles("sign", "sgn")
def sign(_: Any, one: Jet) -> Tensor:
    return _sign(one)


@handles(*("lt", "le", "gt", "ge"), *("__lt__", "__le__", "__gt__", "__ge__"), *("less", "less_equal", "greater", "greater_equal"))
def compared(f: Any, one: Any, other: Any) -> Tensor:
    """By the sign of the difference."""
    return _COMPARED[f.__name__.strip("_")](_sign(sub(f, one, other)), 0.0)


@handles("eq", "__eq__")
def equal(_: Any, one: Any, other: Any) -> Tensor:
    """Where no power of the force tells them apart: a force is nowhere a number."""
    rows = sub(_, one, other).rows
    same = [row == 0 for row in rows.values()]
    return torch.stack(same).all(0) if same else torch.ones(torch.broadcast_shapes(jet(one).shape, jet(other).shape), dtype=torch.bool)


@handles("ne", "__ne__")
def unequal(_: Any, one: Any, other: Any) -> Tensor:
    return ~equal(_, one, other)


@handles("derivative")
def by_place(_: Any, f: Callable[[Tensor], Tensor], x: Jet) -> Jet:
    """f'(x): the coefficient of an infinitesimal that is added to x."""
    if SIDE.depth >= INFINITESIMALS:
        raise NoSeries(f"it takes more than {INFINITESIMALS} derivatives of the force")
    small = infinitesimal(SIDE.depth)
    SIDE.depth += 1
    try:
        value = jet(f(add(_, x, Jet({small: torch.ones(x.shape, dtype=torch.float64)}, x.shape))))
    finally:
        SIDE.depth -= 1
    place = small.index(1)
    rows = {(*m[:place], 0, *m[place + 1 :]): row for m, row in value.rows.items() if m[place]}
    return Jet(rows, value.shape, value.known)
