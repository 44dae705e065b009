"""The targets on the line that the batteries run over, by name: log-concave and not, with closed forms and without."""

from __future__ import annotations

import torch

from pmmtheory.targets import Cosine, DoubleWell, Gaussian, GaussianMixture, LogCosh, Potential

GAUSSIAN = Gaussian(mean=0.7, covariance=1 / 1.7)
BIMODAL = GaussianMixture(weights=[0.5, 0.5], means=[-1.5, 1.5], variances=[1.0, 1.0])
SKEWED = GaussianMixture(weights=[0.2, 0.5, 0.3], means=[-2.0, 0.3, 1.9], variances=[0.5, 1.2, 0.8])
COSINE = Cosine(amplitude=0.5, frequency=1.0, phase=0.3)
LOG_COSH = LogCosh(scale=0.8)
OWN = Potential(lambda x: x**2 / 2 + torch.sin(x) / 3 + torch.log1p(x**2) / 4, dim=1, name="own")

SMOOTH = {"gaussian": GAUSSIAN, "bimodal": BIMODAL, "skewed": SKEWED, "cosine": COSINE, "log_cosh": LOG_COSH, "own": OWN}
"""With a bounded second derivative: those that chains have stationary laws on."""

LINES = {**SMOOTH, "double_well": DoubleWell(barrier=1.5, separation=1.2)}
