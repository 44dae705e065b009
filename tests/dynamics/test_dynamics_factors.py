"""The covariance of a noise from its factor: numbers, tensors and factors of blocks, against covariances written out."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from pmmtheory.dynamics import BlockFactor, Overdamped, Underdamped
from pmmtheory.dynamics.dynamics import Dynamics
from pmmtheory.dynamics.factors import blocks_last, covariance
from pmmtheory.targets import Gaussian

LINE, SPACE = Overdamped(Gaussian()), Overdamped(Gaussian(dim=3))
PHASE, PHASES = Underdamped(Gaussian(), 1.3), Underdamped(Gaussian(dim=3), 1.3)


def like(system: Dynamics, n: int = 5) -> torch.Tensor:
    return torch.zeros((n, *system.state_shape), dtype=torch.float64)


@pytest.mark.parametrize("system", [LINE, SPACE, PHASE, PHASES])
@pytest.mark.parametrize("factor", [0.0, 0.7, torch.tensor(0.7, dtype=torch.float64)])
def test_a_number_is_the_deviation_of_every_entry(system: Dynamics, factor: Any) -> None:
    eye = torch.eye(system.blocks, dtype=torch.float64)
    assert torch.equal(covariance(factor, system, like(system)), (float(factor) ** 2 * eye).expand(5, *([3] if system.target.dim == 3 else []), *eye.shape))


def test_a_tensor_may_differ_by_state_axis_and_block() -> None:
    per_state = torch.linspace(0.1, 0.5, 5, dtype=torch.float64)
    assert torch.equal(covariance(per_state, LINE, like(LINE))[:, 0, 0], per_state**2)
    per_axis = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    assert torch.equal(covariance(per_axis, SPACE, like(SPACE))[0, :, 0, 0], per_axis**2)
    per_block = torch.tensor([1.0, 2.0], dtype=torch.float64)
    assert torch.equal(covariance(per_block, PHASE, like(PHASE))[0], torch.diag(per_block**2))
    assert torch.equal(covariance(per_block[:, None], PHASES, like(PHASES))[3, 1], torch.diag(per_block**2))


@pytest.mark.parametrize("system", [PHASE, PHASES])
def test_a_factor_of_blocks_has_its_own_covariance(system: Underdamped) -> None:
    factor = system.noise(0.4)
    uu, uv, vv = (float(entry) for entry in factor.covariance)
    seen = covariance(factor, system, like(system)).reshape(-1, 2, 2)
    assert torch.equal(seen, torch.tensor([[uu, uv], [uv, vv]], dtype=torch.float64).expand(seen.shape))
    z = torch.randn((200_000, *system.state_shape), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    sample = blocks_last(factor * z, system).reshape(-1, 2)
    assert torch.allclose(sample.T @ sample / len(sample), seen[0], atol=4 * 2**0.5 * float(seen[0].max()) / len(sample) ** 0.5)


def test_a_factor_of_blocks_with_a_tensor_for_each_node() -> None:
    h = torch.linspace(0.1, 0.9, 5, dtype=torch.float64)
    seen = covariance(PHASE.noise(h[:, None]), PHASE, like(PHASE))
    for k, time in enumerate(h.tolist()):
        told = covariance(PHASE.noise(time), PHASE, like(PHASE, 1))[0]
        assert torch.allclose(seen[k], told, rtol=1e-13)
    assert isinstance(PHASE.noise(h[:, None]), BlockFactor)
