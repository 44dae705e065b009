"""Distances between two sets of images, by the features of a net that gives them their name."""

from __future__ import annotations

import math
from typing import Any

import torch
from scipy.special import stdtrit
from torch import Tensor

from pmmtheory.errors import InvalidParameter, count, whole
from pmmtheory.estimate import Estimate
from pmmtheory.images.features import FeatureNet
from pmmtheory.images.kernel import kernel_distance
from pmmtheory.images.set_distance import SetDistance, as_features
from pmmtheory.images.shapes import images_of
from pmmtheory.particles.simulate import stream

_MOST = 100_000
"""Resamples, one after the other, by which a standard error is known to a fifth of a percent."""


def compare(net: FeatureNet, images: Any, other: Any, seed: int = 0, resamples: int = 100) -> dict[str, SetDistance]:
    """Both distances between two sets of images: {"frechet": ..., "kernel": ...}.

    Parameters
    ----------
    net : FeatureNet
    images, other : tensor of images, or an ImageSet
    seed, resamples : int
        Of the bootstrap.

    Examples
    --------
    >>> from pmmtheory.images import load_features, load_images
    >>> train, test = load_images("digits"), load_images("digits", part="test")
    >>> found = compare(load_features("digits"), train, test, resamples=20)
    >>> found["kernel"].name
    'kernel distance on digits-cnn64'
    """
    checked = _net(net)
    x, y = (checked.features(images_of(name, one)) for name, one in (("images", images), ("other", other)))
    return {"frechet": frechet_distance(x, y, checked.name, seed, resamples), "kernel": kernel_distance(x, y, checked.name)}


def noise_floor(net: FeatureNet, train: Any, test: Any, size: int | None = None, seed: int = 0, resamples: int = 100) -> dict[str, SetDistance]:
    """`compare` for sets of one size without repeats out of the training and the test images: what a perfect sampler would score with so many images.

    Parameters
    ----------
    size : int, optional
        Images in each set; by default as many as the smaller set has.

    Raises
    ------
    InvalidParameter
        Naming `size` where a set has fewer images.
    """
    parts = [images_of(name, one) for name, one in (("train", train), ("test", test))]
    least = min(map(len, parts))
    n = least if size is None else count("size", size, 3)
    if n > least:
        raise InvalidParameter("size", size, f"at most {least}, the images in the smaller set")
    draws = (torch.randperm(len(part), generator=stream(whole("seed", seed), i, "cpu"))[:n].to(part.device) for i, part in enumerate(parts))
    first, second = (part[draw] for part, draw in zip(parts, draws, strict=True))
    return compare(net, first, second, seed, resamples)


def frechet_distance(x: Tensor, y: Tensor, net: str = "features", seed: int = 0, resamples: int = 100) -> SetDistance:
    """|m_x - m_y|^2 + tr(C_x + C_y - 2 (C_x^1/2 C_y C_x^1/2)^1/2), from the means and covariances of two sets of features.

    It is the squared W2 of two Gaussians. Of finite sets it is too large: for two sets of one Gaussian law with d equal variances by
    (d + d^2/4)(1/n + 1/m) times the variance. The bootstrap, which draws both sets again with repeats, says by how much, and how far it varies; the
    interval is about the value less that bias. Of sets not many times as large as d the bootstrap sees only a part of the bias: about half a d/n-th of what it
    sees is left, n being the smaller set, and the interval goes lower by a whole d/n-th of it. So it is wide where n is near d.

    Parameters
    ----------
    x, y : tensors of shapes (n, d) and (m, d)
        More points than features in each.
    net : str
        The name of the features.
    seed, resamples : int
        Of the bootstrap.

    Raises
    ------
    InvalidParameter
        Naming `x` or `y` where there are too few points or values that are not finite.

    Source: Heusel et al. 2017 (arXiv 1706.08500), with Inception features; here with the net that is named.
    """
    x, y = as_features(x, y, net)
    for name, one in (("x", x), ("y", y)):
        if len(one) <= one.shape[1]:
            raise InvalidParameter(name, tuple(one.shape), "more points than features, without which a covariance says little")
    value, draws = _squared(x, y), count("resamples", resamples, 2, _MOST)
    again = torch.tensor([_squared(*_resampled(x, y, whole("seed", seed), i)) for i in range(draws)], dtype=torch.float64)
    bias, spread = float(again.mean()) - value, float(again.std())
    unseen = max(bias, 0.0) * x.shape[1] / min(len(x), len(y))
    low, high = (max(value - bias + moved, 0.0) for moved in (-1.96 * spread - unseen, 1.96 * spread))
    estimate = Estimate.of(value, f"bootstrap of {len(x)} and {len(y)} points", sampling=spread, rounding=_rounding(x, y, value))
    return SetDistance(f"Frechet distance on {net}", estimate, (low, high), bias)


def frechet_to_set(x: Tensor, y: Tensor, net: str = "features", groups: int = 20) -> SetDistance:
    """frechet_distance(x, y) as a distance of the law of x to the set y as it is, at len(x) points: to compare samplers, judged by one set with as many points.

    Its standard error is that of the jackknife that leaves out one of so many groups of x at a time, times Student's quantile over 1.96, so that 1.96 standard
    errors hold 95%. On features of the digits it is 1.3 to 1.5 times the deviation over seeds; that of the bootstrap, which draws with repeats, is twice it.

    Parameters
    ----------
    x, y : tensors of shapes (n, d) and (m, d)
        Points of x in any order that does not depend on them; more than features in every n (1 - 1/groups) of them.
    net : str
        The name of the features.
    groups : int

    Raises
    ------
    InvalidParameter
        Naming `x` or `y` where there are too few points or values that are not finite.

    Examples
    --------
    >>> draw = torch.Generator().manual_seed(0)
    >>> x, y = (torch.randn(n, 3, generator=draw, dtype=torch.float64) for n in (400, 5000))
    >>> frechet_to_set(x, y).interval[1] < frechet_to_set(x + 1, y).interval[0]
    True
    """
    x, y = as_features(x, y, net)
    parts = torch.arange(len(x)) % count("groups", groups, 2, len(x))
    for name, least, one in (("x", len(x) - int((parts == 0).sum()), x), ("y", len(y), y)):
        if least <= one.shape[1]:
            raise InvalidParameter(name, tuple(one.shape), "more points than features in what a group leaves")
    goal = _moments(y)
    value = _between(_moments(x), goal)
    left = torch.tensor([_between(_moments(x[parts != group]), goal) for group in range(groups)], dtype=torch.float64)
    spread = math.sqrt((groups - 1) / groups * float((left - left.mean()).square().sum())) * float(stdtrit(groups - 1, 0.975)) / 1.96
    estimate = Estimate.of(value, f"jackknife of {len(x)} points in {groups} groups", sampling=spread, rounding=_rounding(x, y, value))
    return SetDistance(f"Frechet distance on {net}", estimate, (value - 1.96 * estimate.error, value + 1.96 * estimate.error))


def _net(net: Any) -> FeatureNet:
    if not callable(getattr(net, "features", None)) or not isinstance(getattr(net, "name", None), str):
        raise InvalidParameter("net", net, 'a FeatureNet, e.g. load_features("digits")')
    checked: FeatureNet = net
    return checked


def _squared(x: Tensor, y: Tensor) -> float:
    """The squared W2 of the Gaussians with the means and covariances of two sets."""
    return _between(_moments(x), _moments(y))


def _moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """The mean of points and R, R'R their covariance: from the points themselves, so that it may be singular."""
    mean = x.mean(0)
    return mean, torch.linalg.qr((x - mean) / math.sqrt(len(x) - 1), mode="r").R


def _between(one: tuple[Tensor, Tensor], other: tuple[Tensor, Tensor]) -> float:
    """|m - m'|^2 + min |R - U R'|^2 over rotations U."""
    (mean, first), (goal, second) = one, other
    left, _, right = torch.linalg.svd(first @ second.T)
    apart = first - left @ right @ second
    return float((mean - goal).square().sum() + apart.square().sum())


def _rounding(x: Tensor, y: Tensor, value: float) -> float:
    """Of _squared."""
    size = float(x.square().mean(0).sum() + y.square().mean(0).sum())
    return 16 * torch.finfo(torch.float64).eps * math.sqrt(size * x.shape[1] * (value + size * 1e-15))


def _resampled(x: Tensor, y: Tensor, seed: int, number: int) -> tuple[Tensor, Tensor]:
    generator = stream(seed, number, "cpu")
    first, second = (one[torch.randint(len(one), (len(one),), generator=generator)] for one in (x, y))
    return first, second
