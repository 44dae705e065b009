"""The study of chains in the plane: its constants are those of the line where F is a sum, and its claims are decided as they should be."""

from __future__ import annotations

import math

import pytest
from torch import Tensor

from experiments.measures import plane_constants, plane_distances
from experiments.studies.plane import study
from pmmtheory.schemes import EulerMaruyama, RandomizedMidpoint
from pmmtheory.targets import Cosine, Gaussian, Potential
from pmmtheory.theory import leading_term

LINE, SPREAD = Cosine(amplitude=0.5), 1.4


def turned(x: Tensor) -> Tensor:
    c, s = math.cos(0.6), math.sin(0.6)
    return LINE.potential(c * x[..., 0] + s * x[..., 1]) + (c * x[..., 1] - s * x[..., 0]) ** 2 / (2 * SPREAD)


@pytest.mark.parametrize("scheme", [EulerMaruyama, RandomizedMidpoint])
def test_constants_of_a_turned_sum_are_those_of_its_parts(scheme: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """phi is a sum over the parts, so that KL adds up; F'' of a Gaussian is constant, so that of the randomized midpoint only the other part counts."""
    monkeypatch.setattr(plane_constants, "in_plane", lambda name: Potential(turned, dim=2))
    found = plane_constants.measure("cpu", "any", scheme.__name__)["kl"]
    parts = [leading_term(scheme, LINE).kl]
    if scheme is EulerMaruyama:
        parts.append(leading_term(scheme, Gaussian(0.0, SPREAD)).kl)
    assert abs(found.value - sum(float(part) for part in parts)) <= 2 * found.error + sum(part.error for part in parts) + 1e-9


@pytest.mark.slow
def test_a_step_of_the_study_is_near_its_leading_term() -> None:
    step = 0.02
    told, seen = plane_constants.measure("cpu", "ripples", "EulerMaruyama"), plane_distances.measure("cpu", "ripples", "EulerMaruyama", step)
    for name, power in (("tv", 1), ("kl", 2)):
        ratio = seen[name].value / (told[name].value * step**power)
        assert abs(ratio - 1) < 4 * step  # what comes next is of relative order step
        assert seen[name].error < 1e-3 * seen[name].value


def test_the_full_profile_has_midpoint_methods_and_a_control() -> None:
    assert len([check for check in study.checks("quick") if check.control]) == 1
    assert {check.claim.scheme for check in study.checks("full")} == {"LMC", "RMM", "PMM, K=4", "PMM, K=inf", "LMC with 1% more noise"}
