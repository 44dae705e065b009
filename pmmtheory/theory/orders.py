"""The orders that are derived from the steps of schemes, as a table in text or for LaTeX."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from pmmtheory.errors import InvalidParameter, choice, count_or_infinity, positive
from pmmtheory.schemes import Scheme
from pmmtheory.schemes.found import found_schemes
from pmmtheory.theory import formulas
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
    require_class(scheme)
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
    if schemes is not None and (isinstance(schemes, str | bytes | Mapping) or not isinstance(schemes, Iterable)):
        raise InvalidParameter("schemes", schemes, "a collection of classes of schemes")
    rows = []
    for scheme in found_schemes().values() if schemes is None else schemes:
        require_class(scheme)
        takes = inspect.signature(scheme).parameters
        kinds = ((None, 0, "K"), (Fraction(0), 0, "inf"), (None, 1, "c/step")) if "substeps" in takes else ((Fraction(0), 0, ""),)
        for midpoints in ("bernoulli", "single", "interior") if "midpoints" in takes else ("bernoulli",):
            for inverse, growth, words in kinds:
                try:
                    rows.append(_row(scheme, midpoints, inverse, growth, words))
                except InvalidParameter as error:
                    if error.name not in ("dynamics", "scheme", "midpoints"):  # it has no such step
                        raise
    return rows


def require_class(scheme: object) -> None:
    """Raise InvalidParameter, naming `scheme`, unless it is a class of schemes."""
    if not (isinstance(scheme, type) and issubclass(scheme, Scheme)):
        raise InvalidParameter("scheme", scheme, "a class of schemes, the class itself")


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
    heads = ["scheme", "midpoints", "K", "local order", "order", "on Gaussians", "phi"]
    lines = [[r.scheme, r.midpoints, r.substeps, *map(_number, (r.local_order, r.order, r.gaussian_order)), f"`{r.phi}`" if r.phi else ""] for r in rows]
    if measured is not None:
        heads.append("measured")
        lines = [[*line, text] for line, text in zip(lines, measured, strict=True)]
    return "\n".join(f"| {' | '.join(line)} |" for line in [heads, ["---"] * len(heads), *lines])


def latex(rows: Iterable[DerivedOrder]) -> str:
    """The same for LaTeX, with the rules of booktabs."""
    head = [r"% needs the package booktabs", r"\begin{tabular}{@{}lllcccl@{}}", r"\toprule"]
    names = r"scheme & midpoints & $K$ & local order & order & on Gaussians & $\varphi$ \\"
    substeps = {"K": "$K$", "inf": r"$\infty$", "c/step": r"$c/\alpha$"}
    body = []
    for r in rows:
        orders = [f"${_number(p)}$".replace("inf", r"\infty") for p in (r.local_order, r.order, r.gaussian_order)]
        body.append(" & ".join([r.scheme, r.midpoints, substeps.get(r.substeps, r.substeps), *orders, f"${r.latex}$" if r.latex else ""]) + r" \\")
    return "\n".join([*head, names, r"\midrule", *body, r"\bottomrule", r"\end{tabular}", ""])


def _phi(found: Expansion, scaled: bool) -> tuple[str, str]:
    if not found.flux:
        return "", ""
    letters = ("1/c", r"\tfrac1c") if scaled else ("1/K", r"\tfrac1K")
    return formulas.text(found.flux, letters[0]), formulas.latex(found.flux, letters[1])


def _number(p: float) -> str:
    return f"{p:g}"
