"""Few frequencies in the plane that tell a characteristic function at many others.

For functions near exp(-|s zeta|^2 / 2) f(zeta), f a polynomial of an odd total degree. Their real parts are even and their imaginary ones odd, so that half as
many complex numbers do as such a polynomial has terms. At zero, where nothing is odd, a characteristic function is one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import qr


@dataclass(frozen=True)
class FewWaves:
    """Frequencies (k, 2) that tell others.

    Attributes
    ----------
    zeta : (k, 2) array
    deviations : (2,) array
        s on both axes.
    degree : int
        The total degree of f.
    """

    zeta: np.ndarray
    deviations: np.ndarray
    degree: int

    @classmethod
    def among(cls, zeta: np.ndarray, deviations: np.ndarray, degree: int) -> FewWaves:
        """Of frequencies (n, 2), no two of which are each other's negatives: those that pivoting finds for the odd terms."""
        _, odd = _bases(zeta, deviations, degree)
        return cls(zeta[np.sort(qr(np.linalg.qr(odd)[0].T, pivoting=True, mode="r")[1][: odd.shape[1]])], deviations, degree)

    def carry(self, zeta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What carries real and imaginary parts there to those at others, (n, 2): two matrices (n, k)."""
        matrices = []
        for basis in _bases(np.concatenate([self.zeta, zeta]), self.deviations, self.degree):
            orthonormal = np.linalg.qr(basis)[0]
            matrices.append(orthonormal[len(self.zeta) :] @ np.linalg.pinv(orthonormal[: len(self.zeta)]))
        return matrices[0], matrices[1]

    def lacking(self, zeta: np.ndarray) -> np.ndarray:
        """The size of what terms of the next two degrees add that is not told, at others, (n,)."""
        every, total = np.concatenate([self.zeta, zeta]), np.zeros(len(zeta))
        for carry, longer, known in zip(self.carry(zeta), *(_bases(every, self.deviations, degree) for degree in (self.degree + 2, self.degree)), strict=True):
            more = longer[:, known.shape[1] :]
            total += ((more[len(self.zeta) :] - carry @ more[: len(self.zeta)]) ** 2).sum(1)
        found: np.ndarray = np.sqrt(total)
        return found


def _bases(zeta: np.ndarray, deviations: np.ndarray, degree: int) -> tuple[np.ndarray, np.ndarray]:
    """The even and the odd terms at frequencies (n, 2), each (n, terms)."""
    share = zeta / np.abs(zeta).max(0)
    first, second = (np.polynomial.chebyshev.chebvander(share[:, k], degree) for k in (0, 1))
    damping = np.exp(-((zeta * deviations) ** 2).sum(1) / 2)
    places = [(i, total - i) for total in range(degree + 1) for i in range(total + 1)]
    even, odd = (np.stack([first[:, i] * second[:, j] * damping for i, j in places if (i + j) % 2 == parity], 1) for parity in (0, 1))
    return even, odd
