"""Distances of stationary laws from their targets, and their leading terms, by one set of names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from experiments.measures.leading_covariance import predict
from pmmtheory import divergences
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import build_gaussian, build_scheme, build_target, number_of_substeps, scheme_class
from pmmtheory.harness.measures import plane_error, stationary_error
from pmmtheory.harness.names import named
from pmmtheory.laws import stationary_law
from pmmtheory.targets import Gaussian
from pmmtheory.theory import leading_term, phase_leading_term

POWERS = {"kl": 2, "tv": 1, "w2": 1}
"""Of step^order, by the distance."""


@dataclass(frozen=True)
class Setting:
    """The plain parameters of a chain but its step, underdamped where it has a friction."""

    target: str
    scheme: str
    dim: int = 1
    friction: float | None = None
    substeps: float | str | None = None
    midpoints: str | None = None

    @property
    def _gaussian(self) -> bool:
        return isinstance(build_target(self.target, self.dim), Gaussian)

    @property
    def _parts(self) -> tuple[str, ...]:
        return ("position",) if self.friction is None else ("position", "velocity")

    def _named(self, part: str, distance: str) -> str:
        return distance if self.friction is None else f"{part} {distance}"

    def leading(self) -> dict[str, tuple[int, Estimate]]:
        """By distance, overdamped "kl", "tv" and "w2", else "position kl" and so on: the power of the step and the constant, where they are known."""
        kind, many = self.midpoints or "bernoulli", "inf" if self.substeps is None else self.substeps
        known: dict[str, tuple[int, Estimate]] = {}
        for part, order, term in self._terms(kind, many):
            for distance, power in POWERS.items():
                constant = getattr(term, distance)
                if isinstance(constant, Estimate):
                    known[self._named(part, distance)] = power * order, constant
        return known

    def _terms(self, kind: str, many: float | str) -> Iterator[tuple[str, int, Any]]:
        if self._gaussian:
            found = predict(self.target, self.scheme, self.friction, many, kind)
            for part in self._parts:
                try:
                    term = found.distances(part, self.dim)
                except InvalidParameter:  # without an error up to order 5
                    continue
                yield part, term.order, term
        elif self.friction is None:
            line = leading_term(scheme_class(self.scheme), build_target(self.target), number_of_substeps(many), kind)
            yield "position", line.order, line
        else:
            plane = phase_leading_term(scheme_class(self.scheme), build_target(self.target), self.friction, number_of_substeps(many), kind)
            for part in self._parts:
                yield part, plane.order, getattr(plane, part)

    def distances(self, device: str, step_size: float) -> dict[str, Estimate]:
        """The distances at a step, by the same names."""
        plain: dict[str, Any] = {"target": self.target, "scheme": self.scheme, "step_size": step_size, "substeps": self.substeps, "midpoints": self.midpoints}
        if not self._gaussian:
            if self.friction is None:
                return stationary_error.measure(device, **plain, distances=" ".join(POWERS))
            return plane_error.measure(device, **plain, friction=self.friction)
        law = stationary_law(build_scheme(**plain, friction=self.friction, dim=self.dim), device=device, engine="gaussian")
        goals = {"position": build_gaussian(self.target, self.dim), "velocity": Gaussian(dim=self.dim)}
        return {self._named(part, name): named(name, "divergences", divergences)(getattr(law, part), goals[part]) for part in self._parts for name in POWERS}
