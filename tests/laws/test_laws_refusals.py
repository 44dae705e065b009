"""A law that does not converge: the message has the accuracy that the user asked for, and an engine that would do, where one does."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch

from pmmtheory.dynamics import Overdamped, ReverseDiffusion, Underdamped
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.schemes import BAOAB, EulerMaruyama, Scheme
from pmmtheory.targets import Gaussian, GaussianMixture, LogCosh, Potential

COARSE = BAOAB(Underdamped(Gaussian(), 2.0), 0.5)
LMC = EulerMaruyama(Overdamped(Gaussian()), 0.1)
ROUGH = BAOAB(Underdamped(Potential(lambda x: torch.where(x.abs() < 1, x**2 / 2, x.abs() - 0.5)), 2.0), 0.3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("run", "rtol"),
    [
        (lambda **options: stationary_law(COARSE, **options), None),
        (lambda **options: stationary_law(COARSE, rtol=1e-7, **options), 1e-7),
        (lambda **options: transient_law(LMC, Gaussian(1.0, 2.0), 3, rtol=5e-15, **options), 5e-15),
    ],
)
def test_an_engine_that_would_do_is_named_and_does(run: Callable[..., Any], rtol: float | None) -> None:
    with pytest.raises(NotConverged, match=r'asked for; engine="gaussian" would do\.$') as caught:
        run()
    assert caught.value.wanted == (rtol or 1e-5) < caught.value.reached
    assert run(engine="gaussian").numerical_error < 1e-12


@pytest.mark.slow
@pytest.mark.parametrize(
    "run",
    [
        lambda: transient_law(LMC, LogCosh(), 3, rtol=1e-16),  # no other engine starts there
        lambda: stationary_law(EulerMaruyama(Overdamped(LogCosh()), 0.1), rtol=1e-16),  # no other engine at all
    ],
)
def test_no_engine_is_named_where_none_does(run: Callable[[], Any]) -> None:
    with pytest.raises(NotConverged, match=r"not the 1e-16 asked for\.$"):
        run()


@pytest.mark.parametrize("rtol", [None, 1e-4, 3e-6])
def test_what_an_engine_wants_inside_is_not_said(rtol: float | None) -> None:
    """Its Fourier transform does not decay to 1e-9."""
    with pytest.raises(NotConverged, match=re.escape(f"is out of reach at the {rtol or 1e-5:.2g} asked for.")) as caught:
        stationary_law(ROUGH, rtol=rtol, engine="phase_plane")
    assert caught.value.wanted == (rtol or 1e-5) and math.isnan(caught.value.reached)


@pytest.mark.slow
def test_what_a_target_cannot_is_said_as_it_is() -> None:
    """The normaliser has an accuracy of its own, whatever is asked of a law."""
    with pytest.raises(NotConverged, match="normaliser of the potential .* not the 1e-08 asked for"):
        stationary_law(EulerMaruyama(Overdamped(Potential(lambda x: x**2 / 2 + torch.sin(1e5 * x))), 0.1), rtol=1e-4)


@pytest.mark.parametrize(
    ("old", "new", "scheme"),
    [
        ("linear", "gaussian", LMC),
        ("plane", "phase_plane", BAOAB(Underdamped(Gaussian(), 2.0), 0.2)),
        ("moving", "inhomogeneous", EulerMaruyama(ReverseDiffusion(Gaussian(), 1.0, 0.2), 0.2)),
        ("planar", "plane", EulerMaruyama(ReverseDiffusion(GaussianMixture([0.5, 0.5], [[0.0, 0.0], [1.0, 1.0]], [1.0, 1.0]), 1.0, 0.2), 0.2)),
    ],
)
def test_engines_by_the_names_they_had(old: str, new: str, scheme: Scheme) -> None:
    start = scheme.dynamics.law_at(0.0)
    with pytest.warns(FutureWarning, match=f'engine="{old}" is now engine="{new}"'):
        law = transient_law(scheme, start, 2, engine=old)
    assert law.numerical_error == transient_law(scheme, start, 2, engine=new).numerical_error


def test_where_no_engine_serves_the_message_says_what_each_takes() -> None:
    mixture = GaussianMixture([0.5, 0.5], [[0.0] * 3, [1.0] * 3], [1.0, 1.0])
    with pytest.raises(InvalidParameter, match=r"exact law \(line takes a target on the line; .*gaussian takes a Gaussian target in any dimension.*particles"):
        stationary_law(EulerMaruyama(Overdamped(mixture), 0.1))
    with pytest.raises(InvalidParameter, match=r"engine = 'line' is not allowed: one of \['phase_plane', 'gaussian'\] for Underdamped"):
        stationary_law(COARSE, engine="line")
    with pytest.raises(
        InvalidParameter,
        match='engine = .sampling. is not allowed: "line", "inhomogeneous", "phase_plane", "gaussian", "plane", "product", "potential_plane" or "several_mid',
    ):
        stationary_law(COARSE, engine="sampling")
