"""The targets that studies name, and how a cell's plain parameters become objects."""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pmmtheory.harness.names import named, own_target

if TYPE_CHECKING:
    from pmmtheory.schemes import Scheme
    from pmmtheory.targets import Gaussian, Target
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


def build_target(name: str, dim: int = 1) -> LineTarget:
    """The target of a name: ours, or `target` in the file of that name in the project's targets/.

    In dimension dim, with the same law of every coordinate, for the Gaussian only.
    """
    from pmmtheory.errors import InvalidParameter

    if name not in TARGETS:
        return own_target(name)
    entry = TARGETS[name]
    if dim != 1 and entry.kind != "Gaussian":
        raise InvalidParameter("dim", dim, f"1 for the target {name!r}")
    arguments = entry.arguments | ({"dim": dim} if dim != 1 else {})
    made: LineTarget = getattr(importlib.import_module("pmmtheory.targets"), entry.kind)(**arguments)
    return made


def build_gaussian(name: str, dim: int = 1) -> Gaussian:
    """The target of a name that must be a Gaussian."""
    from pmmtheory.errors import InvalidParameter
    from pmmtheory.targets import Gaussian

    target = build_target(name, dim)
    if not isinstance(target, Gaussian):
        raise InvalidParameter("target", name, "a Gaussian")
    return target


def build_scheme(
    scheme: str,
    target: str,
    step_size: float,
    substeps: float | str | None = None,
    midpoints: str | None = None,
    friction: float | None = None,
    dim: int = 1,
    dynamics: str | None = None,
    **options: Any,
) -> Scheme:
    """The scheme of a name, underdamped where a friction is given, or on dynamics of the project's own; options are those of the scheme."""
    return scheme_on(build_target(target, dim), scheme, step_size, substeps, midpoints, friction, dynamics, **options)


def scheme_on(
    goal: Target,
    scheme: str,
    step_size: float,
    substeps: float | str | None = None,
    midpoints: str | None = None,
    friction: float | None = None,
    dynamics: str | None = None,
    **options: Any,
) -> Scheme:
    """The same on a target itself."""
    from pmmtheory.dynamics import Overdamped, Underdamped

    if substeps is not None:
        options["substeps"] = number_of_substeps(substeps)
    if midpoints is not None:
        options["midpoints"] = midpoints
    kind: Any = Overdamped if friction is None else Underdamped
    if dynamics is not None:
        kind = named(dynamics, "dynamics")
    made: Scheme = scheme_class(scheme)(kind(goal) if friction is None else kind(goal, friction), step_size, **options)
    return made


def scheme_class(name: str) -> type[Scheme]:
    """A class of the project's schemes/, of pmmtheory.schemes or, for controls, of pmmtheory.testing.broken."""
    from pmmtheory import schemes
    from pmmtheory.testing import broken

    return named(name, "schemes", schemes, broken)  # type: ignore[no-any-return]


def number_of_substeps(substeps: float | str) -> float:
    """K as a number, from a plain value of a cell: "inf" is infinity."""
    return math.inf if substeps == "inf" else float(substeps)
