"""What grows in a discretised step, as nothing does in a Markov chain: combinations of the fastest modes, far out, where a kick is large.

They are next to nothing in a law, and decide after some dozens of steps. The law without them is that of the step on the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy.linalg
import torch
from torch import Tensor

from pmmtheory.targets.target import generator

_ONE = 1 + 1e-7
"""An eigenvalue of a larger modulus is none of the chain; 1 itself has the digits of the arithmetic."""

_GROWN = 1e4
"""By how much noise grows that is no matter yet: what grows is less of a law at first by far."""

_LARGEST = 3500
"""Unknowns of a matrix whose Schur form takes minutes."""


@dataclass(frozen=True)
class Growing:
    """The invariant subspace of a matrix on which it grows.

    right, left : (n, k) and (k, n) tensors
        Its basis, and the functionals that read off the coefficients there, zero on the invariant rest.
    """

    right: Tensor
    left: Tensor

    @classmethod
    def of(cls, matrix: Tensor) -> Growing:
        """From the real Schur form, eigenvalues outside of the unit circle first: [[A, B], [0, C]], and A Y - Y C = -B."""
        form, basis, count = scipy.linalg.schur(matrix.cpu().numpy(), sort=lambda real, imaginary: real * real + imaginary * imaginary > _ONE**2)
        inner, outer = basis[:, :count], basis[:, count:]
        rest = scipy.linalg.solve_sylvester(form[:count, :count], -form[count:, count:], -form[:count, count:]) if count else np.zeros((0, len(form)))
        left = inner.T - rest @ outer.T
        return cls(torch.as_tensor(inner.copy(), device=matrix.device), torch.as_tensor(left, device=matrix.device))

    def part(self, modes: Tensor) -> Tensor:
        """What of modes, (n,), is there."""
        return self.right @ (self.left @ modes)


def grown(matrix: Tensor, steps: int) -> float:
    """After how many of these steps noise has grown so much that it is matter; infinite where it has not."""
    if len(matrix) > _LARGEST:
        return math.inf
    noise = torch.randn(len(matrix), generator=generator(0), dtype=matrix.dtype).to(matrix.device)
    most = _GROWN * float(noise.norm())
    for step in range(1, steps + 1):
        noise = matrix @ noise
        if not float(noise.norm()) <= most:
            return step
    return math.inf
