"""Random targets on the line as plain values, what they are after a change of the axis, and the pmmtheory targets that they name."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.targets import Gaussian, GaussianMixture, Potential
from pmmtheory.targets.line import LineTarget

Spec = dict[str, Any]
"""{"kind": "gaussian" | "mixture" | "potential", ...}."""

FORMS: dict[str, Callable[[Tensor, float, float], Tensor]] = {
    "ripple": lambda y, a, b: y * y / 2 + a * torch.cos(b * y + 0.7),
    "steep": lambda y, a, b: y * y / 2 + a * (torch.logaddexp(-2 * b * (y - 0.5), torch.zeros_like(y)) / b + y),
    "huber": lambda y, a, b: torch.where(y.abs() <= a, y * y / 2, a * y.abs() - a * a / 2),
    "kink": lambda y, a, b: torch.where(y < 0, a * y * y, y * y) / 2,
    "corner": lambda y, a, b: y * y / 2 + a * y.abs(),
}
"""Potentials of one variable with two parameters: a smooth ripple; a smooth steep wall; two with a kink in the force; one with a jump of it."""

KINKED = ("huber", "kink", "corner")


def gaussian(draw: Draw) -> Spec:
    """N(0, 1) to N(+-4, 0.1 to 10)."""
    return {"kind": "gaussian", "mean": draw.place(4.0), "variance": draw.log(1.0, 10.0) if draw.chance(0.5) else draw.log(1.0, 0.1)}


def mixture(draw: Draw, far: float = 8.0) -> Spec:
    """Two or three modes: near or far, of like or unlike weights and widths."""
    n = draw.whole(2, 3)
    apart = draw.one_of(["near", "far"])
    weights = [draw.real(1.0, 4.0) for _ in range(n)]
    if draw.chance(0.3):
        weights[0] = draw.log(1e-2, 1e-9)
    reach = 2.5 if apart == "near" else far
    means = [draw.place(reach) for _ in range(n)]
    spread = draw.one_of([1.5, 1.0, 10.0])
    variances = [draw.log(1.0, 1 / spread) for _ in range(n)]
    total = sum(weights)
    return {"kind": "mixture", "weights": [w / total for w in weights], "means": means, "variances": variances}


def potential(draw: Draw, forms: tuple[str, ...] = tuple(FORMS)) -> Spec:
    """A potential by the user's own function."""
    form, b = draw.one_of(forms), 0.0
    if form == "ripple":
        a, b = draw.real(0.0, 0.8), draw.real(1.0, 2.0)
    elif form == "steep":
        a, b = draw.real(0.2, 1.0), draw.log(1.0, 10.0)
    else:
        a = draw.log(2.0, 8.0) if form == "kink" else draw.log(1.0, 3.0)
    return {"kind": "potential", "form": form, "a": a, "b": b, "centre": 0.0, "scale": 1.0, "mirror": False}


def smooth(draw: Draw) -> Spec:
    """Any with a smooth force."""
    return draw.one_of([gaussian, mixture, smooth_potential])(draw)


def smooth_potential(draw: Draw) -> Spec:
    """A potential without a kink in the force."""
    return potential(draw, ("ripple", "steep"))


def cheap(draw: Draw) -> Spec:
    """Smooth and with one mode, for laws in the phase plane."""
    return draw.one_of([gaussian, gaussian, ripple])(draw)


def ripple(draw: Draw) -> Spec:
    """A quadratic potential with a ripple."""
    return potential(draw, ("ripple",))


def any_target(draw: Draw) -> Spec:
    """Any of them."""
    return draw.one_of([gaussian, mixture, potential, mixture])(draw)


def far_target(draw: Draw) -> Spec:
    """The same, with modes up to 28 apart."""
    return draw.one_of([far_mixture, gaussian, potential, far_mixture])(draw)


def far_mixture(draw: Draw) -> Spec:
    """Modes up to 28 apart."""
    return mixture(draw, 14.0)


def build(spec: Spec) -> LineTarget:
    """The target of pmmtheory."""
    if spec["kind"] == "gaussian":
        return Gaussian(spec["mean"], spec["variance"])
    if spec["kind"] == "mixture":
        return GaussianMixture(spec["weights"], spec["means"], spec["variances"])
    form, a, b, centre, scale = FORMS[spec["form"]], spec["a"], spec["b"], spec["centre"], spec["scale"] * (-1 if spec["mirror"] else 1)
    return Potential(lambda x: form((x - centre) / scale, a, b), name=f"{spec['form']}({a:g}, {b:g})")


def moved(spec: Spec, scale: float = 1.0, shift: float = 0.0, mirror: bool = False) -> Spec:
    """The law of +-scale X + shift; exact for powers of two and whole shifts."""
    sign = -scale if mirror else scale
    new = dict(spec)
    if spec["kind"] == "gaussian":
        return new | {"mean": sign * spec["mean"] + shift, "variance": scale**2 * spec["variance"]}
    if spec["kind"] == "mixture":
        return new | {"means": [sign * m + shift for m in spec["means"]], "variances": [scale**2 * v for v in spec["variances"]]}
    return new | {"centre": sign * spec["centre"] + shift, "scale": scale * spec["scale"], "mirror": spec["mirror"] != mirror}


def steepest(spec: Spec) -> float:
    """The largest curvature in the modes: 1/variance of the narrowest, or a bound of F''."""
    if spec["kind"] == "gaussian":
        return 1 / spec["variance"]  # type: ignore[no-any-return]
    if spec["kind"] == "mixture":
        return 1 / min(spec["variances"])  # type: ignore[no-any-return]
    a, b = spec["a"], spec["b"]
    most = {"ripple": 1 + a * b * b, "steep": 1 + a * b, "huber": 1.0, "kink": max(a, 1.0), "corner": 1.0}[spec["form"]]
    return most / spec["scale"] ** 2  # type: ignore[no-any-return]


def kinks(spec: Spec) -> list[float]:
    """Where the force has a kink or a jump."""
    if spec["kind"] != "potential" or spec["form"] not in KINKED:
        return []
    places = [0.0] if spec["form"] != "huber" else [-spec["a"], spec["a"]]
    return [spec["centre"] + spec["scale"] * place for place in places]


def ends(spec: Spec) -> tuple[float, float]:
    """An interval outside which there is less than 1e-17 of the mass, with room for a law twice as wide."""
    if spec["kind"] == "gaussian":
        reach = 9 * math.sqrt(spec["variance"])
        return spec["mean"] - reach, spec["mean"] + reach
    if spec["kind"] == "mixture":
        pairs = list(zip(spec["means"], spec["variances"], strict=True))
        return min(m - 9 * math.sqrt(v) for m, v in pairs), max(m + 9 * math.sqrt(v) for m, v in pairs)
    reach = spec["scale"] * (48 / spec["a"] + 2 * spec["a"] if spec["form"] == "huber" else 10.0)
    return spec["centre"] - reach, spec["centre"] + reach
