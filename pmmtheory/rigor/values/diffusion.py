"""Samplers of diffusion models on a Gaussian on the line, by recursions of mean and variance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from flint import arb

from pmmtheory.chain import Chain
from pmmtheory.divergences import kl, tv, w2
from pmmtheory.dynamics import ReverseDiffusion
from pmmtheory.estimate import Estimate
from pmmtheory.laws import transient_law
from pmmtheory.rigor import gaussian, recursions
from pmmtheory.rigor.balls import exact
from pmmtheory.rigor.enclosure import Claimed
from pmmtheory.schedulers import DDIM, DDPM, ExactPredictor, NoiseSchedule
from pmmtheory.schedulers.scheduler import Scheduler
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import Gaussian

DATA, HORIZON, STOP, STEPS = Gaussian(0.7, 0.3), 2.0, 0.02, 20
SCHEDULE = NoiseSchedule.linear(1000)
_Distance = Callable[[Any, Any], Estimate]
_Proof = Callable[[gaussian.Normal1, gaussian.Normal1], arb]


def claims() -> Iterator[Claimed]:
    """Reverse diffusion by Euler's method; DDIM; DDPM (V2), which is DDIM with eta = 1."""
    pairs: tuple[tuple[_Distance, _Proof], ...] = ((kl, gaussian.kl), (tv, gaussian.tv), (w2, gaussian.w2))
    for engine in ("inhomogeneous", "gaussian"):
        for distance, proof in pairs:
            words = f"{distance.__name__} of reverse diffusion, {STEPS} Euler steps, engine {engine}"
            yield Claimed(words, partial(_reverse_stated, distance, engine), partial(_reverse, proof))
    for sampler, eta in ((DDIM(SCHEDULE, steps=20), 0.0), (DDPM(SCHEDULE, steps=50, variant="V2"), 1.0)):
        for distance, proof in pairs:
            yield Claimed(
                f"{distance.__name__} of {sampler.name}, {sampler.steps} steps", partial(_stated, sampler, distance), partial(_ddim, sampler, eta, proof)
            )


def _reverse_stated(distance: _Distance, engine: str) -> Estimate:
    reverse = ReverseDiffusion(DATA, HORIZON, STOP)
    law = transient_law(Chain(EulerMaruyama(reverse, reverse.duration / STEPS), reverse.marginal(HORIZON), STEPS), engine=engine)
    return distance(law, reverse.marginal(STOP))


def _reverse(proof: _Proof) -> arb:
    """The step is the double that the engine has; the reference is the marginal at STOP itself."""
    law = recursions.reverse_diffusion(_data(), exact(HORIZON), exact((HORIZON - STOP) / STEPS), STEPS)
    return proof(law, recursions.noised(_data(), (-exact(STOP)).exp()))


def _stated(sampler: Scheduler, distance: _Distance) -> Estimate:
    return distance(transient_law(sampler.chain(ExactPredictor(DATA, SCHEDULE))), DATA)


def _ddim(sampler: Scheduler, eta: float, proof: _Proof) -> arb:
    return proof(recursions.ddim(_data(), recursions.levels(SCHEDULE.betas, sampler.times), eta), _data())


def _data() -> gaussian.Normal1:
    return gaussian.Normal1(exact(DATA.mean), exact(DATA.covariance))
