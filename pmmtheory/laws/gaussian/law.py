"""The law of a chain on a Gaussian target, in any dimension."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.law import Law
from pmmtheory.numerics.devices import known_device
from pmmtheory.targets import Gaussian

Mixture = tuple[Tensor, Tensor]
"""Variances (n,) and their weights (n,): sum_i w_i N(mean, v_i I)."""


@dataclass(frozen=True)
class LinearLaw(Law):
    """A law that is Gaussian given the random times of its chain: exact mean and covariance, and on isotropic targets its density.

    Attributes
    ----------
    dim : int
        d.
    centre : (s, d) tensor
        The mean of each of the s blocks (position, velocity).
    blocks : (d, s, s) tensor
        The covariance on each axis of the target; different axes are uncorrelated.
    axes : (d, d) tensor or None
        The axes as columns; None for the coordinate axes.
    gaussian : bool
        Whether the law is Gaussian.
    mixtures : tuple of callables
        For an isotropic law that is no Gaussian, one a block: the number of nodes n -> a Gauss rule for the law of the random
        variance v in N(centre, v I).
    numerical_error : float
        The largest relative error of a covariance: the sum of `errors`.
    errors : mapping of names to floats
        Its parts: "resolution" (the rules for the random times), "rounding", "start".
    off : (d,) tensor or None
        The relative errors on the axes, where they are known apart; they leave out "start".
    given : callable or None
        For a law of one block that is no Gaussian and known on several axes: () -> two (d,) tensors, bounds on the means of the deviations on the
        axes given the random times.
    mean_off : (s, d) tensor or None
        What rounding may have done to the mean on every axis; None for nothing.

    Examples
    --------
    The position of BAOAB is exact on a Gaussian target of curvature 2, and the variance of the velocity is 1 - step^2 2/4:

    >>> from pmmtheory.dynamics import Underdamped
    >>> from pmmtheory.laws import stationary_law
    >>> from pmmtheory.schemes import BAOAB
    >>> from pmmtheory.targets import Gaussian
    >>> law = stationary_law(BAOAB(Underdamped(Gaussian(0.0, 1 / 2), friction=1.0), step_size=0.2), engine="gaussian")
    >>> round(law.position.covariance, 12), round(law.velocity.covariance, 12)
    (0.5, 0.98)
    """

    centre: Tensor
    blocks: Tensor
    axes: Tensor | None
    gaussian: bool
    mixtures: tuple[Callable[[int], Mixture], ...] = ()
    errors: dict[str, float] = field(default_factory=dict)
    off: Tensor | None = None
    given: Callable[[], tuple[Tensor, Tensor]] | None = None
    mean_off: Tensor | None = None

    @classmethod
    def of(cls, target: Gaussian, size: int, axes: Tensor | None) -> LinearLaw:
        """A Gaussian on these axes for the position, times N(0, I) for the other blocks."""
        blocks = torch.eye(size, dtype=torch.float64).repeat(target.dim, 1, 1)
        blocks[:, 0, 0] = target.variances
        centre = torch.zeros((size, target.dim), dtype=torch.float64)
        centre[0] = torch.as_tensor(target.mean, dtype=torch.float64)
        return cls(centre, blocks, axes, True)

    @property
    def dim(self) -> int:
        return self.blocks.shape[0]

    @property
    def size(self) -> int:
        """The number of blocks s."""
        return self.blocks.shape[1]

    @property
    def axis_errors(self) -> Tensor:
        """The relative error of the covariance on every axis, (d,)."""
        whole = torch.full((self.dim,), self.numerical_error, dtype=torch.float64)
        return whole if self.off is None else self.off + self.errors.get("start", 0.0)

    @property
    def isotropic(self) -> bool:
        """Whether all axes have one covariance."""
        return bool((self.blocks == self.blocks[0]).all())

    @property
    def mean(self) -> Any:
        """The mean: a number, or a tensor of the shape of a state."""
        value = self.centre if self.size > 1 else self.centre[0]
        return float(value) if value.numel() == 1 else (value[:, 0] if self.dim == 1 else value)

    @property
    def covariance(self) -> Any:
        """The covariance: a number, or an (s d, s d) tensor with the blocks one after the other."""
        if self.blocks.numel() == 1:
            return float(self.blocks)
        if self.axes is None:
            full = self.blocks.new_zeros((self.size, self.dim, self.size, self.dim))
            torch.diagonal(full, dim1=1, dim2=3).copy_(self.blocks.permute(1, 2, 0))
        else:
            full = torch.einsum("ak,kij,bk->iajb", self.axes, self.blocks, self.axes)
        return full.reshape(self.size * self.dim, self.size * self.dim)

    @property
    def position(self) -> LinearLaw:
        """The law of the position alone."""
        return self._part(0)

    @property
    def velocity(self) -> LinearLaw:
        """The law of the velocity alone."""
        if self.size == 1:
            raise InvalidParameter("law", "a law without velocity", "one of underdamped dynamics")
        return self._part(1)

    def on(self, device: str) -> LinearLaw:
        """The same law with its tensors on a device."""
        place = known_device(device)
        axes = None if self.axes is None else self.axes.to(place)
        return replace(self, centre=self.centre.to(place), blocks=self.blocks.to(place), axes=axes)

    def mixture(self, nodes: int) -> Mixture:
        """sum_i w_i N(centre, v_i I), equal to the law in its first 2 nodes moments of the variance.

        Raises
        ------
        InvalidParameter
            Unless the law has one block and is isotropic, with a chain that knows how its random variance is distributed.
        """
        if self.size > 1 or not self.isotropic or not (self.gaussian or self.mixtures):
            kinds = "a Gaussian, or the position or velocity on an isotropic target, at stationarity or from an isotropic Gaussian of its mean"
            raise InvalidParameter("law", self.words, kinds)
        if self.gaussian:
            return self.blocks[0, 0], torch.ones_like(self.blocks[0, 0])
        return self.mixtures[0](nodes)

    @property
    def words(self) -> str:
        """What kind of law it is, for messages."""
        shape = "isotropic" if self.isotropic else "anisotropic"
        return f"{'a Gaussian' if self.gaussian else 'a scale mixture'} in dimension {self.dim}, {shape}, of {self.size} block{'s' * (self.size > 1)}"

    def _part(self, k: int) -> LinearLaw:
        if self.size == 1:
            return self
        block = slice(k, k + 1)
        centre, blocks, mixtures = self.centre[block], self.blocks[:, block, block], self.mixtures[block]
        mean_off = None if self.mean_off is None else self.mean_off[block]
        return LinearLaw(centre, blocks, self.axes, self.gaussian, mixtures, self.errors, self.off, mean_off=mean_off)
