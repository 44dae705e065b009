"""Random steps as a user writes them, as plain values: a force, a noise, a kick and a term in a draw, in any combination.

X' = x + a f(x, draws) + k(draws) + e(draws) + g(x, draws) Z. What a piece is, `pieces` says once, for torch and for numpy: it is the case, no route to its law.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pmmtheory.dynamics import Overdamped
from pmmtheory.harness.hunt import targets
from pmmtheory.harness.hunt.chains import rounded
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.hunt.oracles import force
from pmmtheory.schemes import Draw as SchemeDraw
from pmmtheory.schemes import Index, Normal, Scheme, Uniform
from pmmtheory.schemes.draw import Rule

Spec = dict[str, Any]
"""{"force", "noise", "kick", "extra": each {"kind", ...}, "step", "target", "declares"}."""


@dataclass(frozen=True)
class Coin(SchemeDraw):
    """One with probability p, else zero: a draw of the user's own."""

    p: float

    def sample(self, shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        return (torch.rand(shape, generator=generator, dtype=dtype, device=generator.device) < self.p).to(dtype)

    def rule(self, level: int) -> Rule:
        return np.array([0.0, 1.0]), np.array([1 - self.p, self.p])


def draw(draw: Draw) -> Spec:
    """A step on a random target; at most two of its draws are continuous."""
    target = targets.potential(draw, ("ripple", "steep", "kink", "huber")) if draw.chance(0.2) else draw.one_of([targets.gaussian, _near])(draw)
    pull = _force(draw)
    few = pull["kind"] == "midpoint"
    noise, nothing = _noise(draw), {"kind": "none"}
    few = few or noise["kind"] == "drawn"
    extra = nothing if few or not draw.chance(0.4) else _extra(draw)
    kick = nothing if few or extra["kind"] != "none" and draw.chance(0.7) else _kick(draw)
    wide = math.sqrt(1 / targets.steepest(target))
    step = rounded(draw.log(0.15, 0.05) / targets.steepest(target) if draw.chance(0.6) else draw.real(0.2, 0.7) / targets.steepest(target))
    place = rounded(sum(targets.ends(target)) / 2 + wide * draw.real(0.0, 1.5) * draw.one_of([1, -1]))
    return {
        "target": target,
        "step": step,
        "force": pull,
        "noise": noise,
        "kick": kick,
        "extra": extra,
        "place": place,
        "wide": wide,
        "declares": not draw.chance(0.3),
    }


def _near(draw: Draw) -> targets.Spec:
    """Two or three modes that are neither far nor narrow."""
    spec = targets.mixture(draw, 2.5)
    return spec | {"variances": [max(v, 0.4) for v in spec["variances"]], "means": [m / 4 if abs(m) > 2.5 else m for m in spec["means"]]}


def _force(draw: Draw) -> Spec:
    kind = draw.one_of(["plain", "clip", "tamed", "batch", "midpoint", "heun", "choice"])
    spec: Spec = {"kind": kind}
    if kind == "clip":
        return spec | {"most": draw.real(1.0, 3.0)}
    if kind == "batch":
        n = draw.one_of([2, 3, 10, 300])
        return spec | {"n": n, "spread": draw.real(0.5, 3.0), "times": draw.chance(0.5), "rough": draw.chance(0.3)}
    if kind == "midpoint":
        return spec | {"most": draw.one_of([1.0, 0.5]), "least": draw.one_of([0.0, 0.5])}
    return spec | {"cut": draw.real(0.5, 0.03), "times": draw.real(0.5, 2.0)} if kind == "choice" else spec


def _noise(draw: Draw) -> Spec:
    kind = draw.one_of(["plain", "scaled", "tanh", "dip", "kinked", "growing", "root", "drawn", "plain", "steps"])
    size = {"scaled": draw.log(1.0, 0.2), "dip": draw.real(0.3, 0.9), "growing": draw.real(0.05, 0.5), "root": draw.real(0.1, 1.0)}
    return {"kind": kind, "size": size.get(kind, draw.real(0.2, 0.9)), "width": draw.log(1.0, 0.1)}


def _kick(draw: Draw) -> Spec:
    kind = draw.one_of(["none", "none", "narrow", "rare", "coin", "tail"])
    if draw.chance(0.04):
        kind = "switch"
    p = draw.log(0.1, 2e-4)
    return {"kind": kind, "p": p, "size": draw.real(1.0, 6.0) * draw.one_of([1, -1]), "at": draw.real(0.3, 0.98)}


def _extra(draw: Draw) -> Spec:
    kind = draw.one_of(["power", "root", "wave", "square", "bend", "kink", "bent normal", "cube"])
    return {"kind": kind, "size": draw.real(0.5, 2.0), "rate": draw.real(2.0, 20.0), "at": draw.real(0.5, 0.05)}


def kick_ends(kick: Spec) -> tuple[float, float]:
    """The u between which a kick is given."""
    return (0.0, kick["p"]) if kick["kind"] == "rare" else (kick["at"] * (1 - kick["p"]), kick["at"] * (1 - kick["p"]) + kick["p"])


def pieces(xp: Any, spec: Spec, b: Callable[[Any], Any], x: Any, draws: Mapping[str, Any]) -> tuple[Any, Any]:
    """Mean and factor of the last Gaussian, by the functions of torch or of numpy."""
    a, pull, kick, wide = spec["step"], spec["force"], spec["kick"], spec["wide"]
    mean, factor = _pulled(xp, a, pull, b, x, draws, spec)
    factor = factor * _spread(xp, spec["noise"], (x - spec["place"]) / wide, draws)
    one = 1.0 + 0 * x  # a number alone has single precision in torch.where
    if kick["kind"] in ("narrow", "rare"):
        low, high = kick_ends(kick)
        mean = mean + kick["size"] * wide * xp.where((draws["k"] > low) & (draws["k"] < high), one, 0.0)
    elif kick["kind"] == "coin":
        mean = mean + kick["size"] * wide * draws["k"]
    elif kick["kind"] == "tail":
        mean = mean + kick["size"] * wide * xp.where(draws["k"] > 4 * kick["at"] - 1, one, 0.0)
    elif kick["kind"] == "switch":
        mean = mean + kick["size"] / 4 * wide * xp.where(draws["k"] < 1 / (1 + xp.exp((x - spec["place"]) / wide)), one, 0.0)
    return mean + _term(xp, spec["extra"], a, draws, wide), factor


def _pulled(xp: Any, a: float, pull: Spec, b: Callable[[Any], Any], x: Any, draws: Mapping[str, Any], spec: Spec) -> tuple[Any, Any]:
    kind, width = pull["kind"], math.sqrt(2 * a)
    if kind == "midpoint":
        u = pull["least"] + (pull["most"] - pull["least"]) * draws["u"] if pull["most"] > pull["least"] else 0 * draws["u"] + pull["least"]
        path = width * xp.sqrt(u) * draws["z"]
        return x + a * b(x + a * u * b(x) + path) + path, width * xp.sqrt(1 - u)
    now = b(x)
    if kind == "clip":
        now = xp.clip(now, -pull["most"] / spec["wide"], pull["most"] / spec["wide"])
    elif kind == "tamed":
        now = now / (1 + a * abs(now))
    elif kind == "heun":
        now = (now + b(x + a * now)) / 2
    elif kind == "choice":
        now = xp.where(draws["u"] < pull["cut"], now, pull["times"] * now)
    elif kind == "batch":
        error = xp.cos(1e3 * draws["u"] ** 2) if pull["rough"] else 2 * draws["u"] - 1 + 1 / pull["n"]
        now = now * (1 + pull["spread"] / 3 * error) if pull["times"] else now + pull["spread"] / spec["wide"] * error
    return x + a * now, width


def _spread(xp: Any, noise: Spec, y: Any, draws: Mapping[str, Any]) -> Any:
    """How many times sqrt(2a) the factor is, y the place in widths of the target."""
    kind, c = noise["kind"], noise["size"]
    if kind == "tanh":
        return 1 + c * xp.tanh(y / noise["width"])
    if kind == "dip":
        return 1 - c * xp.exp(-((y / noise["width"]) ** 2) / 2)
    if kind == "kinked":
        return 1 + c * xp.clip(y, -1.0, 1.0)
    if kind == "growing":
        return 1 + c * abs(y)
    if kind == "root":
        return xp.sqrt(1 + c * y * y)
    if kind == "steps":
        return xp.where(y < 0, 1.0 + 0 * y, 1 - c)
    return c if kind == "scaled" else 1 + c * (2 * draws["n"] - 1) if kind == "drawn" else 1.0


def _term(xp: Any, extra: Spec, a: float, draws: Mapping[str, Any], wide: float) -> Any:
    if (kind := extra["kind"]) == "none":
        return 0.0
    u = draws["e"]
    size = extra["size"] * (a / wide if kind in ("square", "cube") else math.sqrt(a))
    forms: dict[str, Callable[[], Any]] = {
        "power": lambda: u ** round(extra["rate"]),
        "root": lambda: xp.sqrt(u),
        "wave": lambda: xp.sin(extra["rate"] * u),
        "kink": lambda: abs(u - extra["at"]),
        "square": lambda: u * u - 1,
        "cube": lambda: u**3 / 3,
        "bend": lambda: xp.tanh(extra["rate"] / 3 * (u - extra["at"])),
        "bent normal": lambda: abs(u - extra["at"]),
    }
    return size * forms[kind]()


def bends(spec: Spec) -> list[float]:
    """The places in the state where a step has a kink or a jump."""
    places, wide = list(targets.kinks(spec["target"])), spec["wide"]
    if spec["noise"]["kind"] == "kinked":
        places += [spec["place"] - wide, spec["place"] + wide]
    if spec["noise"]["kind"] in ("growing", "steps"):
        places.append(spec["place"])
    kind = spec["force"]["kind"]
    if kind in ("clip", "tamed"):
        b, (low, high) = force(spec["target"]), targets.ends(spec["target"])
        levels = [-spec["force"]["most"] / wide, spec["force"]["most"] / wide] if kind == "clip" else [0.0]
        x = np.linspace(3 * low - 2 * high, 3 * high - 2 * low, 40_001)
        for level in levels:
            for k in np.flatnonzero(np.diff(np.sign(b(x) - level))):
                places.append(_crossing(b, level, x[k], x[k + 1]))
    return sorted(set(places))


def _crossing(b: Callable[[Any], Any], level: float, low: float, high: float) -> float:
    left = b(np.array([low]))[0] < level
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if (b(np.array([middle]))[0] < level) == left else (low, middle)
    return float((low + high) / 2)


class Written(Scheme):
    """The scheme of a spec."""

    drift_calls = 1.0
    smooth = False

    def __init__(self, dynamics: Overdamped, step_size: float, spec: Spec):
        super().__init__(dynamics, step_size)
        self.spec = spec
        self.draws = draws_of(spec)

    @property
    def kinks(self) -> tuple[float, ...]:
        return tuple(bends(self.spec)) if self.spec["declares"] else ()

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        return pieces(torch, self.spec | {"step": self.step_size}, lambda y: self.dynamics.drift(y, t), x, draws)


def draws_of(spec: Spec) -> dict[str, SchemeDraw]:
    """What a step draws."""
    pull, kick, extra = spec["force"], spec["kick"]["kind"], spec["extra"]["kind"]
    found: dict[str, SchemeDraw] = {}
    if pull["kind"] == "midpoint":
        found |= {"u": Uniform(), "z": Normal()}
    elif pull["kind"] in ("batch", "choice"):
        found["u"] = Index(pull["n"]) if pull["kind"] == "batch" else Uniform()
    if spec["noise"]["kind"] == "drawn":
        found["n"] = Uniform()
    if kick != "none":
        found["k"] = Coin(spec["kick"]["p"]) if kick == "coin" else Normal() if kick == "tail" else Uniform()
    if extra != "none":
        found["e"] = Normal() if extra in ("square", "bend", "bent normal", "cube") else Uniform()
    return found


def build(spec: Spec) -> Scheme:
    """The scheme of pmmtheory."""
    return Written(Overdamped(targets.build(spec["target"])), spec["step"], spec)
