"""How a cell's plain parameters become samplers of diffusion models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pmmtheory.harness.names import named

if TYPE_CHECKING:
    from pmmtheory.schedulers import Scheduler


def build_sampler(sampler: str, schedule: str, size: int, steps: int | None, **options: Any) -> Scheduler:
    """A sampler on a noise schedule: a class of the project's schedulers/, of pmmtheory.schedulers or, for controls, of pmmtheory.testing.broken_schedulers."""
    from pmmtheory import schedulers
    from pmmtheory.testing import broken_schedulers

    found = named(sampler, "schedulers", schedulers, broken_schedulers)
    made: Scheduler = found(getattr(schedulers.NoiseSchedule, schedule)(size), steps, **options)
    return made
