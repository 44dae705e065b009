"""Image data sets, and what is measured of samplers on them."""

from pmmtheory.images.data_sets import ImageSet, fingerprint, load_images
from pmmtheory.images.spectra import Spectrum, image_spectrum

__all__ = ["ImageSet", "Spectrum", "fingerprint", "image_spectrum", "load_images"]
