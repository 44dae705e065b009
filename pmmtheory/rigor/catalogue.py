"""The numbers that are certified: each file in values/ gives some."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Sequence
from importlib import import_module

from pmmtheory.errors import InvalidParameter
from pmmtheory.rigor import values
from pmmtheory.rigor.enclosure import BITS, Certificate, Claimed


def claims() -> dict[str, list[Claimed]]:
    """By the name of its file: what is to be certified."""
    names = sorted(info.name for info in pkgutil.iter_modules(values.__path__))
    return {name: list(import_module(f"{values.__name__}.{name}").claims()) for name in names}


def certificates(groups: Sequence[str] | None = None, bits: int = BITS) -> Iterator[Certificate]:
    """Certify the groups that are named, all of them unless given, one number after the other.

    Raises
    ------
    InvalidParameter
        For a group that does not exist.

    Examples
    --------
    >>> all(one.holds for one in certificates(["phase_plane"]))
    True
    """
    known = claims()
    for name in groups or ():
        if name not in known:
            raise InvalidParameter("groups", name, f"one of {', '.join(known)}")
    chosen = known if groups is None else groups
    return (claimed.certify(bits) for name in chosen for claimed in known[name])
