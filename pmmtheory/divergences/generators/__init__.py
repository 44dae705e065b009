"""Generators of f-divergences: one a file, found by the folder."""

from __future__ import annotations

from functools import lru_cache

from pmmtheory.discover import classes
from pmmtheory.divergences.generator import Generator


@lru_cache(maxsize=1)
def generators() -> dict[str, Generator]:
    """One of each kind, by the names of their divergences; of a family that with the parameters of its constructor left out."""
    made = [kind() for kind in classes(__name__, Generator).values()]
    return {f.name: f for f in made}
