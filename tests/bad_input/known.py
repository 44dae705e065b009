"""Every public callable, with good values of its parameters."""

from __future__ import annotations

import importlib
import inspect
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
import torch

from pmmtheory.chain import Chain
from pmmtheory.dynamics import Overdamped, ReverseDiffusion, Underdamped
from pmmtheory.errors import PmmError
from pmmtheory.laws import stationary_law
from pmmtheory.schedulers import DDIM, ExactPredictor, NoiseLevels, NoiseSchedule
from pmmtheory.schemes import BAOAB, EulerMaruyama, PoissonMidpoint
from pmmtheory.targets import Banana, Cosine, DoubleWell, Funnel, Gaussian, GaussianMixture, LogCosh, Phi4, Potential, Product, Ring
from tests.bad_input.good_values import good_values, square

ROOMS = ("targets", "dynamics", "schemes", "schedulers", "laws", "divergences", "rates", "theory", "particles", "testing", "noise", "images", "theory.bounds")

BUILT_INSIDE = {
    *(
        "LineLaw",
        "LinearLaw",
        "PlanarLaw",
        "PlaneLaw",
        "ProductLaw",
        "Refusal",
        "LeadingCovariance",
        "LeadingDistances",
        "LeadingTerm",
        "RateFit",
        "DerivedOrder",
        "PhaseLeadingTerm",
        "PhaseOrder",
    ),
    *("AssumptionViolated", "SmallPerturbation", "Theorem"),
    *("Spectrum", "BrokenScheme", "BlockFactor", "PoissonStructure", "Constant", "UncheckedScheme", "SetDistance", "Bias", "CoupledDifference", "Expectations"),
}
"""Results and parts of schemes: what the package builds and its users read."""


OF_ENGINES = {"inherit", "resolved_by", "beyond", "misplaced"}
"""Methods of laws that engines call."""


@dataclass(frozen=True)
class Subject:
    """A callable with a name, and the values that its parameters have while one of them is bad."""

    name: str
    call: Callable[..., Any]
    parameters: dict[str, inspect.Parameter]
    good: dict[str, Any]

    def with_bad(self, parameter: str, value: Any) -> Callable[[], Any]:
        return partial(self.call, **{**self.good, parameter: value})


def square_in_the_plane(x: torch.Tensor) -> torch.Tensor:
    return (x**2).sum(-1) / 2


def functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every public class and function."""
    yield from _exported()


def methods() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every public method of what they build that is not handed states: those are of the inner loop, where tensors come in and tensors go out."""
    for name, item in _instances().items():
        for key, _ in inspect.getmembers(type(item), callable):
            if key.startswith("_") or key in OF_ENGINES or isinstance(inspect.getattr_static(type(item), key), property):
                continue
            method = getattr(item, key)
            parameters = _own_parameters(method)
            states = any(kind in str(p.annotation) for p in parameters.values() for kind in ("Tensor", "Time", "Mapping"))
            if parameters and not states:
                yield f"{name}.{key}", method


def _exported() -> Iterator[tuple[str, Any]]:
    seen: set[int] = set()
    for room in ROOMS:
        module = importlib.import_module(f"pmmtheory.{room}")
        for name in getattr(module, "__all__", [key for key in vars(module) if not key.startswith("_")]):
            item = getattr(module, name)
            wanted = inspect.isfunction(item) or (inspect.isclass(item) and not inspect.isabstract(item))
            if wanted and name not in BUILT_INSIDE and id(item) not in seen and _own_parameters(item):
                seen.add(id(item))
                yield f"{room}.{name}", item
    yield "chain.Chain", Chain


@lru_cache(maxsize=1)
def _instances() -> dict[str, Any]:
    line, schedule = Gaussian(), NoiseSchedule(np.linspace(1e-3, 0.2, 20))
    return {
        "Gaussian()": line,
        "GaussianMixture()": GaussianMixture([0.5, 0.5], [-1.0, 1.0], [1.0, 1.0]),
        "Cosine()": Cosine(),
        "DoubleWell()": DoubleWell(),
        "LogCosh()": LogCosh(),
        "Potential()": Potential(square),
        "Potential(dim=2)": Potential(square_in_the_plane, dim=2),
        "Gaussian(dim=2)": Gaussian(dim=2),
        "Banana()": Banana(),
        "Funnel()": Funnel(),
        "Phi4()": Phi4(),
        "Ring()": Ring(),
        "Product()": Product([line, Cosine()]),
        "Overdamped()": Overdamped(line),
        "Underdamped()": Underdamped(line, 2.0),
        "ReverseDiffusion()": ReverseDiffusion(line, 1.0, 0.1),
        "EulerMaruyama()": EulerMaruyama(Overdamped(line), 0.1),
        "PoissonMidpoint()": PoissonMidpoint(Overdamped(line), 0.1, 4),
        "BAOAB()": BAOAB(Underdamped(line, 2.0), 0.1),
        "LineLaw()": stationary_law(EulerMaruyama(Overdamped(Cosine()), 0.1)),
        "PlaneLaw()": stationary_law(EulerMaruyama(Underdamped(line, 2.0), 0.1)),
        "LinearLaw()": stationary_law(EulerMaruyama(Underdamped(line, 2.0), 0.1), engine="gaussian"),
        "NoiseSchedule()": schedule,
        "NoiseLevels()": NoiseLevels(np.linspace(-0.001, -3.0, 20)),
        "DDIM()": DDIM(schedule, 4),
        "ExactPredictor()": ExactPredictor(line, schedule),
    }


def _own_parameters(item: Any) -> dict[str, inspect.Parameter]:
    try:
        found = inspect.signature(item).parameters
    except (TypeError, ValueError):
        return {}
    return {name: p for name, p in found.items() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}


class Refuses(LookupError):
    """A method that there is not for this object: every call is refused by an error of pmmtheory."""


def subject(name: str, call: Callable[..., Any]) -> Subject:
    """A callable with good values of what it must be given; raises LookupError where none is known, or none is taken."""
    parameters = _own_parameters(call)
    given = [key for key, p in parameters.items() if p.default is p.empty or key in ("steps", "initial", "skip", "burn_in", "time", "variances")]
    unknown = [key for key in given if key not in good_values()]
    if unknown:
        raise LookupError(f"{name} has parameters without a known good value: {unknown}")
    said: list[Exception] = []
    for values in itertools.islice(itertools.product(*(good_values()[key] for key in given)), 200):
        good = dict(zip(given, values, strict=True))
        try:
            call(**good)
        except Exception as error:
            said.append(error)
            continue
        return Subject(name, call, parameters, good)
    if all(isinstance(error, PmmError) for error in said):
        raise Refuses(f"{name}: {said[-1]}")
    raise LookupError(f"{name} takes no known values: {[repr(error) for error in said if not isinstance(error, PmmError)][:3]}")
