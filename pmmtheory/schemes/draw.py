"""What a draw is: an auxiliary variable of a step, sampled by particles and integrated over by laws."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

Rule = tuple[Any, np.ndarray]
"""Values of a draw along the last axis of an array, or of each array of a tuple, and their weights (q,)."""


class Draw(ABC):
    """One auxiliary random variable of a step.

    What engines do with a draw is what it says here: a new kind of draw is a subclass in a file of its own. Only `sample` and `rule` must be given.

    Attributes
    ----------
    shared : bool
        Whether one value serves all coordinates of a point (an index, a time), or each coordinate has its own.
    layered : bool
        Whether a value is a pair of times in [0, 1), ascending along a first axis of layers, and of marks that say which of them count;
        normals of the same step then have a layer for each time.
    several : bool
        Whether the number of times that count is random: what is integrable over one time after another is not so over all of them.
    spanned : bool
        Whether the nodes of its rule reach as far as its values: not where the rule extrapolates.
    """

    shared = True
    layered = False

    @property
    def several(self) -> bool:
        return False

    @property
    def spanned(self) -> bool:
        return True

    @property
    def normal(self) -> bool:
        """Whether it is a standard normal for each coordinate, which laws may take in closed form."""
        return False

    @abstractmethod
    def sample(self, shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype) -> Any:
        """Independent values of the given shape on the generator's device."""

    @abstractmethod
    def rule(self, level: int) -> Rule:
        """Nodes and weights of a quadrature rule for its law, finer with the level."""

    def cells(self, count: int) -> np.ndarray | None:
        """The count + 1 ends of cells in which a step is searched for jumps in this draw; None where its rule is never split."""
        return None

    def every(self) -> np.ndarray | None:
        """All of its values, where its rule has but some and trusts the step to vary smoothly with them; else None."""
        return None

    def split(self, places: tuple[float, ...], level: int) -> Rule:
        """The rule for a step that jumps at these places; asked for where there are cells."""
        raise NotImplementedError

    def probes(self, count: int) -> Any:
        """Likely values, to look at a step with: nodes of its rule unless others are given."""
        values, weights = self.rule(0)
        return self.mapped(values, lambda part: part[..., (3 * np.arange(count)) % len(weights)])

    def mirrored(self, value: Any) -> Any:
        """The value that stands for this one in a step seen in a mirror, and is as likely; None where none is known."""
        return None

    def mapped(self, value: Any, f: Callable[[Any], Any]) -> Any:
        """A value with f applied to each array or tensor in it."""
        return f(value)


def keeps_law(draw: Draw, family: type[Draw]) -> bool:
    """Whether a draw has the samples and the rule of its family: a subclass that changes either may have another law."""
    return type(draw).sample is family.sample and type(draw).rule is family.rule
