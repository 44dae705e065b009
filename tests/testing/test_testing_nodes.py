"""The law of a step as a mixture over the nodes of its draws, against exact second moments on a Gaussian target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics
from pmmtheory.schemes import BAOAB, OBABO, UBU, Draw, EulerMaruyama, Normal, PoissonMidpoint, RandomizedMidpoint, Scheme, Uniform
from pmmtheory.targets import Gaussian
from pmmtheory.testing import check_scheme
from pmmtheory.testing.nodes import Nodes, mixture, nodes
from tests.oracles.linear_chain import covariance_after
from tests.testing.subjects import FRICTION, Euler, all_but, underdamped

STEP, CURVATURE = 0.3, 1.7
STARTS = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)


def build(scheme: type[Scheme], **options: Any) -> Scheme:
    return scheme(underdamped(Gaussian(0.0, 1 / CURVATURE)), STEP, **options)


def second_moments(scheme: Scheme, at: Nodes) -> tuple[Tensor, Tensor]:
    """E X' X'^T from each of STARTS, and its standard error."""
    mean, covariance = mixture(scheme, STARTS, at)
    return at.mean(at.conditional(mean[..., :, None] * mean[..., None, :] + covariance))


@pytest.mark.parametrize(
    ("scheme", "options"),
    [
        (EulerMaruyama, {}),
        (RandomizedMidpoint, {}),
        (BAOAB, {}),
        (OBABO, {}),
        (UBU, {}),
        (PoissonMidpoint, {"substeps": 8, "midpoints": "single"}),
        (PoissonMidpoint, {"midpoints": "single"}),
        (PoissonMidpoint, {"substeps": 5}),
        (PoissonMidpoint, {}),
    ],
)
def test_second_moments_of_a_step_are_exact(scheme: type[Scheme], options: dict[str, Any]) -> None:
    """From 0 they are those of the noise; the sum over the axes adds those of a start of covariance I."""
    chain = build(scheme, **options)
    seen, error = second_moments(chain, nodes(chain, 1))
    known = {"substeps": options.get("substeps"), "kind": options.get("midpoints", "bernoulli")}
    at_rest, spread = (covariance_after(scheme.__name__, STEP, CURVATURE, FRICTION, 1, start, **known) for start in (np.zeros((2, 2)), np.eye(2)))
    for value, wanted, allowed in ((seen[0], at_rest, error[0]), (seen[1] + seen[2] - seen[0], spread, error.sum(0))):
        assert bool((torch.abs(value - torch.as_tensor(wanted)) <= 5 * allowed + 1e-12).all())


def test_only_sets_of_independent_midpoints_are_sampled() -> None:
    assert nodes(build(PoissonMidpoint), 1).groups > 1
    assert nodes(build(PoissonMidpoint, midpoints="single"), 1).groups == nodes(build(RandomizedMidpoint), 1).groups == 1


class ManyNormals(Euler):
    """Five normals a coordinate."""

    draws: Mapping[str, Draw] = {f"z{i}": Normal() for i in range(5)}


class TimeNextToMidpoints(PoissonMidpoint):
    def __init__(self, dynamics: Dynamics, step_size: float):
        super().__init__(dynamics, step_size)
        self.draws = {**self.draws, "u": Uniform()}


@pytest.mark.parametrize(("scheme", "reason"), [(ManyNormals, "too many nodes"), (TimeNextToMidpoints, "next to midpoints")])
def test_what_cannot_be_integrated_is_skipped_with_the_reason(scheme: type[Scheme], reason: str) -> None:
    checked = check_scheme(scheme, dynamics=underdamped, skip=all_but("affine semigroup", "small steps"))
    assert reason in checked.skipped["affine semigroup"]
    assert reason in checked.skipped["small steps"]
