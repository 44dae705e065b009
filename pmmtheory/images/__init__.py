"""Image data sets, and what is measured of samplers on them."""

from pmmtheory.images.data_sets import ImageSet, load_images

__all__ = ["ImageSet", "load_images"]
