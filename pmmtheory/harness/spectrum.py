"""Samplers on Gaussian data with given variances in the time of the variance-preserving SDE: the table of Pierret & Galerne 2025 with more rows.

The data are N(0, diag(variances)), forward time is the integral of beta = 0.05 + 9.95 u, and N - 1 equal steps in u lead from 1 to the stop. A method
with one call a step takes N - 1 of them. So does their Heun with two; of the others with two calls, half as many steps are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pmmtheory.chain import Chain
from pmmtheory.divergences import Estimate, w2, w2_bounds
from pmmtheory.dynamics import ProbabilityFlow, ReverseDiffusion
from pmmtheory.dynamics.clocks import VariancePreserving
from pmmtheory.errors import NotConverged
from pmmtheory.laws import transient_law
from pmmtheory.schedulers import DDIM, DDPM, DPMSolverMultistep, DPMSolverPlusPlus2M, ExactPredictor, NoiseSchedule, PoissonMidpointScheduler
from pmmtheory.schedulers import Heun as KarrasHeun
from pmmtheory.schemes import EulerMaruyama, ExplicitTrapezoid, FrozenEuler, RandomizedMidpoint
from pmmtheory.targets import Gaussian

if TYPE_CHECKING:
    from pmmtheory.schedulers import Scheduler

COUNTS = (50, 250, 500, 1000)
"""The N of the table."""

STOPS = (0.0, 1e-5, 1e-3, 1e-2)

_RTOL = 1e-2
"""For the covariance on the worst axis; the errors of the distances weigh the axes."""

_EPS = 1e-15

Build = Callable[[Gaussian, float, int], Chain]


@dataclass(frozen=True)
class Method:
    """A row of the table: the chain on these data with this stop and N, without a start; and the process that it discretises."""

    build: Build
    process: type[ReverseDiffusion]
    stops: tuple[float, ...]


@dataclass(frozen=True)
class Entry:
    """W2 to the data from the start at the noised data or at N(0, I): a number below it and one above, which are one but for random midpoints.

    Without an N it is that of the process itself. Where there is no number, `reason` says why in one sentence.
    """

    method: str
    stop: float
    start: str
    count: int | None
    calls: float
    below: Estimate | None = None
    above: Estimate | None = None
    reason: str = ""

    @property
    def words(self) -> str:
        """As the source prints numbers: two decimals, or two digits of small ones; both bounds where they differ in print."""
        if self.below is None or self.above is None:
            return "refused"
        low, high = _printed(self.below), _printed(self.above)
        return low if low == high else f"{low}..{high}"


def process(kind: type[ReverseDiffusion], data: Gaussian, stop: float, integrator: str = "euler") -> ReverseDiffusion:
    """From time 1 down to the stop."""
    return kind(data, VariancePreserving.integrated(1.0), VariancePreserving.integrated(stop), integrator, "vp")


def _printed(number: Estimate) -> str:
    if number.value <= number.error:
        return "0"
    return f"{number.value:.2f}" if number.value >= 0.01 else f"{number.value:.1E}".replace("E-0", "E-")


def _frozen(kind: type[ReverseDiffusion]) -> Build:
    return lambda data, stop, n: Chain(FrozenEuler(process(kind, data, stop), n - 1), steps=n - 1)


def _exponential(data: Gaussian, stop: float, n: int) -> Chain:
    system = process(ReverseDiffusion, data, stop, "exponential")
    return Chain(EulerMaruyama(system, system.duration / (n - 1)), steps=n - 1)


def _trapezoid(data: Gaussian, stop: float, n: int) -> Chain:
    system = process(ProbabilityFlow, data, stop)
    assert isinstance(system, ProbabilityFlow)
    return Chain(ExplicitTrapezoid(system, n - 1), steps=n - 1)


def _randomized(data: Gaussian, stop: float, n: int) -> Chain:
    system, steps = process(ReverseDiffusion, data, stop, "exponential"), (n - 1) // 2
    return Chain(RandomizedMidpoint(system, system.duration / steps), steps=steps)


def _sampler(make: Callable[[NoiseSchedule, list[float], int], Scheduler], each: int = 1, fine: Callable[[int], int] = lambda steps: 1) -> Build:
    """A sampler of so many calls a step: N - 1 calls, or N - 2; and of `fine` steps of the schedule for each of its own."""

    def build(data: Gaussian, stop: float, n: int) -> Chain:
        steps = (n - 1) // each
        k = fine(steps)
        times = np.linspace(stop, 1.0, steps * k + 1)[0 if stop else 1 :]
        schedule = NoiseSchedule.at([VariancePreserving.integrated(u) for u in times])
        made = make(schedule, [float(i) for i in range(schedule.size, int(stop > 0) - 1, -1)], k)
        return Chain(made.scheme(ExactPredictor(data, schedule)), steps=made.chain_steps)

    return build


def _midpoints(variant: str, fine: Callable[[int], int]) -> Build:
    return _sampler(lambda schedule, times, k: PoissonMidpointScheduler(schedule, times=times, substeps=k, variant=variant, midpoints="interior"), 2, fine)


def _five(steps: int) -> int:
    return 5


def _thousand(steps: int) -> int:
    return max(2, round(1000 / steps))


METHODS: Mapping[str, Method] = {
    "EM": Method(_frozen(ReverseDiffusion), ReverseDiffusion, (0.0, 1e-3, 1e-2)),
    "EI": Method(_exponential, ReverseDiffusion, (0.0, 1e-3, 1e-2)),
    "Euler": Method(_frozen(ProbabilityFlow), ProbabilityFlow, (0.0, 1e-3, 1e-2)),
    "Heun": Method(_trapezoid, ProbabilityFlow, STOPS),
    "DDIM": Method(_sampler(lambda schedule, times, k: DDIM(schedule, times=times)), ProbabilityFlow, (0.0,)),
    "DPM-Solver-2M": Method(_sampler(lambda schedule, times, k: DPMSolverMultistep(schedule, times=times, order=2)), ProbabilityFlow, (0.0,)),
    "DPM-Solver-3M": Method(_sampler(lambda schedule, times, k: DPMSolverMultistep(schedule, times=times, order=3)), ProbabilityFlow, (0.0,)),
    "DPM-Solver++(2M)": Method(_sampler(lambda schedule, times, k: DPMSolverPlusPlus2M(schedule, times=times)), ProbabilityFlow, (0.0,)),
    "Heun in sigma/alpha": Method(_sampler(lambda schedule, times, k: KarrasHeun(schedule, times=times), 2), ProbabilityFlow, (0.0,)),
    "DDPM V1": Method(_sampler(lambda schedule, times, k: DDPM(schedule, times=times, variant="V1")), ReverseDiffusion, (0.0,)),
    "DDPM V2": Method(_sampler(lambda schedule, times, k: DDPM(schedule, times=times, variant="V2")), ReverseDiffusion, (0.0,)),
    "DDPM V3": Method(_sampler(lambda schedule, times, k: DDPM(schedule, times=times, variant="V3")), ReverseDiffusion, (0.0,)),
    "RMM": Method(_randomized, ReverseDiffusion, (1e-3, 1e-2)),
    "PMM over V1, K=5": Method(_midpoints("V1", _five), ReverseDiffusion, (0.0,)),
    "PMM over V3, K=5": Method(_midpoints("V3", _five), ReverseDiffusion, (0.0,)),
    "PMM over V3, K=1000/steps": Method(_midpoints("V3", _thousand), ReverseDiffusion, (0.0,)),
}
"""Rows by name. The first four are those of the source; EI is Euler-Maruyama with the exponential integrator, the variant V1 of DDPM but for its last step."""


def starts(data: Gaussian) -> Mapping[str, Gaussian]:
    """The law of the noised data at time 1, and pure noise."""
    return {"p_T": data.noised(float(np.exp(-VariancePreserving.integrated(1.0)))), "N(0, I)": Gaussian(dim=data.dim)}


def rows(data: Gaussian, names: Sequence[str] | None = None, stops: Sequence[float] = STOPS, counts: Sequence[int] = COUNTS) -> Iterator[list[Entry]]:
    """For every method and stop the entries of both starts: those of the process itself, whose count is None, and of each N."""
    for name in names or METHODS:
        method = METHODS[name]
        for stop in (stop for stop in method.stops if stop in stops):
            entries = [_continuous(name, data, stop, start) for start in starts(data)]
            entries += [_discrete(name, data, stop, start, n) for n in counts for start in starts(data)]
            yield entries


def _continuous(name: str, data: Gaussian, stop: float, start: str) -> Entry:
    system = process(METHODS[name].process, data, stop)
    found = w2(system.solved(starts(data)[start]), data)
    off = _EPS * float(data.variances.sum()) ** 0.5  # of the closed form itself, a few units on every axis
    sure = Estimate.of(found.value, found.method, rounding=found.error + off)
    return Entry(name, stop, start, None, 0.0, sure, sure)


def _discrete(name: str, data: Gaussian, stop: float, start: str, n: int) -> Entry:
    chain = METHODS[name].build(data, stop, n)
    assert chain.steps is not None
    calls = chain.steps * chain.scheme.drift_calls
    try:
        below, above = w2_bounds(transient_law(chain.scheme, starts(data)[start], chain.steps, rtol=_RTOL), data)
    except NotConverged as reason:
        return Entry(name, stop, start, n, calls, reason=str(reason))
    return Entry(name, stop, start, n, calls, below, above)
