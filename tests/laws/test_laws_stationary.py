"""Stationary laws on every smooth target: what every law must satisfy, and what they must have in common."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad

from pmmtheory.divergences import tv, w2
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws import LineLaw, stationary_law
from pmmtheory.laws.line import engine as line
from pmmtheory.laws.line import grids
from pmmtheory.laws.line.mesh import uniform
from pmmtheory.laws.step import kernel
from pmmtheory.numerics.invariant import invariant_by_solve
from pmmtheory.schemes import Scheme
from pmmtheory.targets import GaussianMixture
from pmmtheory.targets.line import on_the_line
from tests.oracles.chains import CHAINS, chain, stationary
from tests.oracles.lines import BIMODAL, LINES, SMOOTH

ROUNDING = 1e-13
QUICK = [(c, t) for t in SMOOTH for c in CHAINS if t == "bimodal" or c in ("lmc", "bernoulli 3", "single 5")]
"""All chains on one target, the fast ones on all."""

STEP = 0.05


def rounding(law: LineLaw) -> float:
    """What the linear solve loses: n eps, magnified by 1/(1 - second eigenvalue), about 1/step for the targets here."""
    return len(law.grid) * np.finfo(float).eps / STEP


def interpolation(law: LineLaw, target: str) -> float:
    """max prod_j |x - x_j| max |f^(12)| / 12! for a Gaussian distribution function f of the largest curvature, twelve nodes."""
    return 0.14 * (law.spacing * math.sqrt(float(LINES[target].smoothness))) ** 12


@pytest.mark.slow
@pytest.mark.parametrize(("name", "target"), QUICK)
def test_a_law_is_a_law(name: str, target: str) -> None:
    law = stationary(name, target, STEP)
    assert law.numerical_error <= 1e-8
    assert float(law.values.sum()) * law.spacing == pytest.approx(1, abs=ROUNDING)
    assert float(law.values.min()) >= -law.numerical_error
    assert float(law.values[[0, -1]].abs().max()) <= 1e-14 * float(law.values.max())
    below = law.cdf(law.grid)
    assert float(below[0]) == 0 and float(below[-1]) == pytest.approx(1, abs=10 * ROUNDING)
    assert float(torch.diff(below).min()) >= -law.numerical_error * law.spacing - ROUNDING


@pytest.mark.parametrize(("name", "target"), [("lmc", "bimodal"), ("rmm", "own"), ("bernoulli 3", "cosine"), ("single 5", "log_cosh")])
def test_the_distribution_function_integrates_the_density(name: str, target: str) -> None:
    """Between grid points, by an adaptive rule that knows nothing of the grid."""
    law = stationary(name, target, STEP)
    stated = 4 * law.numerical_error + 2 * interpolation(law, target) + ROUNDING
    for low, high in ((-1.234, 0.377), (0.0, 2.5), (0.501, 0.502)):
        mass, error = quad(lambda x: float(law.density(x)), low, high, epsabs=1e-12, epsrel=1e-12, limit=200)
        assert float(law.cdf(high) - law.cdf(low)) == pytest.approx(mass, abs=4 * error + stated)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "target"), [(c, "skewed") for c in ("lmc", "rmm", "bernoulli 3", "bernoulli inf")])
def test_a_law_is_invariant(name: str, target: str) -> None:
    """One more step, with kernels of another resolution, changes it by no more than its error."""
    law = stationary(name, target, STEP)
    scheme = chain(name, LINES[target], STEP)
    grid = law.grid[0] + law.spacing / 1.3 * torch.arange(round(1.3 * len(law.grid)), dtype=torch.float64)
    before = law.density(grid)
    after = before @ kernel.transition_matrix(scheme, grid, 0.0, level=2)
    assert float(torch.abs(after - before).sum()) * law.spacing / 1.3 / 2 <= 2 * law.numerical_error + rounding(law)


def finer(scheme: Scheme, levels: int = 2) -> LineLaw:
    """The stationary law on a grid of half the spacing and at a higher level of every other rule."""
    target = on_the_line(scheme.dynamics.target)
    ends = grids.stretched(target, grids.widening(scheme, target))
    spacing = float(grids.law_mesh(scheme, target, levels, ends, "cpu").points.diff().min())
    mesh = uniform(*ends, spacing / 2, "cpu")
    matrix, _ = line.operators(scheme, target, mesh, mesh.points, levels, 1e-8, ends)
    masses, _, _ = invariant_by_solve(matrix, grids.scale(scheme, target, mesh), scheme.name, 1e-8)
    return LineLaw(mesh.points, masses, target.density)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("lmc", "bimodal"),
        ("rmm", "bimodal"),
        ("bernoulli 3", "bimodal"),
        ("bernoulli inf", "bimodal"),
        ("lmc", "log_cosh"),
        ("single 5", "cosine"),
        ("bernoulli 3", "own"),
    ],
)
def test_the_stated_error_holds_at_twice_the_resolution(name: str, target: str) -> None:
    law, fine = stationary(name, target, STEP), finer(chain(name, LINES[target], STEP))
    assert float(torch.abs(fine.density(law.grid) - law.values).sum()) * law.spacing / 2 <= 2 * law.numerical_error + 2 * rounding(fine)
    for k in (1, 2, 3, 4):
        other = float((fine.grid**k * fine.values).sum()) * fine.spacing
        moment = law.moment(k)
        assert abs(moment.value - other) <= 4 * moment.error + (4 * law.numerical_error + 2 * rounding(fine)) * 4**k


def test_mean_and_covariance_are_the_moments() -> None:
    law = stationary("bernoulli 3", "skewed", STEP)
    first, second = law.moment(1), law.moment(2)
    assert law.mean == pytest.approx(first.value, abs=ROUNDING)
    assert law.covariance == pytest.approx(second.value - first.value**2, abs=ROUNDING)
    assert law.moment(0).value == pytest.approx(1, abs=ROUNDING)


def test_the_density_vanishes_off_the_grid() -> None:
    law = stationary("lmc", "bimodal", STEP)
    assert torch.equal(law.density([-1e3, 1e3]), torch.zeros(2, dtype=torch.float64))
    assert law.cdf([-1e3, 1e3]).tolist() == pytest.approx([0, 1], abs=10 * ROUNDING)


def test_numbers_arrays_and_tensors_are_points() -> None:
    law = stationary("lmc", "bimodal", STEP)
    assert float(law.density(0.3)) == float(law.density(np.array([0.3]))[0]) == float(law.density(torch.tensor([0.3], dtype=torch.float64))[0])


@pytest.mark.slow
@pytest.mark.parametrize("target", ["bimodal", "cosine"])
def test_the_randomized_midpoint_is_one_poisson_midpoint(target: str) -> None:
    """Two codes, quadrature over (u, z) and a walk of the noise: one law."""
    one, other = stationary("rmm", target, STEP), stationary("single inf", target, STEP)
    assert float(tv(one, other)) <= 2 * (one.numerical_error + other.numerical_error)
    assert float(tv(one, stationary("bernoulli inf", target, STEP))) > 1e-5


@pytest.mark.parametrize("kind", ["bernoulli", "single"])
def test_one_substep_is_lmc(kind: str) -> None:
    one, other = stationary(f"{kind} 1", "bimodal", STEP), stationary("lmc", "bimodal", STEP)
    assert float(tv(one, other)) <= one.numerical_error + other.numerical_error + ROUNDING


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bernoulli", "single"])
def test_many_substeps_tend_to_infinitely_many_like_one_over_k(kind: str) -> None:
    limit = stationary(f"{kind} inf", "bimodal", STEP)
    thousand, more = (tv(stationary(f"{kind} {k}", "bimodal", STEP), limit) for k in (1000, 10000))
    error = (10 * more.error + thousand.error) / float(thousand)
    assert 10 * float(more) / float(thousand) == pytest.approx(1, abs=error + 2e-3)


@pytest.mark.slow
def test_a_million_substeps_are_infinitely_many() -> None:
    """TV is 0.0137/K on this target: 1.4e-8, above the error of the laws."""
    distance = tv(stationary("bernoulli 1000000", "bimodal", STEP), stationary("bernoulli inf", "bimodal", STEP))
    thousand = tv(stationary("bernoulli 1000", "bimodal", STEP), stationary("bernoulli inf", "bimodal", STEP))
    assert float(distance) == pytest.approx(1e-3 * float(thousand), abs=4 * distance.error + 2e-3 * float(distance))


@pytest.mark.slow
def test_the_law_at_the_limit_of_direct_substeps_is_continuous() -> None:
    """Variances at K = 22, 23, 24 (walked) and 25, 26 (extrapolated) lie on one cubic in 1/K."""
    ks = np.array([22, 23, 24, 25, 26])
    laws = [stationary(f"bernoulli {k}", "bimodal", STEP) for k in ks]
    values = np.array([law.covariance for law in laws])
    weights = np.array([np.prod([(1 / 25 - 1 / b) / (1 / a - 1 / b) for b in ks if b not in (a, 25)]) for a in ks if a != 25])
    errors = sum(law.moment(2).error for law in laws) * np.abs(weights).max()
    assert values[3] == pytest.approx(weights @ np.delete(values, 3), abs=4 * errors)
    assert abs(values[3] - values[2]) > 100 * errors


@pytest.mark.slow
def test_small_steps_give_the_target() -> None:
    """Of order a: the distance is halved with the step."""
    for name in ("lmc", "bernoulli 3"):
        far, near = (float(w2(stationary(name, "skewed", a), LINES["skewed"])) for a in (0.02, 0.01))
        assert far / near == pytest.approx(2, rel=0.02)


def test_an_accuracy_out_of_reach_raises() -> None:
    with pytest.raises(NotConverged, match="1e-18 asked for") as caught:
        stationary_law(chain("lmc", BIMODAL, STEP), rtol=1e-18)
    assert 0 < caught.value.reached < 1e-10


@pytest.mark.parametrize("rtol", [0.0, -1.0, math.nan, "fine"])
def test_wrong_accuracy(rtol: float) -> None:
    with pytest.raises(InvalidParameter, match="rtol"):
        stationary_law(chain("lmc", BIMODAL, STEP), rtol=rtol)


def test_wrong_scheme_and_target() -> None:
    with pytest.raises(InvalidParameter, match="scheme"):
        stationary_law(BIMODAL)  # type: ignore[arg-type]
    with pytest.raises(InvalidParameter, match="takes a target on the line"):
        stationary_law(chain("lmc", GaussianMixture([0.5, 0.5], [[0.0, 0.0, 0.0], [1.0, 1.0, 0.0]], [1.0, 1.0]), STEP))


def test_cuda_gives_the_same_law() -> None:
    scheme = chain("bernoulli 3", BIMODAL, STEP)
    if not torch.cuda.is_available():
        with pytest.raises(InvalidParameter, match="no CUDA GPU"):
            stationary_law(scheme, device="cuda")
        pytest.skip("there is no CUDA GPU on this machine")
    here, there = stationary_law(scheme), stationary_law(scheme, device="cuda")
    assert there.values.is_cuda
    assert torch.allclose(there.values.cpu(), here.values, rtol=0, atol=1e-12)


def test_an_unknown_device_is_named() -> None:
    with pytest.raises(InvalidParameter, match="device"):
        stationary_law(chain("lmc", BIMODAL, STEP), device="abacus")
