"""The targets that studies name, and how a cell's plain parameters become objects."""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pmmtheory.schemes import Scheme
    from pmmtheory.targets.line import LineTarget


@dataclass(frozen=True)
class TargetEntry:
    """A target by class and arguments, with the facts that studies need before anything is computed."""

    kind: str
    arguments: dict[str, Any] = field(hash=False)
    smoothness: float
    log_concave: bool


TARGETS = {
    "gaussian": TargetEntry("Gaussian", {"mean": 0.3, "covariance": 1 / 1.7}, 1.7, True),
    "bimodal": TargetEntry("GaussianMixture", {"weights": [0.5, 0.5], "means": [-1.5, 1.5], "variances": [1.0, 1.0]}, 1.25, False),
    "skew mixture": TargetEntry("GaussianMixture", {"weights": [0.3, 0.7], "means": [-1.2, 1.0], "variances": [0.7, 1.1]}, 1.5, False),
    "cosine": TargetEntry("Cosine", {"amplitude": 0.5, "frequency": 2.0, "phase": 0.5}, 3.0, False),
    "ripple": TargetEntry("Cosine", {"amplitude": 0.6, "frequency": 1.0, "phase": 1.0}, 1.6, True),
    "log-cosh": TargetEntry("LogCosh", {}, 1.0, True),
}
"""Name -> target; `smoothness` only scales the step sizes."""


def build_target(name: str) -> LineTarget:
    """The target of a name."""
    entry = TARGETS[name]
    made: LineTarget = getattr(importlib.import_module("pmmtheory.targets"), entry.kind)(**entry.arguments)
    return made


def build_scheme(scheme: str, target: str, step_size: float, substeps: float | str | None = None, midpoints: str | None = None) -> Scheme:
    """The overdamped scheme of a name: a class of pmmtheory.schemes or, for controls, of pmmtheory.testing.broken."""
    from pmmtheory import schemes
    from pmmtheory.dynamics import Overdamped
    from pmmtheory.testing import broken

    options: dict[str, Any] = {}
    if substeps is not None:
        options["substeps"] = math.inf if substeps == "inf" else substeps
    if midpoints is not None:
        options["midpoints"] = midpoints
    maker = getattr(schemes, scheme, None) or getattr(broken, scheme)
    made: Scheme = maker(Overdamped(build_target(target)), step_size, **options)
    return made
