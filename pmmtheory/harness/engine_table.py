"""Which engine has the law of which chain, as the engines themselves say."""

from __future__ import annotations

import inspect
from typing import Any

from pmmtheory.chain import Chain
from pmmtheory.dynamics import Dynamics, Overdamped, ReverseDiffusion, Underdamped
from pmmtheory.errors import InvalidParameter, PmmError
from pmmtheory.laws import engines
from pmmtheory.schemes import Scheme
from pmmtheory.schemes.found import found_schemes
from pmmtheory.targets import Cosine, Gaussian, GaussianMixture, Product

_LINE, _SPACE = GaussianMixture([0.4, 0.6], [-1.0, 1.0], [0.3, 0.3]), Gaussian(0.0, [1.0, 2.0, 3.0])
_PLANE = GaussianMixture([0.4, 0.6], [[-1.0, 0.0], [1.0, 0.5]], [0.3, 0.3])

CHAINS: dict[str, Dynamics] = {
    "overdamped, on the line": Overdamped(Cosine()),
    "overdamped, in the plane": Overdamped(_PLANE),
    "overdamped, Product": Overdamped(Product([Cosine()] * 3)),
    "overdamped, Gaussian": Overdamped(_SPACE),
    "underdamped, on the line": Underdamped(Cosine(), 1.0),
    "underdamped, Product": Underdamped(Product([Cosine()] * 3), 1.0),
    "underdamped, Gaussian": Underdamped(_SPACE, 1.0),
    "reverse diffusion, on the line": ReverseDiffusion(_LINE, 1.0, 0.2),
    "reverse diffusion, in the plane": ReverseDiffusion(_PLANE, 1.0, 0.2),
    "reverse diffusion, Gaussian": ReverseDiffusion(_SPACE, 1.0, 0.2),
}
"""Dynamics and a target of each kind."""

_PARTICLES, _NONE = "particles", "-"


def markdown() -> str:
    """A table of the first engines that serve, a scheme a row: for the stationary law, and behind a comma for those after n steps where another does."""
    rows = [["", *CHAINS], ["---"] * (1 + len(CHAINS))]
    for kind in found_schemes().values():
        for options in _options(kind):
            name = ", ".join([kind.__name__, *options.values()])
            rows.append([name, *(_served(kind, options, dynamics) for dynamics in CHAINS.values())])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _options(kind: type[Scheme]) -> list[dict[str, str]]:
    """The kinds of midpoints of a scheme, which differ in what is known of them."""
    return [{"midpoints": kind} for kind in ("bernoulli", "single")] if "midpoints" in inspect.signature(kind).parameters else [{}]


def built(kind: type[Scheme], dynamics: Dynamics, step_size: float, options: dict[str, str] | None = None) -> Scheme | None:
    """A scheme with 5 substeps, or whatever it counts; None where it does not take the dynamics."""
    counts: dict[str, Any] = {name: 5 for name in ("substeps", "n") if name in inspect.signature(kind).parameters}
    try:
        return kind(dynamics, step_size, **(options or {}), **counts)
    except InvalidParameter:
        return None


def _served(kind: type[Scheme], options: dict[str, str], dynamics: Dynamics) -> str:
    scheme = built(kind, dynamics, 0.1, options)
    if scheme is None:
        return _NONE
    found = [_first(Chain(scheme), stationary) for stationary in (True, False)]
    if found[0] == _PARTICLES or found[0] == found[1]:
        return found[1]
    return ", ".join(found)


def _first(chain: Chain, stationary: bool) -> str:
    engine = next((engine for engine in engines() if engine.supports(chain, stationary) is None), None)
    if engine is None:
        return _PARTICLES
    if engine.quick:  # whether a step is affine is seen when its law is asked for
        try:
            engine.transients(Chain(chain.scheme, chain.scheme.dynamics.law_at(0.0)), [1], engine.default_rtol, "cpu")
        except PmmError:
            return _PARTICLES
    return engine.name
