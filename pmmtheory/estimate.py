"""A number with its error: the one result type of every measurement."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Self

import numpy as np

from pmmtheory.errors import InvalidParameter, real
from pmmtheory.shown import shown

_EPS, _LEAST = 2.0**-52, 2.0**-1070
_UP = 1 + 2.0**-48  # what a sum of a few errors, each rounded, may fall short by


@dataclass(frozen=True, eq=True)
class Estimate:
    """A measured number: what is meant is within `error` of `value`.

    It calculates: +, -, *, /, abs, powers, sqrt, log and exp (np.sqrt too), with numbers and with each other, and carries errors as bounds, whatever
    the two have in common: with |x - a| <= e and |y - b| <= f,

        |x + y - (a + b)| <= e + f,    |x y - a b| <= |b| e + |a| f + e f,    |x/y - a/b| <= (e + |a/b| f) / (|b| - f),

    and the rounding of the result is counted. Standard errors (of samples) are carried by the same formulas: bounds on the standard error of
    sums and differences, and to first order of the rest. Parts of the same name are added.

    It compares: `a < b` is True only where no value within the errors says otherwise, so that both `a < b` and `a >= b` are False where the
    intervals overlap; `a.agrees(b)` is True there. `==` is that of the record, and `float(a)` and arrays leave the error out. It prints: str(a),
    f"{a:.3g}" and so on give "value +- error" with an error of two digits, rounded up, that counts the digits not shown.

    Attributes
    ----------
    value : float
        The number.
    error : float
        A bound on the numerical error, or a standard error when `method` names sampling.
    method : str
        How it was obtained.
    parts : mapping of names to floats
        What the error is made of, where it is a sum: "resolution", "rounding", "ends", ...

    Examples
    --------
    >>> import torch
    >>> Estimate.of(2.0, "quadrature", resolution=1e-9, rounding=1e-15).error
    1.000001e-09
    >>> square = Estimate(2.0, 1e-9, "quadrature")
    >>> print(square.sqrt(), 3 * square, f"{square:.3f}", sep=", ")
    1.41421356237 +- 3.6e-10, 6 +- 3.1e-09, 2.000 +- 1e-09
    >>> square < 2.1, square < 2.0, square > 2.0, square.agrees(2.0)
    (True, False, False, True)
    >>> np.asarray([square, 1 / square]).tolist(), torch.tensor([square], dtype=torch.float64).item()
    ([2.0, 0.5], 2.0)
    """

    value: float
    error: float
    method: str
    parts: Mapping[str, float] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, value: float, method: str, **parts: float) -> Self:
        """A number whose error is the sum of named parts."""
        return cls(value, sum(parts.values()), method, parts)

    def __post_init__(self) -> None:
        for name, given in (("value", self.value), ("error", self.error)):
            if not isinstance(given, numbers.Real) or isinstance(given, bool) or not math.isfinite(given):
                raise InvalidParameter(name, given, "a finite number, for an Estimate")
        if not isinstance(self.method, str) or not isinstance(self.parts, Mapping):
            raise InvalidParameter("method", self.method, "a string, with `parts` a mapping of names to numbers")
        if self.error < 0:
            raise InvalidParameter("error", self.error, "a finite number of at least 0, for an Estimate")

    def __float__(self) -> float:
        return float(self.value)

    @property
    def relative_error(self) -> float:
        """error / |value|, infinite when the value is zero."""
        return self.error / abs(self.value) if self.value else math.inf

    @property
    def interval(self) -> tuple[float, float]:
        """value - error and value + error, rounded outwards."""
        return math.nextafter(self.value - self.error, -math.inf), math.nextafter(self.value + self.error, math.inf)

    def agrees(self, other: Estimate | float) -> bool:
        """Whether the two may be the same number: their difference is at most the sum of their errors."""
        same = _estimate(other)
        if same is None:
            raise InvalidParameter("other", other, "a finite number or an Estimate")
        return not (self < same or self > same)

    def __str__(self) -> str:
        return shown(self.value, self.error, "")

    def __format__(self, spec: str) -> str:
        return shown(self.value, self.error, spec)

    def __lt__(self, other: Any) -> bool:
        return _apart(self, other, lambda gap, error: gap > error)

    def __le__(self, other: Any) -> bool:
        return _apart(self, other, lambda gap, error: gap >= error)

    def __gt__(self, other: Any) -> bool:
        return _apart(self, other, lambda gap, error: -gap > error)

    def __ge__(self, other: Any) -> bool:
        return _apart(self, other, lambda gap, error: -gap >= error)

    def __neg__(self) -> Estimate:
        return Estimate(-self.value, self.error, self.method, self.parts)

    def __abs__(self) -> Estimate:
        return Estimate(abs(self.value), self.error, self.method, self.parts)

    def __add__(self, other: Any) -> Estimate:
        return _with(other, lambda y: _joined(self.value + y.value, (self, 1.0), (y, 1.0)))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Estimate:
        return _with(other, lambda y: self + -y)

    def __rsub__(self, other: Any) -> Estimate:
        return _with(other, lambda x: x + -self)

    def __mul__(self, other: Any) -> Estimate:
        return _with(other, lambda y: _joined(self.value * y.value, (self, abs(y.value)), (y, abs(self.value)), product=self.error * y.error))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Estimate:
        return _with(other, lambda y: _quotient(self, y))

    def __rtruediv__(self, other: Any) -> Estimate:
        return _with(other, lambda x: _quotient(x, self))

    def __pow__(self, power: Any) -> Estimate:
        if not isinstance(power, numbers.Real) or isinstance(power, bool | Estimate):
            return NotImplemented
        p = real("power", power)
        return 1 / _power(self, -p) if p < 0 else _power(self, p)

    def sqrt(self) -> Estimate:
        """The square root; the number is taken to be at least 0, though an error may reach below. Raises InvalidParameter where it is below."""
        return _power(self, 0.5)

    def log(self) -> Estimate:
        """The natural logarithm; raises InvalidParameter unless value > error."""
        if not self.value > self.error:
            raise InvalidParameter("estimate", str(self), "above 0 by more than its error, for a logarithm")
        return _carried(math.log(self.value), self, -math.log1p(-min(self.error / self.value, 1 - _EPS / 2)))

    def exp(self) -> Estimate:
        """The exponential function."""
        value = _finite(lambda: math.exp(self.value))
        return _carried(value, self, _finite(lambda: value * math.expm1(self.error)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        held = np.empty((), dtype=dtype or float)
        held[()] = self if held.dtype == object else self.value
        return held

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """As an object with the operators and functions above; a LeadingConstant as the float that it is."""
        given = (x if not isinstance(x, Estimate) else float(x) if isinstance(x, float) else np.asarray(x, dtype=object) for x in inputs)
        return getattr(ufunc, method)(*given, **options)


def _estimate(given: Any) -> Estimate | None:
    """What is given as an Estimate that is nothing else, a number without an error; None for anything else."""
    if isinstance(given, Estimate):
        return Estimate(given.value, given.error, given.method, given.parts) if isinstance(given, float) else given
    if not isinstance(given, numbers.Real) or isinstance(given, bool):
        return None
    value = _finite(lambda: float(given))
    return Estimate(value, 0.0 if value == given else _EPS * abs(value), "")


def _with(other: Any, found: Callable[[Estimate], Estimate]) -> Estimate:
    second = _estimate(other)
    return NotImplemented if second is None else found(second)


def _apart(one: Estimate, other: Any, holds: Callable[[Fraction, Fraction], bool]) -> bool:
    """Whether it holds of the exact distance from one to the other and of the exact sum of their errors."""
    if isinstance(other, float) and math.isinf(other):
        return holds(Fraction(1 if other > 0 else -1), Fraction(0))
    second = _estimate(other)
    if second is None:
        return NotImplemented  # type: ignore[no-any-return]
    return holds(Fraction(second.value) - Fraction(one.value), Fraction(one.error) + Fraction(second.error))


def _joined(value: float, *weighted: tuple[Estimate, float], product: float = 0.0, units: float = 1.0) -> Estimate:
    """A number whose error is made of those of others by their weights, of a product of errors, and of a few units of rounding."""
    parts: dict[str, float] = {}
    for each, weight in weighted:
        for name, part in (each.parts or {"unnamed": each.error} if each.error else {}).items():
            parts[name] = parts.get(name, 0.0) + (weight * part + _LEAST) * _UP
    if product:
        parts["product"] = parts.get("product", 0.0) + product * _UP + _LEAST
    parts["rounding"] = parts.get("rounding", 0.0) + units * _EPS * abs(value) + _LEAST
    methods = dict.fromkeys(method for each, _ in weighted for method in each.method.split(" + ") if method)
    return Estimate(value, sum(parts.values()) * _UP, " + ".join(methods), parts)


def _carried(value: float, source: Estimate, error: float) -> Estimate:
    """A function of one number, and what its error has become."""
    return _joined(value, (source, error * (1 + 2.0**-38) / source.error if source.error else 0.0), units=4.0)


def _quotient(x: Estimate, y: Estimate) -> Estimate:
    least = abs(y.value) - y.error
    if not least > 0:
        raise InvalidParameter("divisor", str(y), "further from 0 than its error")
    value = _finite(lambda: x.value / y.value)
    return _joined(value, (x, _finite(lambda: 1 / least)), (y, _finite(lambda: abs(value) / least)))


def _power(x: Estimate, p: float) -> Estimate:
    """x^p for p >= 0; where p is no whole number, x is taken to be at least 0."""
    a, e = x.value, x.error
    if p == int(p):
        value, size = _finite(lambda: a**p), abs(a)
        return _carried(value, x, _finite(lambda: (size + e) ** p - abs(value) if e >= size else abs(value) * math.expm1(p * math.log1p(e / size))))
    if a + e < 0:
        raise InvalidParameter("estimate", str(x), f"at least 0 within its error, for a power of {p:g}")
    value = _finite(lambda: max(a, 0.0) ** p)
    if e >= a:
        return _carried(value, x, max(value, (a + e) ** p - value))
    falls, rises = -math.expm1(p * math.log1p(-e / a)), _finite(lambda: math.expm1(p * math.log1p(e / a)))
    return _carried(value, x, value * max(falls, rises))


def _finite(found: Callable[[], float]) -> float:
    """A result, infinite where it overflows, which no Estimate is."""
    try:
        return found()
    except OverflowError:
        return math.inf
