"""The orders that are derived from the steps of schemes, as a table in text or for LaTeX."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from pmmtheory.errors import choice, count_or_infinity, positive
from pmmtheory.schemes import Scheme
from pmmtheory.theory import formulas, order_table
from pmmtheory.theory.expansion import Expansion, expand


@dataclass(frozen=True)
class DerivedOrder:
    """What follows from one step of a scheme, overdamped on the line, for any smooth potential F.

    Attributes
    ----------
    scheme : str
    midpoints, substeps : str
        The kind of midpoints, and K in words, where the scheme takes them; else empty.
    local_order : float
        p where one step is that of the diffusion up to step^(p+1), in weak sense; infinite where no difference is seen up to step^4.
    order : float
        p where the stationary law is the target up to step^p; infinite beyond 3.
    gaussian_order : float
        The same on Gaussians.
    phi, latex : str
        The stationary law is pi (1 + step^order (phi - E phi)); k is 1/K, c is K step.
    """

    scheme: str
    midpoints: str
    substeps: str
    local_order: float
    order: float
    gaussian_order: float
    phi: str
    latex: str


def derived_order(scheme: type[Scheme], substeps: float = math.inf, midpoints: str = "bernoulli", substeps_times_step: float | None = None) -> DerivedOrder:
    """The order of a scheme's stationary law and the leading term of its density, by running its own step on series (theory.expansion).

    Parameters
    ----------
    scheme : class of schemes
        Of one's own as well.
    substeps, midpoints
        K and the kind of midpoints, for a scheme that takes them.
    substeps_times_step : float, optional
        For K = c/step: this c.

    Raises
    ------
    InvalidParameter
        For a scheme whose step is no power series in the force, the step size and its draws.

    Examples
    --------
    >>> from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint
    >>> found = derived_order(EulerMaruyama)
    >>> found.order, found.phi
    (1.0, "1/4 F'^2 - 1/2 F''")
    >>> derived_order(PoissonMidpoint).phi
    "-5/12 F''^2 + int 1/3 F' F''^2"
    """
    order_table.require_class(scheme)
    choice("midpoints", midpoints, ("bernoulli", "single", "interior"))
    k = count_or_infinity("substeps", substeps)
    c = None if substeps_times_step is None else positive("substeps_times_step", substeps_times_step)
    if c is not None:
        return _row(scheme, midpoints, 1 / Fraction(c), 1, f"{c:g}/step")
    return _row(scheme, midpoints, Fraction(0) if k == math.inf else Fraction(1, int(k)), 0, "inf" if k == math.inf else f"{k:g}")


def derived_orders(schemes: Iterable[type[Scheme]] | None = None) -> list[DerivedOrder]:
    """The rows of the table: the given schemes, or all in pmmtheory.schemes, that have overdamped steps; with substeps at any K, K = inf and K = c/step.

    Raises InvalidParameter where `schemes` is no collection of classes of schemes.
    """
    kinds = ((None, 0, "K"), (Fraction(0), 0, "inf"), (None, 1, "c/step"))
    return order_table.rows(schemes, kinds, (Fraction(0), 0, ""), lambda scheme, midpoints, kind: _row(scheme, midpoints, *kind))


def _row(scheme: type[Scheme], midpoints: str, inverse: Fraction | None, growth: int, words: str) -> DerivedOrder:
    """With 1/K = inverse step^growth; None leaves a letter."""
    takes = inspect.signature(scheme).parameters
    found, gaussian = (expand(scheme, inverse, growth, midpoints, on) for on in (False, True))
    local, order, on_gaussians = (math.inf if p is None else p for p in (found.local_order, found.order, gaussian.order))
    phi, formula = _phi(found, bool(growth))
    shown = midpoints if "midpoints" in takes else "", words if "substeps" in takes else ""
    return DerivedOrder(scheme.__name__, *shown, local, order, on_gaussians, phi, formula)


def markdown(rows: Iterable[DerivedOrder], measured: Iterable[str] | None = None) -> str:
    """A table of derived orders, with a column of measured ones where these are given, a text a row."""
    rows = list(rows)
    terms: dict[str, Iterable[str]] = {"phi": [f"`{r.phi}`" if r.phi else "" for r in rows]}
    return order_table.markdown(rows, terms if measured is None else terms | {"measured": measured})


def latex(rows: Iterable[DerivedOrder]) -> str:
    """The same for LaTeX, with the rules of booktabs."""
    return order_table.latex(rows, r"\varphi")


def _phi(found: Expansion, scaled: bool) -> tuple[str, str]:
    if not found.flux:
        return "", ""
    letters = ("1/c", r"\tfrac1c") if scaled else ("1/K", r"\tfrac1K")
    return formulas.text(found.flux, letters[0]), formulas.latex(found.flux, letters[1])
