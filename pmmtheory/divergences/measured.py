"""From the arguments of a divergence to its number."""

from __future__ import annotations

from typing import Any

from pmmtheory.divergences.comparison import pair_of
from pmmtheory.divergences.generator import Generator
from pmmtheory.divergences.pair import Pair
from pmmtheory.divergences.samples import is_sample
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate


def measured(f: Generator, law: Any, other: Any) -> Estimate:
    """The divergence of a generator."""
    return f.of(pair(f.name, law, other))


def pair(name: str, law: Any, other: Any, allowed: str = "") -> Pair:
    """The pair of two laws, for the divergence of this name; raises InvalidParameter where they are not of one kind, with what is allowed, and of a sample."""
    if is_sample(law):
        raise InvalidParameter("law", f"a sample, for {name}", "a law: samples have w2 on the line and sliced_w2 in the plane")
    return pair_of(law, other, name, allowed)
