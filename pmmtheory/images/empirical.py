"""The exact noise predictor of a data set: what a network that learns its images by heart would answer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Self

import torch
from torch import Tensor

from pmmtheory.dynamics.predictor import Predictor
from pmmtheory.errors import InvalidParameter
from pmmtheory.images.table import Groups, Table, groups_of
from pmmtheory.noise.schedule import NoiseSchedule
from pmmtheory.numerics.finite import all_finite

_SCORES = 1 << 25
"""Numbers in one matrix of scores: a batch that needs more is divided."""

_PAIRS = 1 << 17
"""Numbers in one tensor of differences between points and images: it stays in cache."""

_LONE, _HELD = 32, 1 << 22
"""Pairs of one point from which on it is taken by itself, which products in place of sums pay for; and numbers that its differences may take."""

_AT_ONCE = 1 << 22
"""Pairs beyond which the points are divided: what is kept of each takes a hundred bytes."""

_FEW = 1000
"""Where one score in so many matters, differences in double precision cost less than the second product."""

_DEAR = 80
"""Where one score in so many matters, products in double precision cost less than differences."""

_SURE = 6144
"""Roundings that scores may be off by where no others take their place."""

_UNITS = {"tf32": 2.0**-11, "bf16": 2.0**-8, "high": 2.0**-11, "medium": 2.0**-8}
"""The rounding of products in single precision where torch is told to be fast, by the names of its settings; else 2^-24."""


class EmpiricalDiffusion(Predictor):
    """eps(x, t) = (x - alpha E[X0 | x]) / sigma, where X0 is one of n images y_i with equal probability and x = alpha X0 + sigma Z:

        E[X0 | x] = sum_i w_i y_i,    w_i proportional to exp(-|x - alpha y_i|^2 / (2 sigma^2)).

    A call is two matrix products: scores |y|^2 - 2 x.y, then the mean. On a CPU images are multiplied in groups, and only the pixels in which those
    of a group differ: two products of MNIST, whose images are mostly background, take about as long as one of all pixels. Where few images have a
    weight that counts, these are compared again in double precision, by differences from the nearest one, and the second product is left out; so
    they are where scores in the precision of x are not sure enough, or, if many count, products in double precision take their place. Images whose
    weights add up to less than the rounding of x are left out. Weights that come from products in the precision of x are sure to 6144 of its roundings
    (7e-4 in single precision, on images some 3e-5), others to double precision.

    At small noise this is the image nearest to x: a sampler that runs down to the data repeats images of the set. So compare samplers at an
    `end` above 0 too, against noised images.

    Parameters
    ----------
    images : floating tensor of shape (n, ...), or an ImageSet
        Finite; held, not copied.
    schedule : NoiseSchedule

    Attributes
    ----------
    images : Tensor
    schedule : NoiseSchedule

    Raises
    ------
    InvalidParameter
        Naming `images` or `schedule`.

    Examples
    --------
    >>> from pmmtheory.images import load_images
    >>> from pmmtheory.schedulers import DDIM
    >>> schedule = NoiseSchedule.linear()
    >>> exact = EmpiricalDiffusion(load_images("digits"), schedule)
    >>> noise = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    >>> made = DDIM(schedule, steps=20).sample(exact, noise)
    >>> gaps = (made[:, None] - exact.images).flatten(2).abs().amax(2).amin(1)
    >>> bool((gaps < 0.05).all())  # images of the set
    True
    """

    def __init__(self, images: Any, schedule: NoiseSchedule):
        images = getattr(images, "images", images)
        if not isinstance(images, Tensor) or images.dtype not in (torch.float32, torch.float64) or images.ndim == 0 or not images.numel():
            given = (str(images.dtype), tuple(images.shape)) if isinstance(images, Tensor) else images
            raise InvalidParameter("images", given, "one image or more, in a tensor of shape (n, ...) in single or double precision")
        if not all_finite(images):
            raise InvalidParameter("images", "NaN or infinite values", "finite numbers")
        if not isinstance(schedule, NoiseSchedule):
            raise InvalidParameter("schedule", schedule, "a NoiseSchedule, e.g. NoiseSchedule.linear()")
        self.images, self.schedule = images, schedule
        self._rows = images.reshape(len(images), -1)
        self._middle = self._rows.mean(0, dtype=torch.float64)
        self._tables: dict[torch.dtype, Table] = {}

    def to(self, device: Any) -> Self:
        """The same on another device."""
        return type(self)(self.images.to(device), self.schedule)

    def __call__(self, x: Tensor, t: Any) -> Tensor:
        """The noise in points x of shape (n, ...) at training time t: a number, or a tensor with one number or one for each point."""
        points = self._points(x)
        alpha, sigma = self._levels(t, len(x))
        noise = (points.double() - alpha[:, None] * self._mean(points, alpha, sigma)) / sigma[:, None]
        return noise.reshape(x.shape).to(x.dtype)

    def denoised(self, x: Tensor, t: Any) -> Tensor:
        """E[X0 | x], of the shape of x."""
        points = self._points(x)
        return self._mean(points, *self._levels(t, len(x))).reshape(x.shape).to(x.dtype)

    def _points(self, x: Tensor) -> Tensor:
        wanted = tuple(self.images.shape[1:])
        if not isinstance(x, Tensor) or x.ndim == 0 or tuple(x.shape[1:]) != wanted or not x.is_floating_point():
            raise InvalidParameter(
                "x", (str(x.dtype), tuple(x.shape)) if isinstance(x, Tensor) else x, f"a floating tensor of shape (n, {', '.join(map(str, wanted))})"
            )
        if x.device != self.images.device:
            raise InvalidParameter("x", str(x.device), f"points on the device of the images, {self.images.device}; .to(device) moves those")
        if not all_finite(x):
            raise InvalidParameter("x", "NaN or infinite values", "finite points")
        points = x.reshape(len(x), self._rows.shape[1])
        return points if x.dtype in (torch.float32, torch.float64) else points.float()

    def _levels(self, t: Any, size: int) -> tuple[Tensor, Tensor]:
        """alpha and sigma, of shape (size,), in double precision."""
        try:
            times = torch.as_tensor(t, dtype=torch.float64, device=self.images.device).reshape(-1)
        except (TypeError, ValueError, RuntimeError):
            raise InvalidParameter("t", t, "a training time, or one for each point") from None
        if len(times) not in (1, size):
            raise InvalidParameter("t", tuple(times.shape), f"one training time, or one for each of the {size} points")
        if not bool((times > 0).all()):
            raise InvalidParameter("t", float(times.min()), "training times above 0, where there is noise")
        return self.schedule.alpha(times).expand(size), self.schedule.sigma(times).expand(size)

    def _mean(self, points: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """E[X0 | x] in double precision."""
        size = max(1, _SCORES // len(self._rows))
        rounding = torch.finfo(points.dtype).eps
        parts = [self._mean_in(points[i : i + size], alpha[i : i + size], sigma[i : i + size], rounding) for i in range(0, len(points), size)]
        return torch.cat(parts) if parts else points.double()

    def _mean_in(self, x: Tensor, alpha: Tensor, sigma: Tensor, rounding: float) -> Tensor:
        """The same to a rounding, by products in the precision of x where these are sure enough."""
        table = self._table(x.dtype)
        shifted = x.double() - alpha[:, None] * self._middle
        ratio = alpha / sigma**2
        scores = table.scores(shifted * ratio[:, None], ratio * alpha)
        unsure = self._unsure(table, x.dtype, shifted.norm(dim=1), alpha, ratio)
        top = scores.amax(1)
        cut = math.log(self._rows.shape[0] / rounding) + 2 * unsure
        near = scores >= (top - cut.to(x.dtype))[:, None]
        # scores beyond the range of single precision would compare as NaN
        near |= ~torch.isfinite(top)[:, None]
        count = int(torch.count_nonzero(near))
        if count * _FEW <= near.numel() or not float(unsure.max()) <= _SURE * rounding:
            if count * _DEAR > near.numel() and x.dtype != torch.float64:
                return self._mean_in(x.double(), alpha, sigma, rounding)
            if count > _AT_ONCE and len(x) > 1:
                half = (len(x) + 1) // 2
                parts = [self._mean_in(x[some], alpha[some], sigma[some], rounding) for some in (slice(half), slice(half, None))]
                return torch.cat(parts)
            point, place = near.nonzero(as_tuple=True)
            return self._by_differences(x.double(), point, table.order[place], scores[point, place].nan_to_num(), alpha, sigma)
        return self._middle + table.mean(scores.sub_(top[:, None]), near, count)

    def _unsure(self, table: Table, dtype: torch.dtype, size: Tensor, alpha: Tensor, ratio: Tensor) -> Tensor:
        """How far a score may be off: some ten times what rounding does to such sums on images, and as much as it does where all pixels are alike."""
        unit = torch.finfo(dtype).eps / 2
        if dtype == torch.float32:
            unit = _UNITS.get(_setting(size.device.type), unit)
        growth = 12 * math.pow(max(1.0, self._rows.shape[1] / 784), 1.5)
        return growth * unit * ratio * table.reach * (size + alpha * table.reach / 2)

    def _by_differences(self, x: Tensor, point: Tensor, image: Tensor, rough: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """The mean of the images that count alone, in double precision: pairs of point and image, each against that of the highest rough score."""
        highest = torch.full_like(alpha, -math.inf, dtype=rough.dtype).scatter_reduce(0, point, rough, "amax")
        best = rough == highest[point]
        nearest = point.new_full((len(x),), len(self._rows)).scatter_reduce(0, point[best], image[best], "amin")
        first = self._rows[nearest].double()
        rest = x - alpha[:, None] * first
        pairs = torch.bincount(point, minlength=len(x))
        lone = (pairs > _LONE) & (pairs * x.shape[1] <= _HELD)
        found, others = first.clone(), ~lone[point]
        for j, images in zip(lone.nonzero()[:, 0].tolist(), image[~others].split(pairs[lone].tolist()), strict=True):
            gap = self._rows[images].double().sub_(first[j])
            found[j] += torch.softmax(_scores(gap, gap @ rest[j], alpha[j], sigma[j]), 0) @ gap
        return self._by_blocks(found, first, rest, point[others], image[others], alpha, sigma) if bool(others.any()) else found

    def _by_blocks(self, found: Tensor, first: Tensor, rest: Tensor, point: Tensor, image: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """What is found, with the mean differences of these pairs from the nearest images added."""
        size = max(1, _PAIRS // self._rows.shape[1])
        blocks = list(zip(point.split(size), image.split(size), strict=True))
        # all differences at once where they are few, else twice
        held = [self._gaps(first, *blocks[0])] if len(blocks) == 1 else []
        scores = torch.cat(
            [_scores(gap, torch.linalg.vecdot(gap, rest[j]), alpha[j], sigma[j]) for gap, (j, _) in zip(held or self._each(first, blocks), blocks, strict=True)]
        )
        top = torch.full_like(alpha, -math.inf).scatter_reduce(0, point, scores, "amax")
        weights = (scores - top[point]).exp_()
        weights /= torch.zeros_like(alpha).index_add_(0, point, weights)[point]
        for gap, (j, _), share in zip(held or self._each(first, blocks), blocks, weights.split(size), strict=True):
            found.index_add_(0, j, gap.mul_(share[:, None]))
        return found

    def _gaps(self, first: Tensor, point: Tensor, image: Tensor) -> Tensor:
        return self._rows[image].double().sub_(first[point])

    def _each(self, first: Tensor, blocks: list[tuple[Tensor, Tensor]]) -> Iterator[Tensor]:
        return (self._gaps(first, *block) for block in blocks)

    @cached_property
    def _groups(self) -> Groups:
        return groups_of(self._rows)

    def _table(self, dtype: torch.dtype) -> Table:
        if dtype not in self._tables:
            self._tables[dtype] = Table.of(self._rows, self._groups, self._middle, dtype)
        return self._tables[dtype]


def _setting(device: str) -> str:
    """How torch is to multiply matrices in single precision on a device."""
    own: Any = torch.backends.cuda.matmul if device == "cuda" else getattr(torch.backends.mkldnn, "matmul", None)
    # torch before 2.9 has one setting for all; later ones refuse to answer for all where one was set
    return str(own.fp32_precision if hasattr(own, "fp32_precision") else torch.get_float32_matmul_precision())


def _scores(gap: Tensor, along: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
    """(|x - alpha y|^2 - |x - alpha y'|^2)/(-2 sigma^2) for y = y' + gap and along = gap . (x - alpha y'): without a difference of large squares."""
    scores: Tensor = alpha / sigma**2 * (along - alpha / 2 * torch.linalg.vecdot(gap, gap))
    return scores
