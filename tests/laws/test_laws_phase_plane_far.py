"""Laws in the phase plane of chains that start where the target has next to no mass, and distances where a law has next to none."""

from __future__ import annotations

import math

import pytest
import torch

from pmmtheory.divergences import chi2, hellinger, kl, reverse_kl, tv
from pmmtheory.dynamics import Underdamped
from pmmtheory.errors import NotConverged
from pmmtheory.laws import PlaneLaw, transient_law
from pmmtheory.schemes import ABOBA, BAOAB
from pmmtheory.targets import Gaussian, GaussianMixture, Target

TARGET = Gaussian(0.0, 1.0)


def law_of(start: Target, steps: int, rtol: float = 1e-3, scheme: type = BAOAB, friction: float = 1.0, step_size: float = 0.2) -> PlaneLaw:
    law = transient_law(scheme(Underdamped(TARGET, friction), step_size), start, steps, rtol=rtol, engine="phase_plane")
    assert isinstance(law, PlaneLaw)
    return law


def closed_form(start: Gaussian, steps: int, scheme: type, friction: float, step_size: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and covariance, by the engine of Gaussian laws."""
    law = transient_law(scheme(Underdamped(TARGET, friction), step_size), start, steps, engine="gaussian")
    return law.mean.reshape(2), law.covariance.reshape(2, 2)


@pytest.mark.parametrize("mean", [-9.0, 8.0, 12.0])
def test_mass_where_the_target_has_none_is_not_lost(mean: float) -> None:
    start = Gaussian(mean, 1.0)
    law, (middle, spread) = law_of(start, 1, 1e-2, step_size=0.1), closed_form(start, 1, BAOAB, 1.0, 0.1)
    for power, value in ((1, middle[0]), (2, spread[0, 0] + middle[0] ** 2)):
        found = law.moment(power, 0)
        assert abs(found.value - float(value)) <= found.error < 0.01 * abs(found.value)
    assert tv(law, TARGET).value > 0.999
    found = tv(law.position, Gaussian(float(middle[0]), float(spread[0, 0])))
    assert found.value <= found.error < 1e-3


@pytest.mark.parametrize("rtol", [1e-3, 1e-5])
def test_a_far_mode_is_in_every_distance(rtol: float) -> None:
    """At no step the law is that of the start: its distances have one variable, and closed forms but for what modes share."""
    start = GaussianMixture([0.99, 0.01], [0.0, 10.0], [1.0, 1.0])
    law = law_of(start, 0, rtol)
    x = torch.linspace(-9.0, 20.0, 60_001, dtype=torch.float64)
    p, q = start.density(x), TARGET.density(x)
    right = {tv: (p - q).abs().sum() / 2, kl: (p * (torch.log(p) - TARGET.log_density(x))).sum()}
    for divergence, value in right.items():
        found = divergence(law, TARGET)
        assert abs(found.value - float(value) * float(x[1] - x[0])) <= found.error + 1e-9
    assert kl(law, TARGET).value > 0.4 and kl(law, TARGET).error < 0.05
    assert law.errors["tails"] < 1e-6


@pytest.mark.parametrize("weight", [1e-9, 1e-11])
def test_a_far_mode_of_next_to_no_mass_is_in_no_total_variation_but_in_moments_and_chi2(weight: float) -> None:
    """Below what is told of a density it counts in errors: chi2 of the truth is 2776 and 0.52, not 0.245."""
    start = GaussianMixture([1 - weight, weight], [0.5, 9.0], [0.8, 0.4])
    law = law_of(start, 2, 1e-5, friction=2.0)
    with pytest.raises(NotConverged, match="without being known"):
        chi2(law, TARGET)
    exact = [closed_form(Gaussian(m, v), 2, BAOAB, 2.0, 0.2) for m, v in ((0.5, 0.8), (9.0, 0.4))]
    for power in (1, 2):
        parts = [float(m[0]) if power == 1 else float(s[0, 0] + m[0] ** 2) for m, s in exact]
        found = law.moment(power, 0)
        assert abs(found.value - (1 - weight) * parts[0] - weight * parts[1]) <= found.error


@pytest.mark.parametrize(("mean", "variance", "steps"), [(1.0, 0.3, 3), (-2.0, 0.2, 1), (0.0, 0.05, 4)])
def test_distances_of_narrow_laws(mean: float, variance: float, steps: int) -> None:
    """They hang on where p is a small share of q, which was once taken for a thousandth."""
    start = Gaussian(mean, variance)
    law, (m, s) = law_of(start, steps, 1e-5, ABOBA, 2.0), closed_form(start, steps, ABOBA, 2.0, 0.2)
    logdet = float(torch.logdet(s))
    inverse = torch.linalg.inv(s)
    forward = float(torch.trace(s) + m @ m - 2) / 2 - logdet / 2
    backward = float(torch.trace(inverse) + m @ inverse @ m - 2) / 2 + logdet / 2
    both = torch.linalg.inv(2 * inverse - torch.eye(2, dtype=s.dtype))
    square = math.exp(-logdet) * math.sqrt(float(torch.det(both))) * math.exp(float(2 * (inverse @ m) @ both @ (inverse @ m) - m @ inverse @ m)) - 1
    mixed = (s + torch.eye(2, dtype=s.dtype)) / 2
    overlap = math.exp(logdet / 4 - float(torch.logdet(mixed)) / 2 - float(m @ torch.linalg.inv(mixed) @ m) / 8)
    right = {kl: (forward, 1e-3), chi2: (square, 1e-3), hellinger: (math.sqrt(1 - overlap), 2e-3), reverse_kl: (backward, 0.2)}
    for divergence, (value, share) in right.items():
        try:
            found = divergence(law, TARGET)
        except NotConverged as refused:
            assert divergence is reverse_kl and "without being known" in str(refused)
            continue
        assert abs(found.value - value) <= found.error < share * value, divergence.__name__
