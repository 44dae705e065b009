"""What arguments about images must be: the shape of one, and a batch of them."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from pmmtheory.errors import InvalidParameter, count, reals
from pmmtheory.numerics.finite import all_finite


def image_shape(shape: Any, least: int = 1) -> tuple[int, int, int]:
    """Return the shape of one image, (channels, height, width), as whole numbers, of which the last two are at least `least`.

    Raises
    ------
    InvalidParameter
        Naming `shape`.

    Examples
    --------
    >>> image_shape([1, 8, 8])
    (1, 8, 8)
    """
    allowed = "that of one image, (channels, height, width)" + (f", at least {least} points high and wide" if least > 1 else "")
    sizes = reals("shape", shape, allowed)
    if len(sizes) != 3:
        raise InvalidParameter("shape", shape, allowed)
    channels, height, width = (count("shape", size) for size in sizes)
    if min(height, width) < least:
        raise InvalidParameter("shape", shape, allowed)
    return channels, height, width


def images_of(name: str, images: Any) -> Tensor:
    """Return the images of a tensor or an ImageSet, of shape (n, channels, height, width).

    Raises
    ------
    InvalidParameter
        Naming the parameter of this name.
    """
    found = getattr(images, "images", images)
    if not isinstance(found, Tensor) or found.ndim != 4 or not found.is_floating_point():
        given = (str(found.dtype), tuple(found.shape)) if isinstance(found, Tensor) else images
        raise InvalidParameter(name, given, "an ImageSet, or a floating tensor of images, of shape (n, channels, height, width)")
    if not all_finite(found):
        raise InvalidParameter(name, "NaN or infinite values", "finite images")
    return found
