"""Tables of the orders that are derived from the steps of schemes: which schemes they have, and how they are written."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeVar

from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes import Scheme
from pmmtheory.schemes.found import found_schemes


class Row(Protocol):
    """What both tables have of a scheme."""

    @property
    def scheme(self) -> str: ...

    @property
    def midpoints(self) -> str: ...

    @property
    def substeps(self) -> str: ...

    @property
    def local_order(self) -> float: ...

    @property
    def order(self) -> float: ...

    @property
    def gaussian_order(self) -> float: ...

    @property
    def latex(self) -> str: ...


Made = TypeVar("Made", bound=Row)
Kind = TypeVar("Kind")


def rows(schemes: Iterable[type[Scheme]] | None, kinds: Iterable[Kind], other: Kind, row: Callable[[type[Scheme], str, Kind], Made]) -> list[Made]:
    """Those of the given schemes, or all in pmmtheory.schemes, that have such steps: with substeps at each of `kinds` of K, without at the other one.

    Raises InvalidParameter where `schemes` is no collection of classes of schemes.
    """
    if schemes is not None and (isinstance(schemes, str | bytes | Mapping) or not isinstance(schemes, Iterable)):
        raise InvalidParameter("schemes", schemes, "a collection of classes of schemes")
    found = []
    for scheme in found_schemes().values() if schemes is None else schemes:
        require_class(scheme)
        takes = inspect.signature(scheme).parameters
        for midpoints in ("bernoulli", "single", "interior") if "midpoints" in takes else ("bernoulli",):
            for kind in kinds if "substeps" in takes else (other,):
                try:
                    found.append(row(scheme, midpoints, kind))
                except InvalidParameter as error:
                    if error.name not in ("dynamics", "scheme", "midpoints"):  # it has no such step
                        raise
    return found


def require_class(scheme: object) -> None:
    """Raise InvalidParameter, naming `scheme`, unless it is a class of schemes."""
    if not (isinstance(scheme, type) and issubclass(scheme, Scheme)):
        raise InvalidParameter("scheme", scheme, "a class of schemes, the class itself")


def markdown(rows: Iterable[Row], terms: Mapping[str, Iterable[str]]) -> str:
    """A table in text, with further columns by their headings."""
    heads = ["scheme", "midpoints", "K", "local order", "order", "on Gaussians", *terms]
    columns = zip(*terms.values(), strict=True)
    orders = ([r.scheme, r.midpoints, r.substeps, *(f"{p:g}" for p in (r.local_order, r.order, r.gaussian_order))] for r in rows)
    lines = [[*line, *others] for line, others in zip(orders, columns, strict=True)]
    return "\n".join(f"| {' | '.join(line)} |" for line in [heads, ["---"] * len(heads), *lines])


def latex(rows: Iterable[Row], term: str) -> str:
    """The same for LaTeX, with the rules of booktabs; `term` is the heading of the last column, a formula."""
    head = [r"% needs the package booktabs", r"\begin{tabular}{@{}lllcccl@{}}", r"\toprule"]
    names = rf"scheme & midpoints & $K$ & local order & order & on Gaussians & ${term}$ \\"
    substeps = {"K": "$K$", "inf": r"$\infty$", "c/step": r"$c/\alpha$"}
    body = []
    for r in rows:
        orders = [f"${p:g}$".replace("inf", r"\infty") for p in (r.local_order, r.order, r.gaussian_order)]
        body.append(" & ".join([r.scheme, r.midpoints, substeps.get(r.substeps, r.substeps), *orders, f"${r.latex}$" if r.latex else ""]) + r" \\")
    return "\n".join([*head, names, r"\midrule", *body, r"\bottomrule", r"\end{tabular}", ""])
