"""What further terms of its series may change of a law in the phase plane: modes of the velocity, frequencies of the position, and kicks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from pmmtheory.laws.phase_plane.law import PlaneLaw

_NOTHING = 1e-12
"""What is nothing of the last terms."""

_TIMES = 10.0
"""How many times what is seen of a series that does not converge it may be off."""

_MADE = 100.0
"""How many times the last terms of a series that change of a law may be which is due to it."""

_TURNED = 2.0
"""How many times the change from a lower resolution for a turn of 1: terms in the kicks of a step then fall slowly, in both."""

_HIGH = 0.9
"""From which share of the highest frequency on others are as good as it."""


def lacking(law: PlaneLaw, coarse: PlaneLaw, change: float) -> float:
    """What a law may be off by in total variation beside its change from a coarser one."""
    found, more = _TURNED * law.turn * change, law.modes.shape[1] - coarse.modes.shape[1]
    if more > 0:
        found += _further(change, *(float((one.modes[:, -more:].abs().sum(0) * one.spacing).max()) for one in (law, coarse)))
    if law.coarse_spacing < coarse.coarse_spacing:
        found += _further(change, _last_waves(law), _last_waves(coarse))
    return found


def _last_waves(law: PlaneLaw) -> float:
    """The largest part of a mode at the highest frequencies of the grid of the computation."""
    frequencies = 2 * math.pi * torch.fft.rfftfreq(len(law.grid), law.spacing, dtype=law.grid.dtype, device=law.grid.device)
    highest = math.pi / law.coarse_spacing
    waves = torch.fft.rfft(law.modes, dim=0).abs()[(frequencies > _HIGH * highest) & (frequencies <= highest)]
    return float(waves.max()) * law.spacing


def _further(change: float, last: float, before: float) -> float:
    """What is left of a series whose last terms fell from `before` to `last` where the law changed so much, if they go on so.

    Where they hardly fall, or grow as those of an asymptotic series, some times the larger of the change and of the last ones.
    """
    if last <= _NOTHING:
        return 0.0
    most = _TIMES * max(change, last)
    return min(min(change, _MADE * last) * last / (before - last), most) if last < before else min(most, _TIMES * _MADE * last)
