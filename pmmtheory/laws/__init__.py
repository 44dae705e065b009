"""The exact law of a chain: computed, not sampled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from pmmtheory.errors import InvalidParameter, count, positive
from pmmtheory.laws import line
from pmmtheory.laws.diffusion import diffusion_law, spectral_gap
from pmmtheory.laws.line_law import LineLaw
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Target

__all__ = ["LineLaw", "diffusion_law", "spectral_gap", "stationary_law", "transient_law", "transient_laws"]


def stationary_law(scheme: Scheme, rtol: float = 1e-8, device: str = "cpu") -> LineLaw:
    """The stationary law of a chain on the line.

    Parameters
    ----------
    scheme : Scheme
        Over a target in dimension 1.
    rtol : float
        The total variation distance at which two successive resolutions must agree.
    device : str
        Where to compute, "cpu" or "cuda".

    Returns
    -------
    LineLaw
        With density, cdf, moments and its numerical error.

    Raises
    ------
    UnstableStep
        If the step size is not mean-square stable.
    NotConverged
        If rtol cannot be reached.

    Examples
    --------
    >>> from pmmtheory.dynamics import Overdamped
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> from pmmtheory.targets import Gaussian
    >>> law = stationary_law(EulerMaruyama(Overdamped(Gaussian()), step_size=0.1))
    >>> abs(law.covariance - 1 / (1 - 0.1 / 2)) < 1e-12
    True
    """
    _check(scheme, device)
    return line.stationary(scheme, positive("rtol", rtol), device)


def transient_law(scheme: Scheme, initial: Any, steps: int, rtol: float = 1e-8, device: str = "cpu") -> LineLaw:
    """The law of a chain on the line after a number of steps.

    Parameters
    ----------
    scheme : Scheme
    initial : target or law on the line, or a number
        Where the chain starts; a number is a point mass and needs at least one step.
    steps : int
    rtol, device
        As for stationary_law.

    Examples
    --------
    >>> from pmmtheory.dynamics import Overdamped
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> from pmmtheory.targets import Gaussian
    >>> law = transient_law(EulerMaruyama(Overdamped(Gaussian()), step_size=0.1), initial=2.0, steps=1)
    >>> round(law.mean, 10), round(law.covariance, 10)
    (1.8, 0.2)
    """
    return transient_laws(scheme, initial, [steps], rtol, device)[0]


def transient_laws(scheme: Scheme, initial: Any, steps: Sequence[int], rtol: float = 1e-8, device: str = "cpu") -> list[LineLaw]:
    """transient_law for several ascending numbers of steps of one chain, at the cost of the last."""
    _check(scheme, device)
    numbers = [count("steps", n, 0 if isinstance(initial, (Target, LineLaw)) else 1) for n in steps]
    if numbers != sorted(numbers) or not numbers:
        raise InvalidParameter("steps", list(steps), "ascending numbers of steps")
    return line.transients(scheme, initial, numbers, positive("rtol", rtol), device)


def _check(scheme: Scheme, device: str) -> None:
    if not isinstance(scheme, Scheme):
        raise InvalidParameter("scheme", scheme, "a pmmtheory scheme")
    if device.split(":")[0] not in ("cpu", "cuda"):
        raise InvalidParameter("device", device, '"cpu" or "cuda"')
    if device != "cpu" and not torch.cuda.is_available():
        raise InvalidParameter("device", device, "a device that is present: no CUDA GPU was found")
