"""What chains on a Gaussian target start from, a Gaussian or a law: told apart here, once."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.gaussian.law import LinearLaw
from pmmtheory.laws.law import side_of
from pmmtheory.targets import Gaussian

STARTS = "a Gaussian that is isotropic or has the axes of the target, or a law of the chain"


def start_on_axes(target: Gaussian, initial: Gaussian | LinearLaw, s: int) -> LinearLaw:
    """The law of s blocks to start from, which must be on the axes of the target; of a Gaussian with velocities from N(0, I)."""

    def from_law(given: LinearLaw) -> LinearLaw:
        law = given.on("cpu")
        if law.size != s or not _same(law.axes, target.axes):
            raise InvalidParameter("initial", law.words, STARTS)
        return law

    def from_gaussian(given: Gaussian) -> LinearLaw:
        if not (given.isotropic or _same(given.axes, target.axes)):
            raise InvalidParameter("initial", given.name, STARTS)
        return LinearLaw.of(given, s, target.axes)

    start: LinearLaw = side_of(initial, {LinearLaw: from_law, Gaussian: from_gaussian})
    return start


def linear(start: Any) -> Any:
    """Such a law as it is, a Gaussian as the law of a position, with its variances on the coordinate axes; None for anything else."""
    return side_of(start, {LinearLaw: lambda law: law, Gaussian: lambda target: LinearLaw.of(target, 1, None)})


def _same(one: Tensor | None, other: Tensor | None) -> bool:
    """Whether two sets of axes are one."""
    return one is other if one is None or other is None else torch.allclose(one, other, atol=1e-12)
