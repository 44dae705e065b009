"""Wrong input to a target raises at once, with one sentence that names the parameter."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from pmmtheory.errors import InvalidParameter, NotNormalisable
from pmmtheory.targets import Banana, Cosine, DoubleWell, Funnel, Gaussian, GaussianMixture, LogCosh, LogisticRegression, Phi4, Potential, Ring, Target
from pmmtheory.targets.quadrature import LineQuadrature

NAN, INF = math.nan, math.inf

WRONG: list[tuple[str, str, Callable[[], Target]]] = [
    ("weights", "sum", lambda: GaussianMixture([0.5, 0.6], [0.0, 1.0], [1.0, 1.0])),
    ("weights", "negative", lambda: GaussianMixture([1.5, -0.5], [0.0, 1.0], [1.0, 1.0])),
    ("weights", "zero", lambda: GaussianMixture([1.0, 0.0], [0.0, 1.0], [1.0, 1.0])),
    ("weights", "nan", lambda: GaussianMixture([NAN, 1.0], [0.0, 1.0], [1.0, 1.0])),
    ("weights", "empty", lambda: GaussianMixture([], [], [])),
    ("weights", "text", lambda: GaussianMixture(["a"], [0.0], [1.0])),
    ("means", "number", lambda: GaussianMixture([0.5, 0.5], [0.0, 1.0, 2.0], [1.0, 1.0])),
    ("means", "nan", lambda: GaussianMixture([0.5, 0.5], [0.0, NAN], [1.0, 1.0])),
    ("means", "flat", lambda: GaussianMixture([0.5, 0.5], np.zeros((2, 0)), [1.0, 1.0])),
    ("means", "cube", lambda: GaussianMixture([0.5, 0.5], np.zeros((2, 1, 1)), [1.0, 1.0])),
    ("variances", "negative", lambda: GaussianMixture([0.5, 0.5], [0.0, 1.0], [1.0, -1.0])),
    ("variances", "zero", lambda: GaussianMixture([0.5, 0.5], [0.0, 1.0], [1.0, 0.0])),
    ("variances", "number", lambda: GaussianMixture([0.5, 0.5], [0.0, 1.0], [1.0])),
    ("variances", "infinite", lambda: GaussianMixture([0.5, 0.5], [0.0, 1.0], [1.0, INF])),
    ("variances", "missing", lambda: GaussianMixture([0.5, 0.5], [0.0, 1.0])),
    ("variances", "beside covariances", lambda: GaussianMixture([1.0], [0.0], [1.0], [[[1.0]]])),
    ("covariances", "one for two", lambda: GaussianMixture([0.5, 0.5], np.zeros((2, 2)), covariances=np.eye(2)[None])),
    ("covariances", "of variances", lambda: GaussianMixture([0.5, 0.5], np.zeros((2, 2)), covariances=np.ones((2, 2)))),
    ("covariances", "text", lambda: GaussianMixture([1.0], [[0.0, 0.0]], covariances="round")),
    ("covariances", "nan", lambda: GaussianMixture([1.0], [[0.0, 0.0]], covariances=[[[NAN, 0.0], [0.0, 1.0]]])),
    ("covariances", "zero", lambda: GaussianMixture([1.0], [[0.0, 0.0]], covariances=np.zeros((1, 2, 2)))),
    ("covariances", "negative on the line", lambda: GaussianMixture([1.0], [0.0], covariances=[[[-1.0]]])),
    ("covariances", "asymmetric", lambda: GaussianMixture([1.0], [[0.0, 0.0]], covariances=[[[1.0, 0.5], [0.4, 1.0]]])),
    ("covariances", "indefinite", lambda: GaussianMixture([1.0], [[0.0, 0.0]], covariances=[[[1.0, 2.0], [2.0, 1.0]]])),
    ("covariances", "singular", lambda: GaussianMixture([1.0], [[0.0, 0.0]], covariances=[[[1.0, 1.0], [1.0, 1.0]]])),
    ("covariances", "nearly singular", lambda: GaussianMixture([1.0], [[0.0, 0.0]], covariances=[[[1.0, 1.0], [1.0, 1.0 + 1e-11]]])),
    ("covariances", "tiny", lambda: GaussianMixture([1.0], [[0.0, 0.0]], covariances=1e-200 * np.eye(2)[None])),
    ("covariance", "negative", lambda: Gaussian(0.0, -1.0)),
    ("covariance", "zero", lambda: Gaussian(0.0, 0.0)),
    ("covariance", "nan", lambda: Gaussian(0.0, NAN)),
    ("covariance", "indefinite", lambda: Gaussian([0.0, 0.0], [[1.0, 2.0], [2.0, 1.0]])),
    ("covariance", "asymmetric", lambda: Gaussian([0.0, 0.0], [[1.0, 0.5], [0.0, 1.0]])),
    ("covariance", "oblong", lambda: Gaussian([0.0, 0.0], [[1.0, 0.5]])),
    ("covariance", "singular", lambda: Gaussian([0.0, 0.0], np.zeros((2, 2)))),
    ("mean", "nan", lambda: Gaussian(NAN, 1.0)),
    ("mean", "text", lambda: Gaussian("here", 1.0)),
    ("mean", "matrix", lambda: Gaussian(np.zeros((2, 2)), 1.0)),
    ("dim", "disagree", lambda: Gaussian([0.0, 0.0], [1.0, 1.0, 1.0])),
    ("dim", "zero", lambda: Gaussian(dim=0)),
    ("dim", "empty", lambda: Gaussian([], 1.0)),
    ("dim", "fraction", lambda: Gaussian(dim=1.5)),  # type: ignore[arg-type]
    ("amplitude", "nan", lambda: Cosine(amplitude=NAN)),
    ("frequency", "zero", lambda: Cosine(frequency=0.0)),
    ("phase", "infinite", lambda: Cosine(phase=INF)),
    ("scale", "negative", lambda: LogCosh(-1.0)),
    ("dim", "a banana on the line", lambda: Banana(1)),
    ("variance", "zero", lambda: Banana(2, variance=0.0)),
    ("bend", "too far", lambda: Banana(2, 1e100, 1.0)),
    ("dim", "a funnel on the line", lambda: Funnel(1)),
    ("deviation", "too wide", lambda: Funnel(2, 27.0)),
    ("width", "negative", lambda: Ring(1.0, -1.0)),
    ("width", "of nothing", lambda: Ring(1.0, 1e-7)),
    ("smoothing", "hardly any", lambda: Ring(1.0, 0.1, 1e-3)),
    ("dim", "one site", lambda: Phi4(1)),
    ("coupling", "negative", lambda: Phi4(3, -1.0)),
    ("barrier", "of a flat chain", lambda: Phi4(3, 1.0, 0.0)),
    ("field", "nan", lambda: Phi4(3, 1.0, 1.0, NAN)),
    ("field", "too strong", lambda: Phi4(3, 1.0, 1.0, 1e6)),
    ("x", "a vector", lambda: LogisticRegression([1.0, 2.0], [0, 1])),
    ("x", "nan", lambda: LogisticRegression([[NAN], [1.0]], [0, 1])),
    ("x", "empty", lambda: LogisticRegression(np.zeros((0, 2)), [])),
    ("y", "of signs", lambda: LogisticRegression([[1.0], [2.0]], [-1, 1])),
    ("y", "one for two", lambda: LogisticRegression([[1.0], [2.0]], [1])),
    ("prior_variance", "zero", lambda: LogisticRegression([[1.0]], [1], 0.0)),
    ("particles", "few", lambda: LogisticRegression([[1.0]], [1], particles=10)),
    ("dim", "beyond the data", lambda: LogisticRegression.breast_cancer(31)),
    ("barrier", "zero", lambda: DoubleWell(0.0)),
    ("separation", "nan", lambda: DoubleWell(1.0, NAN)),
    ("potential", "not callable", lambda: Potential(3.0)),  # type: ignore[arg-type]
    ("potential", "scalar", lambda: Potential(lambda x: (x**2).sum())),
    ("potential", "not summed", lambda: Potential(lambda x: x**2, dim=2)),
    ("potential", "number", lambda: Potential(lambda x: 1.0)),  # type: ignore[arg-type, return-value]
    ("potential", "raises", lambda: Potential(lambda x: x @ torch.zeros(9, dtype=torch.float64))),
    ("potential", "detached", lambda: Potential(lambda x: (x**2 / 2).detach())),
    ("potential", "detached in part", lambda: Potential(lambda x: (x**2 / 2).detach() + 0.1 * x)),
    ("potential", "detached in space", lambda: Potential(lambda x: (x**2).sum(-1).detach() + 0 * x[..., 0], dim=3)),
    ("potential", "returns numpy", lambda: Potential(lambda x: x.detach().numpy() ** 2)),
    ("potential", "takes numpy", lambda: Potential(lambda x: torch.as_tensor(np.asarray(x) ** 2))),
    ("potential", "numpy in part", lambda: Potential(lambda x: torch.as_tensor(np.cos(x.detach().numpy())) + x**2 / 2)),
    ("potential", "single precision", lambda: Potential(lambda x: x.float() ** 2)),
    ("potential", "single precision inside", lambda: Potential(lambda x: (x.float() ** 2).double())),
    ("potential", "not elementwise", lambda: Potential(lambda x: (x - x.mean()) ** 2)),
    ("points", "text", lambda: Potential(lambda x: x**2, points=["a"])),  # type: ignore[list-item]
    ("points", "nan", lambda: Potential(lambda x: x**2, points=[NAN])),
    ("points", "a number", lambda: Potential(lambda x: x**2, points=3.0)),  # type: ignore[arg-type]
    ("dim", "potential", lambda: Potential(lambda x: x**2, dim=0)),
]

NOT_NORMALISABLE: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "flat": lambda x: 0 * x,
    "unbounded below": lambda x: -(x**2),
    "falls to one side": lambda x: x,
    "cubic": lambda x: x**3,
    "Cauchy tails": lambda x: torch.log1p(x**2),
    "NaN": lambda x: x * NAN,
    "NaN far out": lambda x: torch.where(torch.abs(x) < 10, x**2, NAN),
    "infinite": lambda x: x + INF,
    "logarithmic": lambda x: torch.log(x),
}


@pytest.mark.parametrize(("name", "build"), [(n, b) for n, _, b in WRONG], ids=[f"{n}-{why}" for n, why, _ in WRONG])
def test_parameters(name: str, build: Callable[[], Target]) -> None:
    with pytest.raises(InvalidParameter) as caught:
        build()
    assert caught.value.name == name
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("potential", NOT_NORMALISABLE.values(), ids=NOT_NORMALISABLE)
def test_laws_that_do_not_exist(potential: Callable[[torch.Tensor], torch.Tensor]) -> None:
    with pytest.raises(NotNormalisable, match="potential"):
        Potential(potential, dim=1)


def test_student_tails_with_a_high_power() -> None:
    """They reach the depth that is asked for, but E X^6 is infinite, and 232346 is returned for it."""
    with pytest.raises(NotNormalisable, match="potential"):
        Potential(lambda x: 3 * torch.log1p(x**2 / 5), dim=1).moment(6)


@pytest.mark.parametrize("smoothness", [NAN, -1.0, "two"])
def test_a_wrong_smoothness(smoothness: float) -> None:
    with pytest.raises(InvalidParameter, match="smoothness"):
        Potential(lambda x: x**2, dim=1, smoothness=smoothness)


def test_a_kink_is_integrated() -> None:
    """The two-sided exponential: slower, but to the error that is stated."""
    target = Potential(torch.abs, dim=1)
    assert target.quadrature.log_normaliser == pytest.approx(math.log(2), abs=4 * target.quadrature.error)
    moment = target.moment(2)
    assert moment.value == pytest.approx(2, abs=4 * moment.error)


def test_a_far_and_narrow_target_is_found() -> None:
    """A potential with its whole mass far from the origin."""
    for centre in (30.0, 300.0, 3000.0, -1e7):
        quadrature = LineQuadrature(lambda x, c=centre: (x - c) ** 2 / 2)  # type: ignore[misc]
        assert quadrature.log_normaliser == pytest.approx(math.log(2 * math.pi) / 2, abs=4 * quadrature.error + 1e-12)


@pytest.mark.parametrize("k", [-1, 1.5, NAN, "two"])
def test_wrong_moments(k: int) -> None:
    for target in (Gaussian(), Cosine(), GaussianMixture([1.0], [0.0], [1.0])):
        with pytest.raises(InvalidParameter, match="k"):
            target.moment(k)


@pytest.mark.parametrize("n", [0, -5, 2.5])
def test_wrong_numbers_of_draws(n: int) -> None:
    for target in (Gaussian(), Cosine(), GaussianMixture([1.0], [0.0], [1.0])):
        with pytest.raises(InvalidParameter, match="n = "):
            target.sample(n)
