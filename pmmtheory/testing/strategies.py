"""Hypothesis strategies for targets, step sizes, substeps and schemes.

Values shrink towards the plainest: a standard Gaussian, the largest step, one substep, the first scheme by name.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pmmtheory.dynamics import Dynamics, Overdamped
from pmmtheory.errors import InvalidParameter, count
from pmmtheory.schemes import Scheme
from pmmtheory.schemes.found import found_schemes
from pmmtheory.targets import Cosine, Gaussian, GaussianMixture, LogCosh, Target

_LARGEST, _SMALLEST = 0.15, 0.01


def targets(dim: int = 1) -> SearchStrategy[Target]:
    """Targets with a Lipschitz drift: Gaussians and mixtures in any dimension; rippled and two-sided exponential ones on the line.

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> @settings(deadline=None, database=None)
    ... @given(targets(dim=2))
    ... def test_dimension(target):
    ...     assert target.dim == 2
    >>> test_dimension()
    """
    plain = st.builds(Gaussian, dim=st.just(count("dim", dim)))
    if dim > 1:
        return st.one_of(plain, _gaussians(dim), _mixtures(dim))
    ripples = st.builds(Cosine, amplitude=_between(-1, 1), frequency=_between(0.5, 1.5), phase=_between(0, 3))
    return st.one_of(plain, _line_gaussians(), _mixtures(1), ripples, st.builds(LogCosh, scale=_between(0.5, 2)))


def step_sizes(target: Target) -> SearchStrategy[float]:
    """Log-uniform steps from 0.01/L to 0.15/L, shrinking towards the largest."""
    smoothness = float(target.smoothness)
    if not 0 < smoothness < math.inf:
        raise InvalidParameter("target", target.name, "one with a finite constant L = target.smoothness")
    return _between(0, 1).map(lambda u: _LARGEST / smoothness * (_SMALLEST / _LARGEST) ** u)


def substeps() -> SearchStrategy[float]:
    """Numbers K of substeps: 1 to 40 or infinity, which is one draw in six."""
    return st.sampled_from([*range(1, 41), *[math.inf] * 8])


def schemes(target: Target, dynamics: Callable[[Target], Dynamics] = Overdamped, **parameters: SearchStrategy[Any]) -> SearchStrategy[Scheme]:
    """Every scheme of pmmtheory.schemes that takes this dynamics, at random steps and parameters.

    Schemes are found in the package's folder. A parameter after the step size is drawn from `parameters` where it is named
    there, from substeps() or the two kinds of midpoints where it has their name, and else left at its default.

    Raises
    ------
    InvalidParameter
        For a parameter without a default of which nothing is known.

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> @settings(deadline=None, database=None)
    ... @given(schemes(Gaussian()))
    ... def test_cost(scheme):
    ...     assert 1 <= scheme.drift_calls <= 2
    >>> test_cost()
    """
    known = {"substeps": substeps(), "midpoints": st.sampled_from(["bernoulli", "single"]), **parameters}
    system = dynamics(target)
    steps = step_sizes(target)
    return st.one_of([st.builds(cls, st.just(system), steps, **_options(cls, known)) for cls in scheme_classes() if _takes(cls, system, known)])


def scheme_classes() -> list[type[Scheme]]:
    """The concrete schemes in pmmtheory.schemes that are made of dynamics and a step, by name."""
    return list(found_schemes().values())


def _options(cls: type[Scheme], known: dict[str, SearchStrategy[Any]]) -> dict[str, SearchStrategy[Any]]:
    own = list(inspect.signature(cls).parameters.values())[2:]
    named = [p for p in own if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    unknown = [p.name for p in named if p.name not in known and p.default is p.empty]
    if unknown:
        raise InvalidParameter("parameters", unknown, f"{cls.__name__} needs a strategy for each of these, e.g. schemes(target, {unknown[0]}=...)")
    return {p.name: known[p.name] for p in named if p.name in known}


def _takes(cls: type[Scheme], system: Dynamics, known: dict[str, SearchStrategy[Any]]) -> bool:
    """Whether the scheme accepts the dynamics: probed with a scheme whose other parameters are fixed at plain values."""
    plain = {"substeps": 1, "midpoints": "bernoulli"}
    try:
        cls(system, 1.0, **{name: plain[name] for name in _options(cls, known) if name in plain})
    except InvalidParameter as error:
        return error.name != "dynamics"
    except TypeError:
        return True
    return True


def _between(low: float, high: float) -> SearchStrategy[float]:
    return st.floats(low, high, allow_subnormal=False)


def _line_gaussians() -> SearchStrategy[Target]:
    return st.builds(Gaussian, mean=_between(-2, 2), covariance=_between(0.25, 4))


@st.composite
def _gaussians(draw: st.DrawFn, dim: int) -> Gaussian:
    """Gaussians with isotropic, diagonal and full covariances."""
    mean = draw(st.lists(_between(-2, 2), min_size=dim, max_size=dim))
    variances = draw(st.lists(_between(0.25, 4), min_size=dim, max_size=dim))
    shape = draw(st.sampled_from(["isotropic", "diagonal", "full"]))
    if shape == "isotropic":
        return Gaussian(mean, variances[0])
    if shape == "diagonal":
        return Gaussian(mean, variances)
    angles = draw(st.lists(_between(0, 3), min_size=dim - 1, max_size=dim - 1))
    axes = torch.eye(dim, dtype=torch.float64)
    for i, angle in enumerate(angles):
        c, s = math.cos(angle), math.sin(angle)
        axes[:, i : i + 2] = axes[:, i : i + 2] @ torch.tensor([[c, -s], [s, c]], dtype=torch.float64)
    matrix = (axes * torch.tensor(variances, dtype=torch.float64)) @ axes.T
    return Gaussian(mean, (matrix + matrix.T) / 2)


@st.composite
def _mixtures(draw: st.DrawFn, dim: int) -> GaussianMixture:
    """Two or three components at most 4 apart in each coordinate; of one covariance in dimension 2 and more, where L is known then only."""
    n = draw(st.integers(2, 3))
    shares = draw(st.lists(st.integers(1, 4), min_size=n, max_size=n))
    place = _between(-2, 2) if dim == 1 else st.lists(_between(-2, 2), min_size=dim, max_size=dim)
    means = draw(st.lists(place, min_size=n, max_size=n))
    variances = draw(st.lists(_between(0.5, 2), min_size=n, max_size=n)) if dim == 1 else [draw(_between(0.5, 2))] * n
    weights = [share / sum(shares) for share in shares]
    if dim > 1 and draw(st.booleans()):
        lean = torch.tensor(draw(st.lists(_between(-1, 1), min_size=dim, max_size=dim)), dtype=torch.float64)
        matrix = variances[0] * (torch.eye(dim, dtype=torch.float64) + torch.outer(lean, lean))
        return GaussianMixture(weights, means, covariances=[matrix] * n)
    return GaussianMixture(weights, means, variances)
