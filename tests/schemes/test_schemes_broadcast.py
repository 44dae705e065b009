"""In the phase plane starts of shape (n, 1, 2) broadcast against draws of shape (1, q, ...): the loop over both."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from pmmtheory.dynamics import Underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes import Midpoints, PoissonMidpoint, Scheme, Splitting
from pmmtheory.schemes.found import found_schemes
from tests.oracles.lines import BIMODAL

N, Q = 4, 5
FOUND = [cls for cls in found_schemes().values() if cls is not Splitting]
SYSTEM = Underdamped(BIMODAL, friction=1.3)


def taken(cls: type[Scheme]) -> bool:
    """Whether a scheme takes underdamped dynamics."""
    try:
        return cls(SYSTEM, 0.3) is not None
    except InvalidParameter:
        return False


PLAIN = [cls for cls in FOUND if not issubclass(cls, PoissonMidpoint) and taken(cls)]


def starts() -> torch.Tensor:
    return torch.randn(N, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def moved(scheme: Scheme, x: torch.Tensor, draws: dict[str, Any], last: torch.Tensor) -> torch.Tensor:
    mean, factor = scheme.step(x, 0.0, draws)
    return mean + factor * last


@pytest.mark.parametrize("cls", PLAIN)
def test_a_table_of_starts_and_draws(cls: type[Scheme]) -> None:
    generator, x = torch.Generator().manual_seed(2), starts()
    scheme = cls(SYSTEM, 0.3)
    draws = {name: draw.sample((1, Q, 1 if draw.shared else 2), generator, torch.float64) for name, draw in scheme.draws.items()}
    last = torch.randn(1, Q, 2, generator=generator, dtype=torch.float64)
    table = moved(scheme, x[:, None], draws, last)
    assert table.shape == (N, Q, 2)
    for i in range(N):
        for q in range(Q):
            one = moved(scheme, x[i], {name: value[0, q] for name, value in draws.items()}, last[0, q])
            assert torch.allclose(table[i, q], one, rtol=0, atol=1e-14)


@pytest.mark.parametrize("kind", ["bernoulli", "single"])
@pytest.mark.parametrize("substeps", [3, float("inf")])
def test_random_midpoints_are_given_to_every_state(substeps: float, kind: str) -> None:
    """A Poisson midpoint step of many states, each with its own midpoints, is the loop."""
    generator, x = torch.Generator().manual_seed(3), starts()[:, None].expand(N, Q, 2)
    scheme = PoissonMidpoint(SYSTEM, 0.3, substeps, kind)
    times, marks = Midpoints(substeps, kind).sample((N, Q, 1), generator, torch.float64)
    z, last = (torch.randn(*shape, N, Q, 2, generator=generator, dtype=torch.float64) for shape in ((len(times),), ()))
    table = moved(scheme, x, {"midpoints": (times, marks), "z": z}, last)
    for i in range(N):
        for q in range(Q):
            one = moved(scheme, x[i, q][None], {"midpoints": (times[:, i, q, None], marks[:, i, q, None]), "z": z[:, i, q, None]}, last[i, q])
            assert torch.allclose(table[i, q], one[0], rtol=0, atol=1e-14)
