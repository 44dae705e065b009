"""The orders that are derived from the steps of underdamped schemes, as a table in text or for LaTeX."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from pmmtheory.errors import choice, count_or_infinity
from pmmtheory.schemes import Scheme
from pmmtheory.theory import order_table
from pmmtheory.theory.phase_plane.expansion import expand_phase
from pmmtheory.theory.phase_plane.polynomials import Polynomial


@dataclass(frozen=True)
class PhaseOrder:
    """What follows from one step of a scheme, underdamped on the line, for any smooth potential F and friction g.

    Attributes
    ----------
    scheme : str
    midpoints, substeps : str
        The kind of midpoints, and K, where the scheme takes them; else empty.
    local_order : float
        p where one step is that of the diffusion up to step^(p+1), in weak sense; infinite where no difference is seen up to step^4.
    order : float
        p where the stationary law is the target up to step^p; infinite beyond 3.
    gaussian_order : float
        The same on Gaussians.
    source, latex : str
        The stationary law is pi (1 + step^order phi), with L* phi minus this.
    """

    scheme: str
    midpoints: str
    substeps: str
    local_order: float
    order: float
    gaussian_order: float
    source: str
    latex: str


def phase_order(scheme: type[Scheme], substeps: float = math.inf, midpoints: str = "bernoulli") -> PhaseOrder:
    """The order of an underdamped scheme, by running its own step on series (theory.phase_plane.expansion).

    Raises
    ------
    InvalidParameter
        For a scheme whose step is no power series in the force, the step size and its draws, or that has no underdamped steps.

    Examples
    --------
    >>> from pmmtheory.schemes import EulerMaruyama, RandomizedMidpoint, UBU
    >>> [phase_order(scheme).order for scheme in (EulerMaruyama, UBU, RandomizedMidpoint)]
    [1, 2, 3]
    >>> phase_order(UBU).source
    "1/24 v^3 F''' + 1/8 v^2 g F'' + 1/24 v g^2 F' - 1/4 v F' F'' - 1/24 g F'^2 - 1/12 g F''"
    """
    order_table.require_class(scheme)
    choice("midpoints", midpoints, ("bernoulli", "single", "interior"))
    k = count_or_infinity("substeps", substeps)
    inverse = Fraction(0) if k == math.inf else Fraction(1, int(k))
    found, gaussian = (expand_phase(scheme, inverse, midpoints, on) for on in (False, True))
    local, order, on_gaussians = (math.inf if p is None else p for p in (found.local_order, found.order, gaussian.order))
    takes = inspect.signature(scheme).parameters
    source = found.sources.get(int(order), 0) if math.isfinite(order) else 0
    shown = midpoints if "midpoints" in takes else "", ("inf" if k == math.inf else f"{k:g}") if "substeps" in takes else ""
    return PhaseOrder(scheme.__name__, *shown, local, order, on_gaussians, _text(source), _latex(source))


def phase_orders(schemes: Iterable[type[Scheme]] | None = None) -> list[PhaseOrder]:
    """The rows of the table: the given schemes, or all in pmmtheory.schemes, that have underdamped steps; with substeps at K = 4 and K = inf.

    Raises InvalidParameter where `schemes` is no collection of classes of schemes.
    """
    return order_table.rows(schemes, (4.0, math.inf), math.inf, lambda scheme, midpoints, substeps: phase_order(scheme, substeps, midpoints))


def markdown(rows: Iterable[PhaseOrder]) -> str:
    """A table of them."""
    rows = list(rows)
    return order_table.markdown(rows, {"-L* phi": [f"`{r.source}`" for r in rows]})


def latex(rows: Iterable[PhaseOrder]) -> str:
    """The same for LaTeX, with the rules of booktabs."""
    return order_table.latex(rows, r"-L^*\varphi")


def _text(source: Polynomial) -> str:
    return _sum(source, "{}/{}", lambda name, power: f"{name}^{power}", " ", lambda n: "F" + "'" * n if n <= 3 else f"F({n})")


def _latex(source: Polynomial) -> str:
    return _sum(source, r"\tfrac{{{}}}{{{}}}", lambda name, power: f"{{{name}}}^{{{power}}}", r"\,", lambda n: "F" + "'" * n if n <= 3 else f"F^{{({n})}}")


def _sum(source: Polynomial, fraction: str, raised: Callable[[str, int], str], between: str, derivative: Callable[[int], str]) -> str:
    """A polynomial term by term."""
    total = ""
    for (_, *powers), c in source.terms() if source else ():
        size = abs(c)
        number = fraction.format(size.numerator, size.denominator) if size.denominator != 1 else str(size.numerator) if size != 1 or not any(powers) else ""
        names = ["v", "g", *(derivative(n) for n in range(1, len(powers) - 1))]
        factors = [name if power == 1 else raised(name, power) for name, power in zip(names, powers, strict=True) if power]
        total += (f" {'-' if c < 0 else '+'} " if total else "-" if c < 0 else "") + between.join(filter(None, [number, *factors]))
    return total
