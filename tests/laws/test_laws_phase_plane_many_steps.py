"""Laws in the phase plane after dozens of steps and more, where what grows in a discretised step would decide."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from pmmtheory.divergences import kl, tv
from pmmtheory.dynamics import Underdamped
from pmmtheory.errors import NotConverged
from pmmtheory.laws import PlaneLaw, stationary_law, transient_law, transient_laws
from pmmtheory.laws.phase_plane import engine
from pmmtheory.laws.phase_plane.growth import Growing, grown
from pmmtheory.laws.phase_plane.operator import transition
from pmmtheory.laws.phase_plane.planes import Planes
from pmmtheory.schemes import BAOAB, OBABO, UBU, EulerMaruyama, Scheme
from pmmtheory.targets import Cosine, Gaussian

SLOW = Underdamped(Gaussian(), 0.2)
RIPPLE = BAOAB(Underdamped(Cosine(amplitude=0.5), 1.0), 0.2)


def law_of(law: object) -> PlaneLaw:
    assert isinstance(law, PlaneLaw)
    return law


def variation(law: PlaneLaw, mean: torch.Tensor, covariance: torch.Tensor) -> float:
    """To a Gaussian, by a rule on a square."""
    u = torch.linspace(-7.0, 7.0, 141, dtype=torch.float64)
    x = torch.stack(torch.meshgrid(u, u, indexing="ij"), -1)
    away = x - mean
    log = -torch.einsum("...i,ij,...j", away, torch.linalg.inv(covariance), away) / 2 - math.log(2 * math.pi) - torch.logdet(covariance) / 2
    return float((law.density(x) - torch.exp(log)).abs().sum()) * float(u[1] - u[0]) ** 2 / 2


@pytest.mark.parametrize(
    ("scheme", "start"),
    [
        (BAOAB(SLOW, 0.2), Gaussian(0.5, 0.5)),
        (OBABO(Underdamped(Gaussian(), 1.0), 0.3), Gaussian(-1.0, 0.6)),
        (EulerMaruyama(Underdamped(Gaussian(), 1.0), 0.2), Gaussian(1.0, 1.2)),
        (UBU(SLOW, 0.1), Gaussian(0.0, 0.5)),
    ],
    ids=lambda part: getattr(part, "name", ""),
)
def test_a_gaussian_chain_has_its_closed_form_after_any_number_of_steps(scheme: Scheme, start: Gaussian) -> None:
    numbers = [12, 60, 400]
    laws = transient_laws(scheme, start, numbers, rtol=1e-2, engine="phase_plane")
    for law, exact in zip(map(law_of, laws), transient_laws(scheme, start, numbers, engine="gaussian"), strict=True):
        mean, covariance = exact.mean.reshape(2), exact.covariance.reshape(2, 2)
        assert variation(law, mean, covariance) <= law.numerical_error < 5e-3
        for powers, value in (((2, 0), covariance[0, 0] + mean[0] ** 2), ((1, 1), covariance[0, 1] + mean[0] * mean[1]), ((0, 1), mean[1])):
            found = law.moment(*powers)
            assert abs(found.value - float(value)) <= found.error
        spread = (float(torch.trace(covariance) + mean @ mean) - 2 - float(torch.logdet(covariance))) / 2
        found = kl(law, Gaussian())
        assert abs(found.value - spread) <= found.error


def test_after_very_many_steps_it_is_the_stationary_law() -> None:
    few, many, last = map(law_of, transient_laws(RIPPLE, Gaussian(1.0, 0.5), [3, 40, 400], rtol=1e-3))
    kept = law_of(stationary_law(RIPPLE, rtol=1e-3))
    assert float(tv(last, kept)) <= last.numerical_error + kept.numerical_error + 1e-12
    assert few.errors["growth"] == 0 < last.errors["growth"] < 1e-9
    again = law_of(transient_law(RIPPLE, few, 37, rtol=1e-3))
    assert float(tv(again, many)) <= again.numerical_error + many.numerical_error


def test_what_is_taken_out_is_invariant_and_all_that_grows() -> None:
    plane, _ = Planes(RIPPLE, Cosine(amplitude=0.5), 1e-5).at(0, "cpu")
    matrix = transition(RIPPLE, plane, 0.0, 0).matrix
    part = Growing.of(matrix)
    torch.testing.assert_close(part.left @ part.right, torch.eye(part.right.shape[1], dtype=torch.float64), rtol=0, atol=1e-10)
    inner = part.left @ matrix @ part.right
    assert np.abs(np.linalg.eigvals(inner.numpy())).min() > 1
    rest = matrix - part.right @ inner @ part.left
    assert np.abs(np.linalg.eigvals(rest.numpy())).max() < 1 + 1e-6
    assert grown(matrix, 100) < 40 and grown(rest, 100) > 40


def test_with_what_grows_there_is_no_law(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "grown", lambda matrix, steps: math.inf)
    with pytest.raises(NotConverged):
        transient_law(RIPPLE, Gaussian(0.0, 0.5), 40, rtol=1e-2)
