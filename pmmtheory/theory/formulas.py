"""Polynomials in the derivatives of a potential, as text and for LaTeX, integrated as far as they can be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pmmtheory.theory.jets.polynomials import Polynomial, antiderivative


def text(flux: Polynomial, inverse: str) -> str:
    """phi with phi' = flux: "1/4 F'^2 - 1/2 F''", and "int" before what is not integrated; `inverse` stands for 1/K."""
    return _both(flux, lambda p: _sum(p, lambda c, m: _word(c, m, inverse)), "int ")


def latex(flux: Polynomial, inverse: str) -> str:
    """The same for LaTeX."""
    return _both(flux, lambda p: _sum(p, lambda c, m: _formula(c, m, inverse)), r"\int ")


def _both(flux: Polynomial, shown: Callable[[Polynomial], str], integral: str) -> str:
    whole, rest = antiderivative(flux)
    if not rest:
        return shown(whole)
    inner = shown(rest)
    inner = f"({inner})" if len(rest) > 1 else inner
    ending = r"\,dx" if integral.startswith("\\") else ""
    return f"{shown(whole)} + {integral}{inner}{ending}" if whole else f"{integral}{inner}{ending}"


def _sum(p: Polynomial, term: Callable[[Any, tuple[int, ...]], str]) -> str:
    total = ""
    for m, c in p.terms():
        part = term(abs(c), m)
        total += (f" {'-' if c < 0 else '+'} " if total else "-" if c < 0 else "") + part
    return total


def _word(c: Any, m: tuple[int, ...], inverse: str) -> str:
    factors = [_power(f"({inverse})", m[0]), "sign(F')" if m[1] else "", *(_power(_dashed(n), power) for n, power in enumerate(m[2:], 1))]
    return " ".join(filter(None, [_fraction(c), *factors]))


def _formula(c: Any, m: tuple[int, ...], inverse: str) -> str:
    number = rf"\tfrac{{{c.numerator}}}{{{c.denominator}}}" if c.denominator != 1 else str(c.numerator) if c != 1 else ""
    factors = [_raised(rf"\left({inverse}\right)", m[0]) if m[0] > 1 else inverse if m[0] else "", r"\operatorname{sign}(F')" if m[1] else ""]
    factors += [_raised(_dashed(n) if n <= 3 else f"F^{{({n})}}", power) for n, power in enumerate(m[2:], 1)]
    return r"\,".join(filter(None, [number, *factors]))


def _fraction(c: Any) -> str:
    if c.denominator > 10**6:
        return f"{float(c):.6g}"
    return f"{c.numerator}/{c.denominator}" if c.denominator != 1 else str(c.numerator) if c != 1 else ""


def _dashed(n: int) -> str:
    return "F" + "'" * n if n <= 3 else f"F({n})"


def _power(name: str, power: int) -> str:
    return "" if not power else name if power == 1 else f"{name}^{power}"


def _raised(name: str, power: int) -> str:
    return "" if not power else name if power == 1 else f"{{{name}}}^{{{power}}}"
