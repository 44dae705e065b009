"""Image data sets, exact and trained noise predictors of them, and what is measured of samplers on them."""

from pmmtheory.images.data_sets import ImageSet, fingerprint, load_images
from pmmtheory.images.empirical import EmpiricalDiffusion
from pmmtheory.images.features import FeatureNet, load_features
from pmmtheory.images.kernel import kernel_distance
from pmmtheory.images.metrics import compare, frechet_distance, frechet_to_set, noise_floor
from pmmtheory.images.network import Architecture, NoiseNetwork, load_network
from pmmtheory.images.set_distance import SetDistance
from pmmtheory.images.spectra import Spectrum, image_spectrum

__all__ = [
    "Architecture",
    "EmpiricalDiffusion",
    "FeatureNet",
    "ImageSet",
    "NoiseNetwork",
    "SetDistance",
    "Spectrum",
    "compare",
    "fingerprint",
    "frechet_distance",
    "frechet_to_set",
    "image_spectrum",
    "kernel_distance",
    "load_features",
    "load_images",
    "load_network",
    "noise_floor",
]
