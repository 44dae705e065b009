"""Laws on products of targets, of schemes whose coordinates do not feel each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from pmmtheory.chain import Chain
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws.engine import Engine, Refusal, engine_for, refused, starts_from
from pmmtheory.laws.product.law import ProductLaw
from pmmtheory.schemes import Scheme
from pmmtheory.schemes.drawn import drawn, states
from pmmtheory.targets.line import LineTarget, on_the_line
from pmmtheory.targets.product import Product

_SCALES = (0.7, 3.0, 9.0)
"""How far from the mean states are, in standard deviations, at which coordinates are seen to move alone."""

_ROUNDING = 1e-12
"""By how much a step may differ from that of its coordinates alone, relative to the state."""


class ProductEngine(Engine):
    """Chains on a product of targets on the line whose draws are not shared by the coordinates: every coordinate is a chain of its own."""

    name, rank, default_rtol = "product", 5, 1e-5

    def supports(self, chain: Chain, stationary: bool) -> Refusal | None:
        scheme = chain.scheme
        if (none := refused(lambda: _target(scheme))) is not None:
            return none
        target = _target(scheme)
        shared = [name for name, draw in scheme.draws.items() if draw.shared]
        if shared:
            return Refusal("scheme", scheme.name, f"one whose draws are not shared by the coordinates of a Product, as {shared[0]!r} is")
        if not _apart(scheme, target):
            return Refusal("scheme", scheme.name, "one whose step moves each coordinate of a Product as if it were alone")
        parts = (_alone(scheme, factor) for factor, _ in target.distinct)
        return next((refusal for part in parts if (refusal := _refused(part, stationary)) is not None), None) or _begins(chain, target)

    def stationary(self, scheme: Scheme, rtol: float, device: str) -> ProductLaw:
        """The stationary law, each coordinate to rtol/d in total variation."""
        parts = [(factor, None, places) for factor, places in _target(scheme).distinct]
        return _laws(scheme, rtol, parts, lambda engine, chain, accuracy: [engine.stationary(chain.scheme, accuracy, device)], "the stationary law")[0]

    def evolved(self, scheme: Scheme, start: Any, steps: Sequence[int], rtol: float, device: str) -> list[ProductLaw]:
        """The laws after the given numbers of steps, from a product of targets or laws, or a target on the line for every coordinate."""
        target, what = _target(scheme), f"the law after {steps[-1]} steps"
        parts = []
        for factor, places in target.distinct:
            for one, theirs in _starts(target, start):
                if len(both := places[torch.isin(places, theirs)]):
                    parts.append((factor, one, both))
        return _laws(scheme, rtol, parts, lambda engine, chain, accuracy: engine.transients(chain, steps, accuracy, device), what)


Part = tuple[LineTarget, Any, Tensor]
"""The target and the start of coordinates that are alike, and which they are."""


def _laws(scheme: Scheme, rtol: float, parts: Sequence[Part], compute: Callable[[Engine, Chain, float], Sequence[Any]], what: str) -> list[ProductLaw]:
    """What `compute` gives for each kind of coordinate."""
    target = _target(scheme)
    found = list[tuple[Sequence[Any], Tensor]]()
    for factor, start, places in parts:
        chain = Chain(_alone(scheme, factor), start)
        try:
            found.append((compute(engine_for(chain, start is None), chain, rtol / target.dim), places))
        except NotConverged as error:
            raise NotConverged(f"{what} of {scheme.name} on {target.name} (coordinate {int(places[0])})", error.reached * target.dim, rtol) from error
    return [ProductLaw([(laws[i], places) for laws, places in found]) for i in range(len(found[0][0]))]


def _target(scheme: Scheme) -> Product:
    target = scheme.dynamics.target
    if not isinstance(target, Product):
        raise InvalidParameter("target", getattr(target, "name", target), "a Product of targets on the line")
    return target


def _alone(scheme: Scheme, factor: LineTarget) -> Scheme:
    """The chain of one coordinate."""
    return scheme.over(scheme.dynamics.on(factor))


def _apart(scheme: Scheme, target: Product) -> bool:
    """Whether the step moves coordinates, one of each kind and the first and last, as their chains alone do: seen from random states near and far."""
    generator = torch.Generator().manual_seed(11)
    deviation, mean = torch.sqrt(target.variances), torch.as_tensor(target.mean, dtype=torch.float64)
    x = states(scheme, mean, deviation, _SCALES, generator)
    draws, z = drawn(scheme, x, generator), torch.randn(x.shape, generator=generator, dtype=torch.float64)
    try:
        seen, width = scheme.step(x, 0.0, draws)
        seen, noise = seen.expand(x.shape), width * z
        for j in sorted({0, target.dim - 1, *(int(places[0]) for _, places in target.distinct)}):
            own = [part[..., j] if target.dim > 1 else part for part in (x, seen, noise, z)]
            alone = {name: draw[..., j] if target.dim > 1 else draw for name, draw in draws.items()}
            told, factor = _alone(scheme, target.factors[j]).step(own[0], 0.0, alone)
            for one, other in ((own[1], told), (own[2], factor * own[3])):
                if not bool((torch.abs(one - other) <= _ROUNDING * (1 + own[0].abs() + one.abs())).all()):
                    return False
    except (RuntimeError, IndexError):
        return False
    return True


def _refused(scheme: Scheme, stationary: bool) -> Refusal | None:
    return refused(lambda: engine_for(Chain(scheme), stationary))


def _starts(target: Product, start: Any) -> Sequence[tuple[Any, Tensor]]:
    """Where coordinates start, and which start there."""
    return start.distinct if hasattr(start, "distinct") else [(start, torch.arange(target.dim))]


def _begins(chain: Chain, target: Product) -> Refusal | None:
    """Refused where the start is given, and is neither a product nor one target for every coordinate."""
    if refused(lambda: on_the_line(chain.start)) is None:
        return None
    return starts_from(chain, (Product, ProductLaw), f"a Product or law of {target.dim} coordinates, or one target on the line for all")
