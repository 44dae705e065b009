"""Frequencies at which the law of a Poisson midpoint step is computed, and the factors of a walk there: see laws.step.feynman_kac.

Complex division and roots are slow: factors come by real arithmetic from the cosine and the sine of xi push(D).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
import torch
from scipy.linalg import qr
from torch import Tensor

from pmmtheory.laws.step.midpoint_step import MidpointStep
from pmmtheory.numerics.chebyshev import chebyshev
from pmmtheory.numerics.polar import polar
from pmmtheory.schemes import PoissonStructure

Wave = tuple[Tensor, Tensor]
"""The real and the imaginary part of exp(i xi push(D))."""

_GENTLE, _TERMS, _MORE_TERMS = 0.025, 10, 450
"""A force that changes no more than this in a step, by G db/dx, leaves a characteristic function that is told, to 1e-12, by so many frequencies,
and so many more times the change."""

_MOST_TERMS, _ROUNDED = 20, 1e-17
"""Polynomials beyond which cosines and sines themselves take less, and a share of one that is below rounding."""


@dataclass(frozen=True)
class Waves:
    """Functions of some frequencies, (k,), for one step and one grid of its noise; `even` where these are 0, 1, 2, ... times the second."""

    frequencies: Tensor
    even: bool = False
    _readouts: dict[float, Tensor] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def _highest(self) -> float:
        return float(self.frequencies.abs().max())

    def parts(self, place: Tensor) -> Wave:
        """exp(i xi_k place): (q, n) -> (q, n, k)."""
        (wave,) = self.each(place[None])
        return wave

    def each(self, places: Tensor) -> Iterator[Wave]:
        """The same for several times: (s, q, n).

        The cosine and, over the place, the sine are functions of its square, for places up to P polynomials T_j(2 (place/P)^2 - 1).
        """
        if not places.numel():
            return
        largest, shape = float(places.abs().max().clamp_min(1e-300)), (*places.shape[1:], len(self.frequencies))
        terms = _terms(largest * self._highest)
        if terms is None:
            for place in places:
                angle = place[..., None] * self.frequencies
                yield torch.cos(angle), torch.sin(angle)
            return
        angles, told = chebyshev(terms)
        known = np.cos(angles / 2)  # places whose squares are nodes
        angle = largest * known[:, None] * self.frequencies.cpu().numpy()
        cosines = told @ (np.cos(angle) - 1)
        cosines[0] += 1
        even, odd = (torch.as_tensor(part.astype(np.float64), device=places.device) for part in (cosines, told @ (np.sin(angle) / known[:, None])))
        share = places.flatten() / largest
        basis = _powers(2 * share**2 - 1, terms)
        turned = basis * share
        for one, other in zip(basis.split(shape[0] * shape[1], 1), turned.split(shape[0] * shape[1], 1), strict=True):
            yield (one.T @ even).reshape(shape), (other.T @ odd).reshape(shape)

    def of(self, place: Tensor) -> Tensor:
        """The same as complex numbers."""
        return torch.complex(*self.parts(place))

    def summed(self, place: Tensor, weights: Tensor) -> Tensor:
        """sum_q weights_q exp(i xi_k place): (q, n) -> (n, k); every even frequency is the sum of a low and a high one."""
        if not self.even:
            return torch.einsum("qnk,q->nk", self.of(place), weights.to(torch.complex128))
        some, angle = math.isqrt(len(self.frequencies) - 1) + 1, place.T[..., None]
        low, high = polar(None, angle * self.frequencies[:some]), polar(None, angle * self.frequencies[::some]) * weights[:, None]
        return (high.mT @ low).reshape(place.shape[1], -1)[:, : len(self.frequencies)]

    def damping(self, step: MidpointStep, s: float) -> Tensor:
        """E exp(i xi_k (W_1 - W_s)), (k,)."""
        return torch.exp(-max(0.0, step.width(1.0) ** 2 - step.width(s) ** 2) / 2 * self.frequencies**2)

    def readout(self, step: MidpointStep, s: float, nodes: Tensor) -> Tensor:
        """E[exp(i xi_k W_1) | W_s], shape (q, k)."""
        if s not in self._readouts:
            self._readouts[s] = self.of(step.width(s) * nodes[:, None])[:, 0] * self.damping(step, s)
        return self._readouts[s]


def _terms(angle: float) -> int | None:
    """How many polynomials of the square tell cosines and sines up to this angle to rounding: from there on (e angle / 2 n)^n, n = 2 terms, bounds their
    coefficients; none where the functions themselves take less."""
    return next((terms for terms in range(3, _MOST_TERMS) if (math.e * angle / (4 * terms)) ** (2 * terms) < _ROUNDED), None)


def _powers(y: Tensor, terms: int) -> Tensor:
    """T_0(y), T_1(y), ..., (terms, n): all up to order m tell those up to 2 m."""
    basis = y.new_ones((terms, len(y)))
    basis[1] = y
    known = 1
    while known < terms - 1:
        more = min(known, terms - 1 - known)
        torch.mul(basis[1 : more + 1], 2 * basis[known], out=basis[known + 1 : known + more + 1])
        basis[known + 1 : known + more + 1] -= basis[known - more : known].flip(0)
        known += more
    return basis


@dataclass(frozen=True)
class Few:
    """Which of equally spaced frequencies tell all others, and the matrix that carries from them to all."""

    chosen: np.ndarray
    carry: np.ndarray


def few(count: int, highest: float, roughness: float, level: int) -> Few | None:
    """Those of `count` frequencies that tell the others, where they are fewer; `highest` is the last, over the noise.

    A characteristic function is that of the noise times one that varies slowly: a polynomial, of more terms at a higher level.
    """
    terms = math.ceil(_TERMS + 2 * level + _MORE_TERMS * roughness)
    return _few(count, highest, terms) if roughness <= _GENTLE and terms < count else None


@lru_cache(maxsize=64)
def _few(count: int, highest: float, terms: int) -> Few:
    share = np.arange(count) / count
    basis = np.polynomial.chebyshev.chebvander(2 * share - 1, terms - 1) * np.exp(-((highest * share) ** 2) / 2)[:, None]
    basis = np.linalg.qr(basis)[0]
    chosen = np.sort(qr(basis.T, pivoting=True, mode="economic")[2][:terms])
    return Few(chosen, np.linalg.solve(basis[chosen].T, basis.T).T)


def whole_factor(wave: Wave, pmm: PoissonStructure) -> Tensor:
    """1 - p + p exp(i xi push(D)) of a walk over the substeps themselves."""
    p = pmm.intensity / pmm.substeps
    return torch.complex((wave[0] * p).add_(1 - p), wave[1] * p)


def factor(wave: Wave, steps: int, pmm: PoissonStructure) -> Tensor:
    """m_N for N = `steps`."""
    whole, half = pmm.intensity / (2 * pmm.substeps), pmm.intensity / (2 * steps)
    return torch.complex(*_ratio(wave, whole + half, whole - half))


def half_factor(wave: Wave, steps: int, pmm: PoissonStructure) -> Tensor:
    """The factor of half a step: the root of m_N / (1 + g/K)."""
    whole, half = pmm.intensity / (2 * pmm.substeps), pmm.intensity / (2 * steps)
    real, imaginary = _ratio(wave, whole + half, whole - half)
    if pmm.substeps < math.inf:
        square = torch.complex(real, imaginary).mul_(torch.complex(*_ratio(wave, 0.0, 2 * whole)))
        real, imaginary = square.real, square.imag
    if bool((real <= 0).any()):
        return torch.sqrt(torch.complex(real, imaginary))
    root = (real * real).addcmul_(imaginary, imaginary).sqrt_().add_(real).mul_(0.5).sqrt_()
    return torch.complex(root, (imaginary / root).mul_(0.5))


def _ratio(wave: Wave, above: float, below: float) -> Wave:
    """(1 + above (w - 1)) / (1 + below (w - 1)) for w of modulus 1."""
    real, imaginary = wave
    size = (real * (2 * below * (1 - below))).add_((1 - below) ** 2 + below**2)  # the squared modulus of the denominator
    first = (real * (above * (1 - below) + below * (1 - above))).add_((1 - above) * (1 - below) + above * below)
    return first.div_(size), (imaginary * (above - below)).div_(size)
