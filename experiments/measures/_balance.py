"""How the law of a diffusion in the plane gives way to a small second-order term: psi with int grad psi . grad g d pi = int A : Hess g d pi for all g.

By Galerkin's method with products of Hermite polynomials of the coordinates over their deviations, up to a total degree.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.polynomial.hermite_e import hermevander
from torch import Tensor

from pmmtheory.numerics.truncated_series import exponents


def balance(weights: Tensor, x: Tensor, second: Tensor, degree: int) -> Tensor:
    """psi at x, (q,), up to a constant; weights (q,) of pi, x (q, 2), second: A, (q, 2, 2)."""
    w, matrix = weights.numpy(), second.numpy()
    mean = weights @ x
    spread = torch.sqrt(weights @ (x - mean) ** 2).numpy()
    places = ((x - mean).numpy()) / spread
    norms = np.sqrt([float(math.factorial(k)) for k in range(degree + 1)])
    values = [hermevander(places[:, k], degree) / norms for k in (0, 1)]
    slopes = [_derivative(values[k]) / spread[k] for k in (0, 1)]
    bends = [_derivative(slopes[k]) / spread[k] for k in (0, 1)]
    i, j = np.array(exponents(degree)[1:]).T
    root = np.sqrt(w)[:, None]
    gradients = [root * slopes[0][:, i] * values[1][:, j], root * values[0][:, i] * slopes[1][:, j]]
    pairing = sum(gradient.T @ gradient for gradient in gradients)
    right = (w * matrix[:, 0, 0]) @ (bends[0][:, i] * values[1][:, j])
    right += (2 * w * matrix[:, 0, 1]) @ (slopes[0][:, i] * slopes[1][:, j])
    right += (w * matrix[:, 1, 1]) @ (values[0][:, i] * bends[1][:, j])
    shares = np.linalg.lstsq(pairing, right, rcond=1e-13)[0]
    return torch.as_tensor((values[0][:, i] * values[1][:, j]) @ shares)


def _derivative(values: np.ndarray) -> np.ndarray:
    """Of normalised Hermite polynomials: h_k' = sqrt(k) h_(k-1)."""
    found = np.zeros_like(values)
    found[:, 1:] = values[:, :-1] * np.sqrt(np.arange(1, values.shape[1]))
    return found
