"""Faults that change no number that a claim is about, and why: argued by hand, in `equivalent.toml` beside the studies."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from pmmtheory.harness.mutants.fault import Site


def argued(folder: Path) -> dict[str, str]:
    """Why a fault is none, by the name of a site, or of a line for all its literals and factors; empty where the project has no such file.

    The file has one table a reason:

        [[equivalent]]
        why = "a tolerance: how often a panel is split, not what is found"
        sites = ['targets/rules.py | if change > 0.5 * before: | 0.5', 'targets/rules.py | few = 1e-3 * size']
    """
    path = folder / "equivalent.toml"
    if not path.exists():
        return {}
    return {site: table["why"] for table in tomllib.loads(path.read_text())["equivalent"] for site in table["sites"]}


def why_none(site: Site, known: Mapping[str, str]) -> str:
    """Why a fault at a site is none; empty where that is not argued. A sign or an index is argued by its own name alone."""
    return known.get(site.name, "") or (known.get(site.line_name, "") if site.kind in ("literal", "factor") else "")
