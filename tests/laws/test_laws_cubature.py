"""The product rule over all draws of a step: against sums written out, with its order and its shapes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.laws.step.cubature import STILL, cubature, enumerable
from pmmtheory.schemes import Draw, Index, Midpoints, Normal, PoissonMidpoint, RandomizedMidpoint, Scheme, Uniform
from pmmtheory.targets import Gaussian

LINE, SPACE = Overdamped(Gaussian()), Overdamped(Gaussian(dim=3))


class Drawing(Scheme):
    """A step that is of no account: only its draws are."""

    drift_calls = 0.0

    def __init__(self, dynamics: Any, draws: Mapping[str, Draw]):
        super().__init__(dynamics, 0.1)
        self.draws = draws

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        return x, 1.0


def test_a_product_is_the_sum_over_all_nodes_the_first_draw_outermost() -> None:
    at = cubature(Drawing(LINE, {"i": Index(3), "z": Normal(), "u": Uniform()}), 0)
    (i, wi), (z, wz), (u, wu) = Index(3).rule(0), Normal().rule(0), Uniform().rule(0)
    nodes = list(product(zip(i, wi, strict=True), zip(z, wz, strict=True), zip(u, wu, strict=True)))
    assert len(at) == len(nodes) and at.layers == 0
    for k, name in enumerate(("i", "z", "u")):
        assert at.draws[name].shape == (1, len(at))
        assert torch.equal(at.draws[name][0], torch.tensor([float(node[k][0]) for node in nodes], dtype=torch.float64))
    assert at.weights.tolist() == pytest.approx([float(a[1] * b[1] * c[1]) for a, b, c in nodes], rel=1e-15)


def test_no_draws_have_one_node() -> None:
    at = cubature(Drawing(LINE, {}), 3)
    assert at.draws == {} and at.weights.tolist() == [1.0]


@pytest.mark.parametrize("dynamics", [LINE, SPACE, Underdamped(Gaussian(), 1.0), Underdamped(Gaussian(dim=3), 1.0)])
def test_shapes_and_moments_of_every_component(dynamics: Any) -> None:
    shape = dynamics.state_shape
    nodes, shares = np.polynomial.hermite_e.hermegauss(3)
    rule = nodes, shares / shares.sum()
    at = cubature(Drawing(dynamics, {"u": Uniform(), "z": Normal()}), -6, normal=lambda name, component: rule)
    assert at.draws["u"].shape == (1, len(at), *[1] * len(shape)) and at.draws["z"].shape == (1, len(at), *shape)
    z = at.draws["z"].reshape(len(at), -1)
    second = torch.einsum("q,qi,qj->ij", at.weights, z, z)
    assert torch.allclose(second, torch.eye(math.prod(shape), dtype=torch.float64), atol=1e-13)


@pytest.mark.parametrize("kind", ["single", "interior", "bernoulli"])
def test_midpoints_have_layers_and_normals_one_for_each(kind: str) -> None:
    scheme = PoissonMidpoint(SPACE, 0.1, 4, kind)
    assert enumerable(scheme) == (kind != "bernoulli")
    at = cubature(scheme, 1, normal=lambda name, component: STILL)
    (times, marks), weights = Midpoints(4, kind).rule(1)
    assert at.layers == len(times) and at.weights.tolist() == weights.tolist()
    assert at.draws["midpoints"][0].shape == at.draws["midpoints"][1].shape == (len(times), 1, len(weights), 1)
    assert torch.equal(at.draws["midpoints"][1][:, 0, :, 0], torch.as_tensor(marks))
    assert at.draws["z"].shape == (len(times), 1, len(weights), 3) and not at.draws["z"].any()
    mean, _ = scheme.step(torch.ones(5, 1, 3, dtype=torch.float64), 0.0, at.draws)
    assert mean.shape == (5, len(weights), 3)


def test_times_next_to_midpoints_multiply_the_weights() -> None:
    alone, joint = (cubature(Drawing(LINE, {"m": Midpoints(3, "single"), **more}), 0, normals=False) for more in ({}, {"i": Index(2)}))
    assert len(joint) == 2 * len(alone) and float(joint.weights.sum()) == pytest.approx(1, abs=1e-15)


def test_components_of_a_normal_are_told_apart_and_normals_can_be_left_out() -> None:
    scheme = RandomizedMidpoint(Underdamped(Gaussian(), 1.0), 0.1)
    seen: list[tuple[str, int]] = []

    def rule(name: str, component: int) -> Any:
        seen.append((name, component))
        return STILL if component else Normal().rule(0)

    at = cubature(scheme, 0, normal=rule)
    assert seen == [("z", 0), ("z", 1)] and not at.draws["z"][..., 1].any() and at.draws["z"][..., 0].any()
    assert set(cubature(RandomizedMidpoint(Overdamped(Gaussian(dim=2000)), 0.1), 0, normals=False).draws) == {"u"}
