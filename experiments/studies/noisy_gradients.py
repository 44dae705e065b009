"""Noisy gradients: the order that is left, and who is nearer at equal calls.

A gradient with an error of variance sigma^2 heats a chain to the temperature 1 + a sigma^2/2 (schemes.sgld): W2 on a Gaussian of curvature lam is
a (lam + sigma^2)/(4 sqrt(lam)) for LMC and a sigma^2/(4 sqrt(lam)) for the randomized midpoint method, whose step has two gradients.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from experiments.studies._steps import step_sizes, with_constant
from pmmtheory.harness.catalogue import TARGETS
from pmmtheory.harness.claims import stationary_claims
from pmmtheory.harness.findings import among, constants, exponent, hold
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.claim import Claim

_SOURCE = "the temperature 1 + step sigma^2/2 (schemes.sgld)"
_LABELS = {"SGLD": "LMC with noisy gradients", "StochasticGradientRandomizedMidpoint": "RMM with noisy gradients"}
_SHARES = (0.5, 2.0)
"""sigma^2/lam, below and above 1."""


def _checks(profile: str) -> Iterator[Check]:
    curvature = TARGETS["gaussian"].smoothness
    for scheme, heated in (("SGLD", curvature + 1.0), ("StochasticGradientRandomizedMidpoint", 1.0)):
        yield from with_constant(_orders(profile, "gaussian", scheme, 1), heated / (4 * curvature**0.5))
        yield from _orders(profile, "bimodal", scheme, 1)
    yield from _orders(profile, "gaussian", "StochasticGradientRandomizedMidpoint", 2, control=True)
    yield from (_nearer(share, profile) for share in _SHARES)
    yield _nearer(_SHARES[1], profile, control=True)


def _orders(profile: str, target: str, scheme: str, order: int, control: bool = False) -> Sequence[Check]:
    steps = step_sizes(target, profile, number=5)
    label, source = (f"{_LABELS[scheme]} (wrong claim)", "negative control") if control else (_LABELS[scheme], _SOURCE)
    return stationary_claims(target, steps, scheme, label, order, source, control=control, distances=("w2",), gradient_noise=1.0)


def _nearer(share: float, profile: str, control: bool = False) -> Check:
    """Whether RMM with steps twice as large, and as many gradients, is nearer than LMC for sigma^2 < lam, and farther for sigma^2 > lam."""
    curvature = TARGETS["gaussian"].smoothness
    noise = round((share * curvature) ** 0.5, 9)
    first = (share < 1) != control
    near, far = ("RMM", "LMC") if first else ("LMC", "RMM")
    claim = Claim(
        f"with sigma^2 = {share:g} lam {near} has a smaller W2 than {far} at equal gradients",
        f"{near} with noisy gradients, sigma^2 = {share:g} lam",
        "w2",
        0,
        "inequality",
        "negative control" if control else _SOURCE,
        "Gaussian of curvature lam",
    )
    steps = step_sizes("gaussian", profile, number=5)[:: 1 if profile == "full" else 2]
    lmc, rmm = (
        tuple(Point(step, Cell.of("stationary_error", target="gaussian", scheme=scheme, step_size=times * step, gradient_noise=noise), "w2") for step in steps)
        for scheme, times in (("SGLD", 1), ("StochasticGradientRandomizedMidpoint", 2))
    )
    points, bounds = (rmm, lmc) if first else (lmc, rmm)
    return Check(claim, "gaussian", points, bounds=bounds, control=control)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    lmc, rmm = (among(outcomes, scheme=label, kind="asymptotic", control=False) for label in _LABELS.values())
    if (power := exponent([*lmc, *rmm])) and (near := constants(among([*lmc, *rmm], target="gaussian"))):
        yield f"With noisy gradients: order {power}, constants {near}."
        yield "An error of variance sigma^2 is a temperature of 1 + step sigma^2/2."
    if hold(among(outcomes, kind="inequality", control=False)):
        said = " and ".join(f"{'RMM' if share < 1 else 'LMC'} at {share:g} lam" for share in _SHARES)
        yield f"Open question, who wins at equal gradients, near a Gaussian: RMM where sigma^2 < lam, LMC where it is larger ({said})."


study = Study("noisy_gradients", "Noisy gradients: order 1 is left for LMC and RMM, and who is nearer at equal gradients", _checks, _findings)
