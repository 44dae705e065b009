"""True claims on targets, steps and schemes drawn at random: none may fail.

The other way round than the faults of `mutants`: order and constants are those that theory.leading derives from a scheme's own step, targets are of families
whose densities are known, and each claim is judged by the points of exact laws as a claim of a study is.
"""

from __future__ import annotations

import math
import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pmmtheory import divergences, schemes
from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import PmmError
from pmmtheory.harness.claims import DISTANCES
from pmmtheory.harness.hunt.case import numbers_of
from pmmtheory.harness.hunt.draw import Draw
from pmmtheory.harness.one_thread import alone
from pmmtheory.laws import stationary_law
from pmmtheory.rates import fit_rate
from pmmtheory.targets import Cosine, Gaussian, GaussianMixture, LogCosh
from pmmtheory.targets.line import LineTarget
from pmmtheory.theory import leading_term

MIDPOINTS: dict[str, dict[str, Any]] = {"K = inf": {"substeps": math.inf}, "single": {"substeps": math.inf, "midpoints": "single"}, "K = 4": {"substeps": 4}}

FAMILIES: dict[str, Callable[[Draw], tuple[float, ...]]] = {
    "gaussian": lambda draw: (draw.real(0.0, 3.0), draw.log(1.0, 0.1)),
    "mixture": lambda draw: (draw.real(0.5, 0.1), draw.real(1.5, 3.5), draw.log(1.0, 0.4)),
    "cosine": lambda draw: (draw.real(0.4, 0.9), draw.real(1.0, 1.6), draw.real(0.0, 3.0)),
    "log-cosh": lambda draw: (draw.log(1.0, 0.3),),
}
"""What a target of the family is made of."""


@dataclass(frozen=True)
class Run:
    """A claim and its points, as plain values.

    Attributes
    ----------
    family : str
        "gaussian", "mixture", "cosine" or "log-cosh".
    numbers : tuple of float
        What its target is made of.
    scheme, midpoints : str
        A class of pmmtheory.schemes, and for PoissonMidpoint which of MIDPOINTS.
    steps : tuple of float
    distance : str
    slack : float or None
        None for a claim of the order itself; else the claim is a bound, smaller by this.
    constant : bool
        Whether the constant is claimed too.
    """

    family: str
    numbers: tuple[float, ...]
    scheme: str
    midpoints: str
    steps: tuple[float, ...]
    distance: str
    slack: float | None
    constant: bool

    def __str__(self) -> str:
        kind = "order" if self.slack is None else f"order less {self.slack:g} at least"
        claim = f"{kind}{' and constant' if self.constant else ''} of {self.distance}"
        return f"{claim}, {self.scheme} {self.midpoints}, {self.family}{self.numbers}, steps {self.steps[0]:g} to {self.steps[-1]:g} ({len(self.steps)})"


@dataclass(frozen=True)
class Judged:
    """The verdict on a run, or "refused", and why."""

    run: Run
    verdict: str
    reason: str


def drawn(seed: int, number: int) -> Run:
    """The run of this number; the same one for the same seed."""
    draw = numbers_of(seed, "perturbed", number)
    family = draw.one_of(list(FAMILIES))
    numbers = FAMILIES[family](draw)
    scheme = draw.one_of(["EulerMaruyama", "PoissonMidpoint", "RandomizedMidpoint", "PoissonMidpoint", "TamedEuler", "Ozaki"])
    if (family, scheme) == ("gaussian", "Ozaki"):  # its law there is the target
        scheme = "EulerMaruyama"
    midpoints = draw.one_of(list(MIDPOINTS)) if scheme == "PoissonMidpoint" else ""
    largest, ratio, count = draw.log(0.08, 0.02) / float(_target(family, numbers).smoothness), draw.real(1.4, 2.2), draw.whole(4, 6)
    steps = tuple(float(f"{largest / ratio**i:.6g}") for i in range(count))
    slack = draw.one_of([None, None, 0.0, 0.5])
    return Run(family, numbers, scheme, midpoints, steps, draw.one_of(list(DISTANCES)), slack, slack is None and draw.chance(0.5))


def judged(run: Run, shift: float = 0.0, factor: float = 1.0) -> Judged:
    """The verdict on its claim; on a wrong one where the order claimed is shifted, or the constant multiplied."""
    try:
        return _judged(run, shift, factor)
    except PmmError as error:
        return Judged(run, "refused", str(error))


def show(runs: int, seed: int, first: int, workers: int) -> bool:
    """Print each false verdict as it is found, and how many there are of each; True when no claim fails."""
    counts: Counter[str] = Counter()
    for found in _everyone(range(first, first + runs), seed, workers):
        counts[found.verdict] += 1
        if found.verdict == "fail":
            print(f"FALSE  {found.run}\n       {found.reason}", flush=True)
    said = ", ".join(f"{counts[verdict]} {words}" for verdict, words in {"pass": "pass", "undecided": "undecided", "refused": "refused"}.items())
    print(f"{runs} true claims with seed {seed}: {said}; {counts['fail']} fail")
    return not counts["fail"]


def _everyone(numbers: range, seed: int, workers: int) -> Iterator[Judged]:
    with alone(), ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_numbered, ((seed, number) for number in numbers), chunksize=4)


def _numbered(which: tuple[int, int]) -> Judged:
    return judged(drawn(*which))


def _judged(run: Run, shift: float, factor: float) -> Judged:
    term, measured = _known(run)
    rate = term.order * DISTANCES[run.distance] + shift
    constant = factor * float(getattr(term, run.distance)) if run.constant else None
    kind = "asymptotic" if run.slack is None else "bound"
    fit = fit_rate(run.steps, measured, rate - (run.slack or 0.0), kind, constant)
    return Judged(run, fit.verdict, fit.reason)


@lru_cache(maxsize=16)
def _known(run: Run) -> tuple[Any, list[Any]]:
    """The leading term, and the distances at the steps: whatever is claimed, they are the same."""
    target, options = _target(run.family, run.numbers), MIDPOINTS.get(run.midpoints, {})
    made: Any = getattr(schemes, run.scheme)
    term = leading_term(made, target, options.get("substeps", math.inf), options.get("midpoints", "bernoulli"))
    distance = getattr(divergences, run.distance)
    return term, [distance(stationary_law(made(Overdamped(target), step, **options)), target) for step in run.steps]


def _target(family: str, numbers: tuple[float, ...]) -> LineTarget:
    if family == "mixture":
        weight, apart, wide = numbers
        return GaussianMixture([weight, 1 - weight], [0.0, apart], [1.0, wide])
    made: Any = {"gaussian": Gaussian, "cosine": Cosine, "log-cosh": LogCosh}[family]
    return made(*numbers)  # type: ignore[no-any-return]
