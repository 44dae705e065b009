"""Random chains as plain values, what they are after a change of the axis, and their laws."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from pmmtheory import schemes
from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.harness.hunt import targets
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.targets import Spec
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.schemes import Scheme

Chain = dict[str, Any]
"""{"target", "friction" (None: overdamped), "scheme", "options", "step", "steps" (None: stationary), "initial"}."""

LINE = ("EulerMaruyama", "RandomizedMidpoint", "PoissonMidpoint")
MOSTLY = ("EulerMaruyama",) * 5 + LINE[1:]
SPLITTINGS = ("BAOAB", "OBABO", "ABOBA", "UBU", "BUB")

EDGE = {"EulerMaruyama": 2.0, "RandomizedMidpoint": 1.596, "PoissonMidpoint": 1.215}
"""Overdamped, on a Gaussian of curvature L: the largest stable a L (that of PMM for K = inf and Bernoulli midpoints)."""


def overdamped(draw: Draw, target: Callable[[Draw], Spec] = targets.any_target, stationary: float = 0.6, names: tuple[str, ...] = MOSTLY) -> Chain:
    """A chain on the line; every third step is large, up to the edge of stability."""
    name = draw.one_of(names)
    spec = target(draw) if name == "EulerMaruyama" else nearer(target)(draw)
    options = poisson(draw) if name == "PoissonMidpoint" else {}
    most = EDGE[name]
    share = draw.log(0.15, 0.03)
    if draw.chance(0.35):
        share = draw.real(0.2, {"EulerMaruyama": 0.95, "RandomizedMidpoint": 0.5, "PoissonMidpoint": 0.3}[name])
    step = rounded(share * most / targets.steepest(spec))
    return _timed(draw, {"target": spec, "friction": None, "scheme": name, "options": options, "step": step}, stationary)


def underdamped(draw: Draw, target: Callable[[Draw], Spec] = targets.cheap, stationary: float = 0.7, names: tuple[str, ...] = ()) -> Chain:
    """A chain in the phase plane."""
    spec = nearer(target)(draw)
    name = draw.one_of(names or ("EulerMaruyama", *SPLITTINGS, "RandomizedMidpoint"))
    steep = math.sqrt(targets.steepest(spec))
    friction = rounded(steep * draw.log(1.0, 3.0))
    step = rounded(draw.log(0.4, 0.1) / steep)
    options = poisson(draw) if name == "PoissonMidpoint" else {}
    return _timed(draw, {"target": spec, "friction": friction, "scheme": name, "options": options, "step": step}, stationary)


def tolerance(draw: Draw, chain: Chain) -> float:
    """A tolerance that its law meets in about a second."""
    if chain["friction"] is not None or targets.kinks(chain["target"]):
        return 1e-4
    return draw.one_of([1e-5, 1e-6, 1e-4]) if chain["scheme"] == "EulerMaruyama" else draw.one_of([1e-4, 1e-4, 1e-5])


def poisson(draw: Draw) -> dict[str, Any]:
    """K and the kind of midpoints."""
    substeps = draw.one_of([2, 3, 8, math.inf, 40, 1])
    kinds = ["single", "bernoulli"] if substeps == math.inf else ["single", "bernoulli", "interior"]
    return {"substeps": substeps, "midpoints": draw.one_of(kinds)}


def build(chain: Chain) -> Scheme:
    """The scheme of pmmtheory."""
    target = targets.build(chain["target"])
    system = Overdamped(target) if chain["friction"] is None else Underdamped(target, chain["friction"])
    made: Scheme = getattr(schemes, chain["scheme"])(system, chain["step"], **chain["options"])
    return made


def law(chain: Chain, rtol: float, engine: str | None = None, scheme: Scheme | None = None) -> Any:
    """Its stationary law, or that after its steps."""
    made = scheme or build(chain)
    if chain["steps"] is None:
        return stationary_law(made, rtol=rtol, engine=engine)
    return transient_law(made, targets.build(chain["initial"]), chain["steps"], rtol=rtol, engine=engine)


def moved(chain: Chain, scale: float = 1.0, shift: float = 0.0, mirror: bool = False) -> Chain:
    """The chain of +-scale X + shift: the time of a step scales with scale^2, or underdamped with scale, and the velocity stays."""
    new = chain | {name: targets.moved(chain[name], scale, shift, mirror) for name in ("target", "initial") if chain[name] is not None}
    if chain["friction"] is None:
        return new | {"step": scale**2 * chain["step"]}
    return new | {"step": scale * chain["step"], "friction": chain["friction"] / scale}


def _timed(draw: Draw, chain: Chain, stationary: float) -> Chain:
    if draw.unit() < stationary:
        return chain | {"steps": None, "initial": None}
    spec = chain["target"]
    narrow = 1 / targets.steepest(spec)
    middle = sum(targets.ends(spec)) / 2
    initial = {"kind": "gaussian", "mean": round(64 * middle) / 64 + draw.place(2.0), "variance": rounded(narrow * draw.log(1.0, 4.0))}
    return chain | {"steps": draw.whole(1, 6), "initial": initial}


def nearer(target: Callable[[Draw], Spec]) -> Callable[[Draw], Spec]:
    """The same targets with their modes within 4 of the origin and no jump of the force, for laws that are costly: their grids are short."""

    def near(draw: Draw) -> Spec:
        spec = target(draw)
        if spec.get("form") == "corner":
            spec = spec | {"form": "kink"}
        return spec | {"means": [m if abs(m) < 4 else round(16 * m) / 64 for m in spec["means"]]} if spec["kind"] == "mixture" else spec

    return near


def rounded(value: float) -> float:
    """Three digits."""
    return float(f"{value:.3g}")
