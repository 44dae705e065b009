"""Which training times a run of the Poisson midpoint method asks a network at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import torch

from pmmtheory.errors import InvalidParameter
from pmmtheory.noise.coefficients import Variant, finished
from pmmtheory.noise.composition import Composed
from pmmtheory.noise.levels import Numbers
from pmmtheory.noise.schedule import NoiseSchedule

SPACINGS = ("leading", "trailing", "linspace")


@dataclass(frozen=True)
class LargeStep:
    """One large step over fine times, and the fine times of it, by number, at which there are midpoints.

    Attributes
    ----------
    times : K + 1 descending training times
    midpoints : ascending numbers from 1 to K - 1
    weight : float
        What multiplies the change of the prediction at a midpoint.
    """

    schedule: NoiseSchedule
    variant: Variant
    times: tuple[float, ...]
    midpoints: tuple[int, ...] = ()
    weight: float = 1.0

    def over(self, first: int, last: int) -> tuple[float, float, float]:
        """A, G and Gamma from one fine time, by number, to another."""
        return self._composed(first, last)

    @cached_property
    def _composed(self) -> Composed:
        return _between(self.schedule, self.variant, self.times)

    @property
    def calls(self) -> tuple[float, ...]:
        """The times at which the network is asked."""
        return (self.times[0], *(self.times[i] for i in self.midpoints))

    def begun_at(self, time: float) -> LargeStep:
        """The same from a time inside on, with the midpoints that are left."""
        later = tuple(t for t in self.times if t < time)
        shift = len(self.times) - len(later) - 1
        return LargeStep(self.schedule, self.variant, (time, *later), tuple(i - shift for i in self.midpoints if i > shift), self.weight)


@lru_cache(maxsize=4096)
def _between(schedule: NoiseSchedule, variant: Variant, times: tuple[float, ...]) -> Composed:
    """The coefficients of the base method between fine times: every run has the same."""
    levels = schedule.levels(times)
    return Composed(finished(variant, levels[:-1], levels[1:]))


def coarse_times(size: int, steps: int, spacing: str, offset: int) -> tuple[int, ...]:
    """Descending training times, the library's t + 1, of so many steps down to the data, which are time 0.

    Raises
    ------
    InvalidParameter
        Naming `timestep_spacing`, or `steps_offset` where it moves a time beyond the last.
    """
    if spacing == "leading":
        t: Numbers = np.arange(steps, dtype=np.float64)[::-1] * (size // steps) + offset
    elif spacing == "trailing":
        t = np.round(size - np.arange(steps) * (size / steps)) - 1
    elif spacing == "linspace":
        t = np.round(np.linspace(0, size - 1, steps))[::-1] if steps > 1 else np.array([size - 1.0])
    else:
        raise InvalidParameter("timestep_spacing", spacing, f"one of {', '.join(map(repr, SPACINGS))}")
    if t[0] >= size or t[-1] < 0:
        raise InvalidParameter("steps_offset", offset, f"an offset that keeps all times from 0 to {size - 1}")
    return tuple(int(each) + 1 for each in t)


def counts_of(coarse: Sequence[int], substeps: int | None) -> list[int]:
    """K of each large step between training times and down to the data: all training steps in it, or so many at most."""
    lengths = [first - last for first, last in zip(coarse, [*coarse[1:], 0], strict=True)]
    return [min(length, substeps or length) for length in lengths]


def expected_calls(steps: Sequence[int], midpoints: str) -> float:
    """The calls that large steps of so many substeps make: exact for "interior"."""
    return sum((2.0 if k > 1 else 1.0) if midpoints == "interior" else 2 - 1 / k for k in steps)


def drawn(substeps: int, midpoints: str, generator: torch.Generator | None) -> tuple[tuple[int, ...], float]:
    """Midpoints of one large step, and their weight."""
    if substeps == 1:
        return (), 1.0
    if midpoints == "bernoulli":
        hit = torch.rand(substeps - 1, generator=generator, device=_device(generator)) * substeps < 1
        return tuple((torch.nonzero(hit).flatten() + 1).tolist()), float(substeps)
    first = int(midpoints == "interior")
    one = int(torch.randint(first, substeps, (1,), generator=generator, device=_device(generator)))
    return ((one,) if one else ()), float(substeps - first)


def _device(generator: torch.Generator | None) -> torch.device:
    return torch.device("cpu") if generator is None else generator.device


def _fine_times(first: int, last: int, substeps: int) -> tuple[float, ...]:
    """The training times of one large step, of which there are many where none is joined to another."""
    return (float(first), float(last)) if substeps == 1 else tuple(np.round(np.linspace(first, last, substeps + 1)).tolist())


def laid_out(
    schedule: NoiseSchedule,
    variant: Variant,
    coarse: Sequence[int],
    substeps: int | None,
    midpoints: str,
    generator: torch.Generator | None,
    spared: int = 0,
) -> tuple[LargeStep, ...]:
    """The large steps between training times and down to the data, with midpoints drawn; the shortest steps go without, as many as are spared."""
    counts = counts_of(coarse, substeps)
    fine = [_fine_times(first, last, k) for first, last, k in zip(coarse, [*coarse[1:], 0], counts, strict=True)]
    longer = sorted((i for i, k in enumerate(counts) if k > 1), key=counts.__getitem__)
    plain = set(longer[:spared])
    parts = [((), 1.0) if i in plain else drawn(k, midpoints, generator) for i, k in enumerate(counts)]
    return tuple(LargeStep(schedule, variant, times, *part) for times, part in zip(fine, parts, strict=True))


def steps_for(calls: int, size: int, spacing: str, offset: int, substeps: int | None, midpoints: str) -> tuple[tuple[int, ...], int]:
    """Training times whose large steps make so many calls, and how many steps must go without a midpoint for that: nearest in expectation
    where the number is random.

    Raises
    ------
    InvalidParameter
        Naming `num_inference_steps` where there are more calls than training times.
    """
    if not 1 <= calls <= size:
        raise InvalidParameter("num_inference_steps", calls, f"from 1 to {size}, the number of training times")
    best: tuple[float, tuple[int, ...], int] | None = None
    for steps in range(-(-calls // 2), calls + 1):
        coarse = coarse_times(size, steps, spacing, offset)
        made = expected_calls(counts_of(coarse, substeps), midpoints)
        over = round(made) - calls if midpoints == "interior" else 0
        if over >= 0 and (best is None or abs(made - calls) < best[0]):
            best = abs(made - calls), coarse, over
    assert best is not None  # as many steps as calls make no fewer
    return best[1], best[2]
