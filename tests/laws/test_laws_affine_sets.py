"""Steps at many sets of midpoints: the recursion over the midpoints against the step itself by unit vectors, set by set."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics, Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.step import affine_sets
from pmmtheory.laws.step.affine import AffineSteps, affine_steps
from pmmtheory.laws.step.affine_sets import listed_steps
from pmmtheory.laws.step.axes import OnAxes
from pmmtheory.laws.step.cubature import cubature
from pmmtheory.schemes import PoissonMidpoint, PoissonStructure
from pmmtheory.targets import Gaussian

VARIANCES = torch.tensor([0.6, 1.4], dtype=torch.float64)
CENTRED, MOVED = Gaussian(0.0, VARIANCES), Gaussian([0.7, -2.0], VARIANCES)


class Delayed(PoissonMidpoint):
    """A force at midpoints that fades, and pushes that are stronger."""

    def midpoint_force(self, state: Tensor, t: Any, delay: Any) -> Tensor:
        return self.dynamics.drift(state * (1 - 0.3 * delay), t + delay)

    def push(self, change: Tensor, t: Any = 0.0) -> Tensor:
        return 1.5 * super().push(change, t)


class Curved(PoissonMidpoint):
    """A force at midpoints that is not linear."""

    def midpoint_force(self, state: Tensor, t: Any, delay: Any) -> Tensor:
        return torch.tanh(self.dynamics.drift(state, t + delay))


def both(chain: PoissonMidpoint, level: int = -2) -> tuple[AffineSteps | None, AffineSteps]:
    at = cubature(chain, level, normals=False)
    return listed_steps(chain, VARIANCES, at, 0.0), affine_steps(chain, VARIANCES, at)


@pytest.mark.slow
@pytest.mark.parametrize("cls", [PoissonMidpoint, Delayed])
@pytest.mark.parametrize("dynamics", [Overdamped(CENTRED), Overdamped(MOVED), Underdamped(CENTRED, 1.3)])
@pytest.mark.parametrize("substeps", [11, 20, math.inf])
def test_the_recursion_says_what_unit_vectors_say(cls: type[PoissonMidpoint], dynamics: Dynamics, substeps: float) -> None:
    seen, told = both(cls(dynamics, 0.3, substeps))
    assert seen is not None and len(seen.weights) > 1000
    for part in ("matrix", "offset", "noise"):
        one, other = getattr(seen, part), getattr(told, part)
        assert bool(((one - other).abs() <= 1e-13 * (1 + other.abs())).all())
    size = torch.diagonal(told.noise, dim1=-2, dim2=-1)
    assert float((torch.diagonal(seen.noise, dim1=-2, dim2=-1) / size - 1).abs().max()) < 1e-9


def test_few_sets_are_left_to_unit_vectors() -> None:
    assert both(PoissonMidpoint(Overdamped(CENTRED), 0.3, 5))[0] is None


def test_a_force_that_is_not_linear_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="affine in the state"):
        both(Curved(Overdamped(CENTRED), 0.3))


@pytest.mark.slow
def test_a_recursion_that_says_another_thing_than_the_step_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = PoissonMidpoint(Overdamped(CENTRED), 0.3)
    right = OnAxes(chain, VARIANCES).steps(-2)
    monkeypatch.setattr(PoissonStructure, "push", lambda self, change, t=0.0: (1 + 1e-6) * self.owner.push(change, t))
    assert both(chain)[0] is None
    seen = OnAxes(chain, VARIANCES).steps(-2)
    assert torch.allclose(seen.noise, right.noise, rtol=1e-12, atol=0.0)
    monkeypatch.setattr(affine_sets, "_AGREES", 1e-3)
    other = both(chain)[0]
    assert other is not None and not torch.allclose(other.noise, right.noise, rtol=1e-9, atol=0.0)
