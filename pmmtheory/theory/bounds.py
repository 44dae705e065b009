"""Upper bounds of theorems, as functions."""

from __future__ import annotations

import math

from pmmtheory.errors import InvalidParameter, positive


def vempala_wibisono(lsi: float, smoothness: float, step_size: float, steps: int, initial_kl: float, dim: int = 1) -> float:
    """KL after N steps of LMC: exp(-lsi step N) KL_0 + 8 d L^2 step / lsi, for step <= lsi/(4 L^2).

    Source: Vempala & Wibisono 2019, Theorem 1.

    Raises
    ------
    InvalidParameter
        Where the step is larger than the theorem allows.

    Examples
    --------
    >>> vempala_wibisono(lsi=1.0, smoothness=1.0, step_size=0.25, steps=0, initial_kl=1.0)
    3.0
    """
    largest = positive("lsi", lsi) / (4 * positive("smoothness", smoothness) ** 2)
    if not 0 < step_size <= largest:
        raise InvalidParameter("step_size", step_size, f"above 0 and at most lsi/(4 L^2) = {largest:.6g}, for this theorem")
    return math.exp(-lsi * step_size * steps) * initial_kl + 8 * dim * smoothness**2 * step_size / lsi


def kandasamy_nagaraj_rate(growth_of_substeps: float) -> float:
    """The exponent of the step in KL(PMM || LMC(step/K)) after a fixed time, for K growing like step^(-growth).

    Theorem 2 bounds the KL of the paths by C step^4 + C' step^4 K T; with T = time/step and K = step^(-growth) that is step^(3 - growth).
    Source: Kandasamy & Nagaraj 2024, Theorem 2.

    Examples
    --------
    >>> kandasamy_nagaraj_rate(0), kandasamy_nagaraj_rate(1)
    (3, 2)
    """
    return 3 - growth_of_substeps


def kandasamy_nagaraj_underdamped_rate(growth_of_substeps: float) -> float:
    """The same for ULMC: the exponent of the step in KL(PMM || ULMC(step/K)) after a fixed time, for K growing like step^(-growth).

    Theorem 3 bounds the KL of the paths by C step^6 + C' K step^7 T^2; with T = time/step and K = step^(-growth) that is step^(5 - growth).
    Source: Kandasamy & Nagaraj 2024, Theorem 3.

    Examples
    --------
    >>> kandasamy_nagaraj_underdamped_rate(0), kandasamy_nagaraj_underdamped_rate(1)
    (5, 4)
    """
    return 5 - growth_of_substeps


SRINIVASAN_NAGARAJ = {"LMC": 0.5, "RMM": 1.0, "PMM": 1.5, "ULMC": 1.0, "underdamped RMM": 1.5, "underdamped PMM": 3.0}
"""The exponents p in W2 = O(step^p) at stationarity that the complexities of Srinivasan & Nagaraj (arXiv 2506.07614) imply, strongly log-concave targets."""
