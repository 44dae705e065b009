"""A piece of a scheme that a subclass overrides is overridden for every engine, or refused: against one step written out from `step` alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter, PmmError
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.laws.step.characteristic import centre, one_step_moments
from pmmtheory.schemes import BAOAB, EulerMaruyama, Midpoints, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import Gaussian
from tests.oracles.one_step import one_step

TARGET = Gaussian(0.0, 0.6)
STEP = 0.2


class Weaker(PoissonMidpoint):
    """Another force at a midpoint."""

    def midpoint_force(self, state: Tensor, t: Any, delay: Any) -> Tensor:
        return 0.9 * super().midpoint_force(state, t, delay)


class Halved(PoissonMidpoint):
    def midpoint_force(self, state: Tensor, t: Any, delay: Any) -> Tensor:
        return 0.5 * super().midpoint_force(state, t, delay)


class Pushing(PoissonMidpoint):
    def push(self, change: Tensor, t: Any = 0.0) -> Tensor:
        return 1.3 * super().push(change, t)


class Often(PoissonMidpoint):
    intensity = 1.4


class Redrawn(PoissonMidpoint):
    """Another draw in place of its own."""

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self.draws = self.draws | {"midpoints": Midpoints(self.substeps, "single")}  # type: ignore[operator]


class Widened(PoissonMidpoint):
    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, factor = super().step(x, t, draws)
        return 0.99 * mean, factor


class Early(PoissonMidpoint):
    """The substep of a midpoint is half as long as the distance of midpoints."""

    @property
    def substep(self) -> float:
        return super().substep / 2


class Colder(Overdamped):
    """Other noise."""

    def noise(self, h: Any, t: Any = 0.0) -> Any:
        return 0.8 * super().noise(h, t)


class Steeper(Overdamped):
    """Another drift."""

    def drift(self, x: Tensor, t: Any = 0.0) -> Tensor:
        return 1.2 * super().drift(x, t)


class ColderPlane(Underdamped):
    def noise(self, h: Any, t: Any = 0.0) -> Any:
        return super().noise(h, t) * 0.9


class SteeperPlane(Underdamped):
    def drift(self, x: Tensor, t: Any = 0.0) -> Tensor:
        return 1.2 * super().drift(x, t)


class Perturbed(Gaussian):
    """Its drift is not that of its density."""

    def drift(self, x: Tensor) -> Tensor:
        return 1.1 * super().drift(x)


OVERRIDDEN = (PoissonMidpoint, Weaker, Halved, Pushing, Often, Redrawn, Widened, Early)
ON_LINE = [Overdamped(TARGET), Colder(TARGET), Steeper(TARGET), Overdamped(Perturbed(0.0, 0.6))]
IN_PLANE = [Underdamped(TARGET, 1.3), ColderPlane(TARGET, 1.3), SteeperPlane(TARGET, 1.3), Underdamped(Perturbed(0.0, 0.6), 1.3)]


def told(dynamics: Any) -> str:
    return f"{type(dynamics).__name__}-{type(dynamics.target).__name__}"


def schemes(dynamics: Any) -> list[Scheme]:
    found: list[Scheme] = [EulerMaruyama(dynamics, STEP), RandomizedMidpoint(dynamics, STEP)]
    found += [cls(dynamics, STEP, 3 if dynamics.blocks == 1 else 2) for cls in OVERRIDDEN]
    found += [Weaker(dynamics, STEP, 3, kind) for kind in ("single", "interior")]
    if dynamics.blocks > 1:
        found.append(BAOAB(dynamics, STEP))
    return found


def stationary_covariance(scheme: Scheme) -> Tensor:
    """The solution of P = E R P R' + Q, with E R (x) R found from steps off states."""
    s = scheme.dynamics.blocks
    pairs = [(i, j) for i in range(s) for j in range(i, s)]
    eye = torch.eye(s, dtype=torch.float64)
    at = {(i, j): one_step(scheme, ((eye[i] + eye[j]) if i != j else eye[i]).reshape(scheme.dynamics.state_shape))[1] for i, j in pairs}
    noise = one_step(scheme, torch.zeros(scheme.dynamics.state_shape, dtype=torch.float64))[1]
    image = {(i, i): at[i, i] - noise for i in range(s)}
    image |= {(i, j): at[i, j] - at[i, i] - at[j, j] + noise for i, j in pairs if i != j}
    system = torch.eye(len(pairs), dtype=torch.float64)
    for column, pair in enumerate(pairs):
        system[:, column] -= torch.stack([image[pair][k] for k in pairs])
    solved = torch.linalg.solve(system, torch.stack([noise[k] for k in pairs]))
    covariance = torch.empty((s, s), dtype=torch.float64)
    for value, (i, j) in zip(solved, pairs, strict=True):
        covariance[i, j] = covariance[j, i] = value
    return covariance


@pytest.mark.slow
@pytest.mark.parametrize("dynamics", [*ON_LINE, *IN_PLANE], ids=told)
def test_by_moments(dynamics: Any) -> None:
    """The stationary covariance, or one sentence."""
    refused = []
    for scheme in schemes(dynamics):
        try:
            law = stationary_law(scheme, engine="gaussian")
        except PmmError as reason:
            refused.append((scheme.name, str(reason)))
            continue
        exact = stationary_covariance(scheme)
        width = torch.sqrt(torch.diag(exact))
        off = ((law.blocks[0] - exact).abs() / torch.outer(width, width)).max()
        assert float(off) < law.numerical_error + 1e-11, scheme.name
    names = {name.split("(")[0] for name, _ in refused}
    assert names <= ({"Early"} if type(dynamics.target) is Gaussian else {cls.__name__ for cls in (*OVERRIDDEN, EulerMaruyama, RandomizedMidpoint, BAOAB)})
    assert type(dynamics.target) is Gaussian or len(refused) == len(schemes(dynamics))


@pytest.mark.slow
@pytest.mark.parametrize("dynamics", ON_LINE, ids=told)
def test_on_the_line(dynamics: Any) -> None:
    """The first two moments of one step, or one sentence."""
    x = torch.tensor([-0.7, 1.1], dtype=torch.float64)
    for scheme in schemes(dynamics):
        try:
            shift, square = one_step_moments(scheme, x, 0.0, level=3)
        except InvalidParameter:
            assert type(scheme) is Widened
            continue
        middle = centre(scheme, x, 0.0)
        for k in (0, 1):
            first, second = one_step(scheme, x[k])
            assert float(middle[k] + shift[k]) == pytest.approx(float(first), abs=1e-10), scheme.name
            assert float(middle[k] ** 2 + 2 * middle[k] * shift[k] + square[k]) == pytest.approx(float(second), abs=1e-10), scheme.name


@pytest.mark.slow
@pytest.mark.parametrize("dynamics", IN_PLANE, ids=told)
def test_in_the_phase_plane(dynamics: Any) -> None:
    """Mean and covariance after one step from a Gaussian, or one sentence."""
    start = Gaussian(0.2, 0.4)
    x = torch.tensor([0.2, 0.0], dtype=torch.float64)
    for scheme in schemes(dynamics):
        try:
            law = transient_law(scheme, start, 1, rtol=1e-4, engine="phase_plane")
        except PmmError:
            assert type(scheme) in (Widened, Early)
            continue
        spread = torch.diag(torch.tensor([0.4, 1.0], dtype=torch.float64))
        eye = torch.eye(2, dtype=torch.float64)
        at, origin = one_step(scheme, x), torch.zeros(2, dtype=torch.float64)
        noise = one_step(scheme, origin)[1]
        second = at[1] + sum(float(spread[i, i]) * (one_step(scheme, eye[i])[1] - noise) for i in (0, 1))
        assert torch.allclose(law.mean, at[0], rtol=0, atol=40 * law.numerical_error + 1e-9), scheme.name
        told_second = law.covariance + torch.outer(law.mean, law.mean)
        assert torch.allclose(told_second, second, rtol=0, atol=40 * law.numerical_error + 1e-9), scheme.name


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bernoulli", "single"])
@pytest.mark.parametrize("substeps", [3, 23, 40])
def test_a_force_that_jumps_at_time_zero(kind: str, substeps: int) -> None:
    """A midpoint at time 0 changes nothing, one just after it pushes by a part of the force: by exact moments, and on the grid of the phase plane."""
    scheme = Weaker(Underdamped(TARGET, 2.0), STEP, substeps, kind)
    start = Gaussian(1.0, 0.5)
    exact = transient_law(scheme, start, 3, engine="gaussian").position
    found = transient_law(scheme, start, 3, rtol=1e-5, engine="phase_plane").position
    for k, value in ((1, float(exact.mean)), (2, float(exact.covariance) + float(exact.mean) ** 2)):
        moment = found.moment(k)
        assert abs(moment.value - value) <= moment.error < 1e-4
