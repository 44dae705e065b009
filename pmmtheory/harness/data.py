"""What diffusion models generate, by name."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from pmmtheory.harness.names import own_target

if TYPE_CHECKING:
    from pmmtheory.targets.line import LineTarget

DATA: dict[str, tuple[str, dict[str, Any]]] = {
    "two modes": ("GaussianMixture", {"weights": [0.4, 0.6], "means": [-1.5, 1.0], "variances": [0.1, 0.3]}),
    "one mode": ("Gaussian", {"mean": 0.7, "covariance": 0.3}),
    "two modes in the plane": ("GaussianMixture", {"weights": [0.4, 0.6], "means": [[-1.5, 0.0], [1.0, 0.5]], "variances": [0.1, 0.3]}),
}
"""Name -> what a diffusion model generates."""


def build_data(name: str) -> LineTarget:
    """The data of a name: ours, or a target of the project."""
    if name not in DATA:
        return own_target(name)
    kind, arguments = DATA[name]
    made: LineTarget = getattr(importlib.import_module("pmmtheory.targets"), kind)(**arguments)
    return made
