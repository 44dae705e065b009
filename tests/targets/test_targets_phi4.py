"""The chain of coupled double wells: its transfer operator against quadrature in the plane and in space, products, derivatives and symmetry."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import dblquad

from pmmtheory.errors import NotConverged
from pmmtheory.targets import Phi4, Potential, transfer

couplings, barriers, fields = st.floats(0, 8), st.floats(0.05, 8), st.floats(-2, 2)


def grid(target: Phi4, points: int = 121) -> tuple[torch.Tensor, torch.Tensor, float]:
    """Points of a grid in R^d, exp(-F) there and the volume of a cell: the trapezoid rule, whose ends lie where one site has F above 50."""
    end = (1 + (60 / target.barrier) ** 0.5) ** 0.5 + 0.5
    x = torch.linspace(-end, end, points, dtype=torch.float64)
    at = torch.cartesian_prod(*[x] * target.dim)
    return at, torch.exp(-target.potential(at)), float(x[1] - x[0]) ** target.dim


@pytest.mark.slow
@pytest.mark.parametrize("dim", [2, 3])
@given(coupling=couplings, barrier=st.floats(0.3, 3), field=fields)
def test_moments_by_quadrature(dim: int, coupling: float, barrier: float, field: float) -> None:
    """On all of R^2 and R^3, with no operator."""
    target = Phi4(dim, coupling, barrier, field)
    x, weight, cell = grid(target, 161 if dim == 2 else 65)
    share = weight / weight.sum()
    mean = share @ x
    covariance = ((x - mean).T * share) @ (x - mean)
    fine = 1e-10  # of this rule: a spacing of a tenth against widths above 0.2
    assert target.log_normaliser.value == pytest.approx(float(torch.log(weight.sum() * cell)), abs=fine + target.log_normaliser.error)
    assert torch.allclose(target.mean, mean, rtol=0, atol=fine + target.mean_estimates[0].error)
    assert torch.allclose(target.covariance, covariance, rtol=0, atol=fine + target.covariance_estimates[0][0].error)


def test_the_normaliser_of_two_sites_by_adaptive_quadrature() -> None:
    target = Phi4(2, 3.0, 5.0, 0.4)

    def weight(a: float, b: float) -> float:
        return float(np.exp(-1.5 * (a - b) ** 2 - 5 * (a * a - 1) ** 2 - 5 * (b * b - 1) ** 2 + 0.4 * (a + b)))

    value, error = dblquad(weight, -2.2, 2.2, -2.2, 2.2, epsabs=1e-10, epsrel=1e-10)
    assert target.log_normaliser.value == pytest.approx(np.log(value), abs=error / value + target.log_normaliser.error + 1e-9)


@pytest.mark.slow
@given(dim=st.integers(2, 6), barrier=barriers, field=fields)
def test_without_coupling_it_is_a_product(dim: int, barrier: float, field: float) -> None:
    """Of laws on the line, whose moments come by another quadrature."""
    chain, site = Phi4(dim, 0.0, barrier, field), Potential(lambda x: barrier * (x * x - 1) ** 2 - field * x)
    assert torch.allclose(chain.mean, torch.full((dim,), site.mean, dtype=torch.float64), rtol=1e-9, atol=1e-9)
    assert torch.allclose(chain.covariance, site.covariance * torch.eye(dim, dtype=torch.float64), rtol=1e-9, atol=1e-9)
    assert chain.log_normaliser.value == pytest.approx(dim * site.quadrature.log_normaliser, abs=1e-9 * dim)


@pytest.mark.slow
@given(dim=st.integers(2, 12), coupling=couplings, barrier=barriers, field=fields)
def test_a_field_differentiates_the_normaliser(dim: int, coupling: float, barrier: float, field: float) -> None:
    """d log Z/d field is the sum of the means, and d of that the sum of all covariances; by central differences, with errors of h^2."""
    h = 1e-3
    below, here, above = (Phi4(dim, coupling, barrier, field + step) for step in (-h, 0.0, h))
    slope = (above.log_normaliser.value - below.log_normaliser.value) / (2 * h)
    growth = (float(above.mean.sum()) - float(below.mean.sum())) / (2 * h)
    third = abs(float(above.covariance.sum()) - float(below.covariance.sum())) / (2 * h)  # of log Z
    size = float(here.covariance.sum())
    assert slope == pytest.approx(float(here.mean.sum()), abs=h * h * (third + 1) + 1e-8)
    assert growth == pytest.approx(size, abs=h * h * (1 + third + 3 * size**2) + 1e-8)


@pytest.mark.slow
@given(dim=st.integers(2, 10), coupling=couplings, barrier=barriers, field=fields)
def test_symmetries(dim: int, coupling: float, barrier: float, field: float) -> None:
    """The chain read backwards, and the field turned with the signs."""
    target, turned = Phi4(dim, coupling, barrier, field), Phi4(dim, coupling, barrier, -field)
    error = 2 * (target.mean_estimates[0].error + turned.mean_estimates[0].error)
    assert torch.allclose(target.mean, -turned.mean, rtol=0, atol=error) and torch.allclose(target.mean, target.mean.flip(0), rtol=0, atol=error)
    assert torch.allclose(target.covariance, target.covariance.flip(0, 1), rtol=0, atol=error)
    assert torch.allclose(target.covariance, turned.covariance, rtol=0, atol=error)
    assert float(torch.linalg.eigvalsh(target.covariance)[0]) > 0


@pytest.mark.slow
@pytest.mark.parametrize("numbers", [(2, 1000.0, 1000.0, 0.0), (6, 50.0, 1e-3, 0.0), (5, 1.0, 1e-3, 100.0), (40, 2.0, 2.0, 0.0), (4, 0.0, 1e-3, 1.0)])
def test_moments_at_extremes_are_those_of_a_finer_grid(numbers: tuple[int, float, float, float]) -> None:
    """Another grid, half as wide again and four times as fine: within the stated errors."""
    target = Phi4(*numbers)
    log, mean, covariance = target._transfer(min(4 * target.moments.nodes, 2000), 1.2).moments(target.dim)
    assert abs(log - target.log_normaliser.value) <= target.log_normaliser.error
    assert abs(mean - target.moments.mean).max() <= target.moments.error and abs(covariance - target.moments.covariance).max() <= target.moments.error


@pytest.mark.slow
def test_draws_have_the_law_of_every_pair() -> None:
    """Histograms of neighbours against the density, by chi-square; draws of another coupling are caught by the same test."""
    target = Phi4(2, 1.5, 1.5, 0.2)
    edges = torch.linspace(-1.8, 1.8, 7, dtype=torch.float64)
    x, weight, _ = grid(target, 361)
    share = weight / weight.sum()

    def table(points: torch.Tensor, mass: torch.Tensor) -> torch.Tensor:
        places = torch.bucketize(points.contiguous(), edges)
        return torch.zeros(64, dtype=torch.float64).index_add(0, places[:, 0] * 8 + places[:, 1], mass)

    def misfit(law: Phi4) -> float:
        n = 20_000
        wanted, seen = n * table(x, share), table(law.sample(n, 3), torch.ones(n, dtype=torch.float64))
        rich = wanted > 5
        freedom = int(rich.sum())
        return float((((seen - wanted) ** 2 / wanted)[rich].sum() - freedom) / (2 * freedom) ** 0.5)

    assert misfit(target) < 4 < misfit(Phi4(2, 1.2, 1.5, 0.2))


def test_a_chain_out_of_reach_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """On so few points that no two grids agree."""
    monkeypatch.setattr(transfer, "_MOST", 120)
    with pytest.raises(NotConverged, match=r"Phi4\(.* on 108 points a site"):
        _ = Phi4(8, 50.0, 1e-3).mean
