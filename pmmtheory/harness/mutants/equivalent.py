"""Faults that change no number that a claim is about, and why: argued by hand, in `equivalent.toml` beside the studies."""

from __future__ import annotations

import tomllib
from pathlib import Path


def argued(folder: Path) -> dict[str, str]:
    """Why a fault at a site is none, by the name of the site; empty where the project has no such file.

    The file has one table a reason:

        [[equivalent]]
        why = "a tolerance: how often a panel is split, not what is found"
        sites = ['targets/rules.py | if change > 0.5 * before: | 0.5']
    """
    path = folder / "equivalent.toml"
    if not path.exists():
        return {}
    return {site: table["why"] for table in tomllib.loads(path.read_text())["equivalent"] for site in table["sites"]}
