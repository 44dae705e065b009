"""Theorems as data: what each assumes and says, and which claims cite it."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pmmtheory.errors import InvalidParameter

BOUNDS = "pmmtheory.theory.bounds"
"""Where the theorems are that the package knows, one theorem or paper a file."""


@dataclass(frozen=True)
class Theorem:
    """A theorem that measurements can contradict.

    Attributes
    ----------
    name : str
        A few letters and a number, for tables: "KN 2".
    source : str
        Paper and theorem. A claim cites the theorem where its own source begins like this.
    assumes, says : str
        The assumptions and the bound, short enough for a line of a table.
    assumptions : tuple of str
        In full; those that `bound` checks come first.
    statement : str
        The bound in full, as plain text.
    bound : callable
        It as a function, which raises AssumptionViolated outside its assumptions.
    """

    name: str
    source: str
    assumes: str
    says: str
    assumptions: tuple[str, ...]
    statement: str
    bound: Callable[..., Any]

    def cited_by(self, source: str) -> bool:
        """Whether a claim with this source cites the theorem.

        Examples
        --------
        >>> one = Theorem("KN 1", "Kandasamy & Nagaraj 2024, Theorem 1", "", "", (), "", print)
        >>> one.cited_by("Kandasamy & Nagaraj 2024, Theorem 1, at stationarity"), one.cited_by("Kandasamy & Nagaraj 2024, Theorem 12")
        (True, False)
        """
        return re.match(re.escape(self.source) + r"(?!\w)", source) is not None


def find_theorems(*packages: str) -> dict[str, Theorem]:
    """The theorems of all files in the packages by their names, in the order of the files; a file defines `theorems`, a tuple of them.

    Raises
    ------
    InvalidParameter
        Where a file does not, or two theorems have one name.

    Examples
    --------
    >>> find_theorems("pmmtheory.theory.bounds")["VW 1"].source
    'Vempala & Wibisono 2019, Theorem 1'
    """
    found: dict[str, Theorem] = {}
    for package in packages:
        for module in sorted(pkgutil.iter_modules(importlib.import_module(package).__path__), key=lambda info: info.name):
            if module.name.startswith("_"):
                continue
            theorems = getattr(importlib.import_module(f"{package}.{module.name}"), "theorems", None)
            if not isinstance(theorems, tuple) or not all(isinstance(theorem, Theorem) for theorem in theorems):
                raise InvalidParameter("theorems", theorems, f"a tuple of Theorem, in the file {module.name}.py of {package}")
            for theorem in theorems:
                if theorem.name in found:
                    raise InvalidParameter("name", theorem.name, f"a name of one theorem; {module.name}.py of {package} gives it to another")
                found[theorem.name] = theorem
    return found
