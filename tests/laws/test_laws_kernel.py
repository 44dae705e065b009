"""The transition operator against a plain recursion, and against closed forms of its first moments."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.step import feynman_kac
from pmmtheory.laws.step.characteristic import centre, characteristic, one_step_moments
from pmmtheory.laws.step.kernel import transition_matrix
from pmmtheory.numerics.powers import Powers
from pmmtheory.schemes import PoissonMidpoint, Scheme
from pmmtheory.testing.plain import plain_transition_matrix
from tests.oracles.chains import CHAINS, chain
from tests.oracles.gaussian_chain import midpoint_sums
from tests.oracles.lines import BIMODAL, COSINE, GAUSSIAN, OWN

ROUNDING = 1e-13
HERMITE_ROUNDING = 1e-11
"""Of the plain recursion: Hermite polynomials of degree 48 off the real axis magnify rounding at the highest frequencies."""


def grid_for(scheme: Scheme, reach: float = 9.0) -> Tensor:
    spacing = 0.35 * math.sqrt(2 * scheme.step_size)
    return -reach + spacing * torch.arange(2 * math.ceil(reach / spacing) + 1, dtype=torch.float64)


def furthest(p: Tensor, q: Tensor, rows: Tensor) -> float:
    """The largest total variation distance between the laws of one step from any of the rows."""
    return float(torch.abs(p - q)[rows].sum(1).max()) / 2


@pytest.mark.slow
@pytest.mark.parametrize(("target", "step_size"), [(BIMODAL, 0.05), (COSINE, 0.1)], ids=["bimodal", "cosine"])
def test_the_plain_recursion_gives_the_same_matrix(target, step_size: float) -> None:  # type: ignore[no-untyped-def]
    """Within the errors of both, seen from fewer Hermite nodes and from another level; near 1e-9 or better."""
    scheme = PoissonMidpoint(Overdamped(target), step_size, substeps=5)
    grid = grid_for(scheme)
    rows = torch.abs(grid) < 4
    plain, fewer = (plain_transition_matrix(scheme, grid, nodes) for nodes in (48, 36))
    fast, faster = (transition_matrix(scheme, grid, 0.0, level) for level in (1, 0))
    error = furthest(plain, fewer, rows) + furthest(fast, faster, rows)
    assert error < 2e-9
    assert furthest(plain, fast, rows) <= error + HERMITE_ROUNDING


@pytest.mark.slow
def test_the_plain_recursion_tells_other_chains_apart() -> None:
    scheme = PoissonMidpoint(Overdamped(BIMODAL), 0.05, substeps=5)
    grid = grid_for(scheme)
    rows = torch.abs(grid) < 4
    plain = plain_transition_matrix(scheme, grid, nodes=24)
    for other in (PoissonMidpoint(scheme.dynamics, 0.05, substeps=6), PoissonMidpoint(scheme.dynamics, 0.05, substeps=5, midpoints="single")):
        assert furthest(plain, transition_matrix(other, grid, 0.0, level=1), rows) > 1e-6


def test_the_plain_recursion_refuses_other_schemes() -> None:
    with pytest.raises(InvalidParameter, match="scheme"):
        plain_transition_matrix(chain("single 5", BIMODAL, 0.1), torch.linspace(-9, 9, 99))


@pytest.mark.parametrize("name", CHAINS)
def test_rows_have_mass_one_and_the_moments_of_a_step(name: str) -> None:
    scheme = chain(name, BIMODAL, 0.1)
    grid = grid_for(scheme)
    starts = torch.linspace(-4, 4, 9, dtype=torch.float64)
    matrix = transition_matrix(scheme, grid, 0.0, 3, starts)
    first, second = one_step_moments(scheme, starts, 0.0, level=3)
    middle = centre(scheme, starts, 0.0)
    offset = grid - middle[:, None]
    coarser = transition_matrix(scheme, grid, 0.0, 2, starts)
    error = 4 * torch.stack([torch.abs((matrix - coarser) @ torch.ones_like(grid)), *(torch.abs(((matrix - coarser) * offset**k).sum(1)) for k in (1, 2))])
    moments = torch.stack([matrix.sum(1) - 1, (matrix * offset).sum(1) - first, (matrix * offset**2).sum(1) - second])
    assert bool((torch.abs(moments) <= error + _moment_error(scheme, starts) + 20 * ROUNDING).all())
    assert float((matrix + torch.abs(matrix - coarser)).min()) > -ROUNDING


def _moment_error(scheme: Scheme, starts: Tensor) -> float:
    """For K beyond the direct limit: what the moments extrapolated from small K miss, seen at a K where both can be had."""
    if not isinstance(scheme, PoissonMidpoint) or scheme.substeps <= feynman_kac._DIRECT or scheme.midpoints.kind == "single":
        return 0.0
    near = PoissonMidpoint(scheme.dynamics, scheme.step_size, substeps=100)
    extrapolated = one_step_moments(near, starts, 0.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feynman_kac, "_DIRECT", 100)
        direct = one_step_moments(near, starts, 0.0)
    return 2 * max(float(torch.abs(p - q).max()) for p, q in zip(extrapolated, direct, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("step_size", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("substeps", [24, 40])
def test_extrapolated_and_direct_substeps_agree(monkeypatch: pytest.MonkeyPatch, substeps: int, step_size: float) -> None:
    """On both sides of the limit the other way gives the same function, within twice the change to the next level."""
    scheme = PoissonMidpoint(Overdamped(BIMODAL), step_size, substeps=substeps)
    x = torch.linspace(-4, 4, 5, dtype=torch.float64)
    count = math.ceil(8.6 / math.sqrt(2 * step_size) / 0.3)
    monkeypatch.setattr(feynman_kac, "_DIRECT", 100)
    direct = characteristic(scheme, x, 0.0, 0.3, count, 0)
    monkeypatch.setattr(feynman_kac, "_DIRECT", 20)
    levels = [characteristic(scheme, x, 0.0, 0.3, count, level) for level in range(4)]
    for coarse, fine in zip(levels, levels[1:], strict=False):
        stated = float(torch.abs(coarse - fine).max())
        assert float(torch.abs(coarse - direct).max()) <= 2 * stated + ROUNDING
        assert float(torch.abs(fine - direct).max()) < stated / 2 + ROUNDING


@pytest.mark.parametrize("name", CHAINS)
def test_moments_of_one_step_on_a_gaussian(name: str) -> None:
    """From the mean E X' = mean; and E(X' - c)^2 = 2a (1 - 2x T + x^2 M) at the mean, with the sums of the oracle."""
    scheme = chain(name, GAUSSIAN, 0.1)
    x0 = torch.tensor([GAUSSIAN.mean], dtype=torch.float64)
    first, second = one_step_moments(scheme, x0, 0.0)
    x = Fraction(17, 100)
    if name == "lmc":
        expected = Fraction(1)
    else:
        kind, substeps = ("single", "inf") if name == "rmm" else name.split()
        times, _, minima = midpoint_sums(None if substeps == "inf" else int(substeps), kind)
        expected = 1 - 2 * x * times + x**2 * minima
    assert float(first) == pytest.approx(0, abs=ROUNDING)
    assert float(second) == pytest.approx(0.2 * float(expected), rel=ROUNDING)


def test_a_potential_of_ones_own_has_the_kernel_of_its_drift() -> None:
    """The step of LMC from x is N(x + a b(x), 2a), whatever gives b."""
    scheme = chain("lmc", OWN, 0.1)
    grid = grid_for(scheme)
    starts = torch.tensor([-1.3, 0.2], dtype=torch.float64)
    middle = starts + 0.1 * OWN.drift(starts)
    exact = torch.exp(-((grid - middle[:, None]) ** 2) / 0.4) / math.sqrt(0.4 * math.pi) * float(grid[1] - grid[0])
    assert torch.allclose(transition_matrix(scheme, grid, 0.0, 1, starts), exact, rtol=0, atol=ROUNDING)


@pytest.mark.slow
@pytest.mark.parametrize("step_size", [0.002, 0.3])
def test_many_steps_are_products_with_the_matrix(step_size: float) -> None:
    """For a narrow kernel, of which only a band is kept, and for a wide one; in any order, each to about a unit of the last place a step."""
    scheme = chain("lmc", BIMODAL, step_size)
    matrix = transition_matrix(scheme, grid_for(scheme), 0.0, level=1)
    p = torch.rand(matrix.shape[0], dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    narrow = float((matrix > 0).sum()) < matrix.numel() / 3
    assert narrow == (step_size < 0.1)
    powers = Powers(matrix)
    for steps in (1, 3, 6_000, 37, 1_025):
        there = p
        for _ in range(steps):
            there = there @ matrix
        assert torch.allclose(powers.apply(p, steps), there, rtol=1e-13 + 4e-16 * steps, atol=1e-30)
