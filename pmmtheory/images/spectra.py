"""Gaussian data with the mean and covariance of images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from pmmtheory.images.data_sets import load_images
from pmmtheory.targets import Gaussian

_EPS = 2.0**-52


@dataclass(frozen=True)
class Spectrum:
    """The mean of a set of images, and the variances and axes of its covariance.

    Every sampler here acts on each axis by itself, and keeps the mean: of data with mean m, started from the noised data, it is alpha(t) m at every time
    t, whatever the midpoints, since the predicted noise is zero there. So laws are those of `centred`, moved by the mean.

    Along an axis without variance the data are m, and the last step of a sampler down to the data, which is the prediction of the data, ends there.
    Such axes add nothing to any distance and are left out of `centred`.

    Attributes
    ----------
    name : str
    mean : (D,) tensor
    variances : (d,) tensor
        Above zero, ascending.
    axes : (D, d) tensor
        As columns.
    """

    name: str
    mean: Tensor
    variances: Tensor
    axes: Tensor

    @property
    def still(self) -> int:
        """The number of axes without variance, D - d."""
        return len(self.mean) - len(self.variances)

    @property
    def centred(self) -> Gaussian:
        """N(0, diag(variances)): the data about their mean, in the coordinates of the axes."""
        return Gaussian(0.0, self.variances)


@lru_cache(maxsize=4)
def image_spectrum(source: str | Path = "digits") -> Spectrum:
    """The spectrum of the images for training of a set; see load_images.

    A variance is an eigenvalue of (1/n) sum (x - m)(x - m)' in float64. Those below D eps times the largest are zero but for rounding.

    Examples
    --------
    >>> spectrum = image_spectrum("digits")
    >>> len(spectrum.variances), spectrum.still  # three points of the frame are black in every digit
    (61, 3)
    """
    images = load_images(source)
    x = images.flat()
    mean = x.mean(0)
    variances, axes = torch.linalg.eigh((x - mean).T @ (x - mean) / len(x))
    kept = variances > len(mean) * _EPS * variances[-1]
    return Spectrum(images.name, mean, variances[kept], axes[:, kept])
