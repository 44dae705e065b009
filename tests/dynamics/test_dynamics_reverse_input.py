"""What a reverse diffusion is made of, and what it refuses."""

from __future__ import annotations

import math

import pytest

from pmmtheory.dynamics import Overdamped, ReverseDiffusion
from pmmtheory.errors import InvalidParameter
from pmmtheory.targets import Cosine
from tests.dynamics.reverse_processes import DATA, HORIZON, SPACE, STOP, process


def test_a_chain_over_time_is_not_autonomous() -> None:
    system = process()
    assert not system.autonomous and system.blocks == 1 and system.grain == 0.0
    assert Overdamped(DATA).autonomous
    assert Overdamped(DATA).law_at(3.0) is DATA
    other = system.with_integrator("exponential")
    assert (other.integrator, other.grid, other.horizon, other.stop, other.target) == ("exponential", "uniform", HORIZON, STOP, DATA)
    moved = process("exponential", "quadratic").on(SPACE)
    assert (moved.target, moved.integrator, moved.grid) == (SPACE, "exponential", "quadratic")


NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("stop", (DATA, 1.0, 1.0)),
        ("stop", (DATA, 1.0, 1.5)),
        ("stop", (DATA, 1.0, -0.1)),
        ("stop", (DATA, 1.0, NAN)),
        ("stop", (DATA, 1.0, 0.0, "euler", "log-snr")),
        ("horizon", (DATA, 0.0, 0.0)),
        ("horizon", (DATA, -1.0, 0.0)),
        ("horizon", (DATA, INF, 0.0)),
        ("horizon", (DATA, "long", 0.0)),
        ("integrator", (DATA, 1.0, 0.1, "heun")),
        ("grid", (DATA, 1.0, 0.1, "euler", "cubic")),
        ("target", (Cosine(0.5), 1.0, 0.1)),
        ("target", ("data", 1.0, 0.1)),
        ("stop", (DATA, 1.0, "early")),
        ("stop", (DATA, 1.0, None)),
    ],
)
def test_wrong_input(name: str, arguments: tuple[object, ...]) -> None:
    with pytest.raises(InvalidParameter, match=f"^{name} = "):
        ReverseDiffusion(*arguments)  # type: ignore[arg-type]


def test_the_sentences() -> None:
    with pytest.raises(InvalidParameter, match="a forward time from 0 to below the horizon 1"):
        ReverseDiffusion(DATA, 1.0, 2.0)
    with pytest.raises(InvalidParameter, match='"euler" or "exponential"'):
        ReverseDiffusion(DATA, 1.0, 0.1, "rk4")
    with pytest.raises(InvalidParameter, match='"uniform", "quadratic", "log-snr" or "vp"'):
        ReverseDiffusion(DATA, 1.0, 0.1, grid="cubic")
    with pytest.raises(InvalidParameter, match='above 0 for the grid "log-snr"'):
        ReverseDiffusion(DATA, 1.0, 0.0, grid="log-snr")
    with pytest.raises(InvalidParameter, match="whose noised laws have a closed form"):
        ReverseDiffusion(Cosine(0.5), 1.0, 0.1)
