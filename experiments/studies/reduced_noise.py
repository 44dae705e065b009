"""Noise lowered by the variance that the midpoints add: whether that removes the x^2/3 of the Poisson midpoint method on Gaussians."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from experiments.studies._steps import step_sizes, with_constant
from pmmtheory.harness.catalogue import TARGETS
from pmmtheory.harness.claims import stationary_claims
from pmmtheory.harness.findings import among, constants, exponent, factor
from pmmtheory.harness.study import Check, Study
from pmmtheory.harness.verdict import Outcome

_TARGET = "gaussian"
_SOURCE = "relative variance x^2 (1/3 - share/2) (schemes.reduced_noise_midpoint)"
_WHOLE, _TWO_THIRDS, _SINGLE = "PMM, noise less Var(S)", "PMM, noise less 2/3 Var(S)", "PMM single, noise less Var(S)"


def _checks(profile: str) -> Iterator[Check]:
    yield from _of(profile, _WHOLE, "bernoulli", 1.0, 2, 1 / 6)
    yield from _of(profile, _TWO_THIRDS, "bernoulli", 2 / 3, 3, None)
    yield from _of(profile, _SINGLE, "single", 1.0, 2, 1 / 6)
    yield from _of(profile, _WHOLE, "bernoulli", 1.0, 3, None, control=True)
    if profile == "full":
        yield from _of(profile, "PMM, noise less 0.4 Var(S)", "bernoulli", 0.4, 3, None, control=True)


def _of(profile: str, label: str, midpoints: str, share: float, order: int, left: float | None, control: bool = False) -> Iterator[Check]:
    """W2 with its constant, sqrt(lam)^3 left/2, where x^2 is left."""
    checks = stationary_claims(
        _TARGET,
        step_sizes(_TARGET, profile, number=5 if profile == "quick" else 6),
        "ReducedNoisePoissonMidpoint",
        f"{label} (wrong claim)" if control else label,
        order,
        "negative control" if control else _SOURCE,
        control=control,
        distances=("w2",),
        substeps="inf",
        midpoints=midpoints,
        share=share,
    )
    yield from checks if left is None else with_constant(checks, TARGETS[_TARGET].smoothness ** 1.5 * left / 2)


def _gained(whole: Sequence[Outcome], right: Sequence[Outcome]) -> str:
    """How many times nearer at the smallest step of both."""
    before, after = dict(whole[0].points), dict(right[0].points)
    step = min(before.keys() & after.keys(), default=None)
    times = "" if step is None else factor(before[step], after[step])
    return f", {times} times nearer at step {step:.2g}" if times else ""


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    whole, right, single = (among(outcomes, scheme=label, control=False) for label in (_WHOLE, _TWO_THIRDS, _SINGLE))
    if (two := exponent(whole)) and (three := exponent(right)) and (near := constants(whole)):
        yield f"PMM's noise less Var S: order {two}, less 2/3 of it {three}."
        yield f"Open question, does all of it remove the x^2/3 on Gaussians: no, -x^2/6 is left ({near}); two thirds of it do{_gained(whole, right)}."
    if two := exponent(single):
        yield f"One midpoint a step, which has no x^2, is made worse by it: order {two}."


study = Study("reduced_noise", "Noise lowered by the variance of the midpoints: two thirds of it remove x^2/3, all of it does not", _checks, _findings)
