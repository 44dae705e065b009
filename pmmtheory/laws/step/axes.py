"""A scheme on the axes of a Gaussian target: its steps and their moments, each found once for all that ask."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.step.affine import AffineSteps, affine_steps
from pmmtheory.laws.step.affine_sets import listed_steps
from pmmtheory.laws.step.cubature import Cubature, cubature
from pmmtheory.laws.step.poisson_moments import StepMoments, poisson_moments
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Gaussian

_KEPT = 8
"""Levels, or times, that are kept."""


class OnAxes:
    """The steps of a scheme on the axes of a Gaussian with these variances and means, zero unless given; a finer level has more nodes for the draws.

    kind : the class of the Gaussian, which may have a score of its own. swept : whether steps are tried all over where the law is: where the Gaussian is
    the whole target, and not its tails. around : where the Gaussian is put for steps that declare no structure, whose states are then told from there.

    Examples
    --------
    >>> from pmmtheory.dynamics import Overdamped
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> chain = OnAxes(EulerMaruyama(Overdamped(Gaussian()), step_size=0.5), torch.ones(1, dtype=torch.float64))
    >>> float(chain.moments(level=1).mean)
    0.5
    """

    def __init__(
        self, scheme: Scheme, variances: Tensor, centres: Tensor | None = None, kind: type[Gaussian] = Gaussian, swept: bool = True, around: float = 0.0
    ):
        self.scheme, self._count = scheme, len(variances)
        if self._count == 1:  # two equal axes: dynamics on the line would leave their axis out, and matrix exponentials lose digits on a batch of one
            variances, centres = variances.repeat(2), None if centres is None else centres.repeat(2)
        self._variances = variances
        self._around = around if scheme.structure is None else 0.0
        self._chain = scheme.over(scheme.dynamics.on(kind(self._around if centres is None else centres, variances)))
        self.structure = structure = self._chain.structure
        self._checked, self._swept = kind is Gaussian, swept
        self._walk = structure if structure is not None and structure.midpoints.several else None
        self._drawn = not all(draw.normal for draw in self._chain.draws.values())
        self._kept_steps = lru_cache(_KEPT)(self._steps)
        self._kept_moments = lru_cache(_KEPT)(self._moments)
        self._nodes = lru_cache(_KEPT)(self._cubature)

    def steps(self, level: int, t: float = 0.0) -> AffineSteps:
        """X' = R X + r + N(0, Q), at time t.

        Raises
        ------
        InvalidParameter
            Where the step is not affine in the state and its normals, or its noise depends on the state.
        """
        return self._kept_steps(level if self._drawn else 0, t)

    def moments(self, level: int) -> StepMoments:
        """The moments of one step, with a target that is centred.

        Raises
        ------
        InvalidParameter
            Where a step moves the mean of the target.
        """
        return self._kept_moments(level if self._drawn and self._walk is None else 0)

    def listed(self, nodes: int) -> bool:
        """Whether so many nodes for the draws of a step are all the values that these take."""
        if self.structure is None or self.structure.substeps == math.inf:
            return not self._drawn
        k, points = int(self.structure.substeps), self.structure.midpoints
        return nodes == (2 ** (k - 1) if points.several else max(1, k - (points.kind == "interior")))

    def _steps(self, level: int, t: float) -> AffineSteps:
        at = self._nodes(level, t if self._drawn and not self._chain.dynamics.autonomous else 0.0)
        pair = listed_steps(self._chain, self._variances, at, t) or affine_steps(self._chain, self._variances, at, t, self._checked, self._swept, self._around)
        if self._count > 1:
            return pair
        return AffineSteps(pair.matrix[:, :1], pair.offset[:, :1], pair.noise[:, :1], pair.weights)

    def _moments(self, level: int) -> StepMoments:
        if self._walk is not None:
            pair = poisson_moments(self._walk, len(self._variances))
            first = slice(self._count)
            return StepMoments(pair.mean[first], pair.square[first], pair.noise[first], pair.spread[first], pair.keeps_mean)
        steps = self.steps(level)
        mean, noise = (torch.einsum("q,qaij->aij", steps.weights, part) for part in (steps.matrix, steps.noise))
        random = steps.matrix - mean
        spread = torch.einsum("q,qaik,qajl->aijkl", steps.weights, random, random)
        square = spread + torch.einsum("aik,ajl->aijkl", mean, mean)
        s = steps.matrix.shape[-1]
        noise = noise + torch.einsum("q,qai,qaj->aij", steps.weights, steps.offset, steps.offset)
        self._require_mean(steps)
        return StepMoments(mean, square.reshape(-1, s * s, s * s), noise, spread.reshape(-1, s * s, s * s), not bool((steps.offset != 0).any()))

    def _cubature(self, level: int, t: float) -> Cubature:
        """Nodes of all draws but the normal ones."""
        draws = self._chain.draws.values()
        if any(not (draw.normal or draw.shared) for draw in draws):
            raise InvalidParameter("scheme", self._chain.name, "one whose draws are normal or shared by the coordinates, for a law by its moments")
        return cubature(self._chain, level, self._variances.device, normals=False, t=t)

    def _require_mean(self, steps: AffineSteps) -> None:
        """Raise InvalidParameter unless a step keeps the mean of its target, and what it adds to it at random is independent of the rest."""
        width = torch.ones(steps.offset.shape[1:], dtype=self._variances.dtype, device=self._variances.device)
        width[:, 0] = torch.sqrt(self._variances[: self._count])
        mean = torch.einsum("q,qai->ai", steps.weights, steps.offset)
        lost = abs(self._around) * (1 + steps.matrix.abs().amax(0).sum(-1))
        if bool((mean.abs() > 1e-13 * (width + lost)).any()):
            raise InvalidParameter("scheme", self.scheme.name, "a step that keeps the mean of a Gaussian target, for a law by its moments")
