"""The exact law of a chain: computed, not sampled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from pmmtheory.dynamics import Underdamped
from pmmtheory.errors import InvalidParameter, NotConverged, PmmError, count, positive
from pmmtheory.laws import line, linear, moving, planar, plane
from pmmtheory.laws.diffusion import diffusion_law, spectral_gap
from pmmtheory.laws.line_law import LineLaw
from pmmtheory.laws.linear_law import LinearLaw
from pmmtheory.laws.planar_law import PlanarLaw
from pmmtheory.laws.plane_law import PlaneLaw
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Gaussian, GaussianMixture, Target
from pmmtheory.targets.line import LineTarget

__all__ = ["LineLaw", "LinearLaw", "PlanarLaw", "PlaneLaw", "diffusion_law", "spectral_gap", "stationary_law", "transient_law", "transient_laws"]

Law = Any
"""A LineLaw, PlanarLaw, PlaneLaw or LinearLaw."""

_ENGINES: Mapping[str, Any] = {"line": line, "moving": moving, "plane": plane, "linear": linear, "planar": planar}
_RTOL = {"line": 1e-8, "moving": 2e-8, "plane": 1e-5, "linear": 1e-8, "planar": 1e-5}


def stationary_law(scheme: Scheme, rtol: float | None = None, device: str = "cpu", engine: str | None = None) -> Law:
    """The stationary law of a chain.

    Parameters
    ----------
    scheme : Scheme
    rtol : float, optional
        What two successive resolutions must agree to: the total variation distance ("line", 1e-8 unless given, and
        "plane", 1e-5), or the covariances relative to the variances ("linear", 1e-8).
    device : str
        Where to compute, "cpu" or "cuda".
    engine : "line", "plane" or "linear", optional
        "line": overdamped, any target on the line. "plane": underdamped, any smooth target on the line. "linear": a
        Gaussian target in any dimension, by moments. Unless given, the first that can be had.

    Returns
    -------
    LineLaw, PlaneLaw or LinearLaw
        With mean, covariance and numerical error; a LineLaw also with density, cdf and moments, a PlaneLaw with density
        and the LineLaws .position and .velocity.

    Raises
    ------
    UnstableStep
        If the step size is not mean-square stable.
    NotConverged
        If rtol cannot be reached; the message names another engine where one gives the law.

    Examples
    --------
    >>> from pmmtheory.dynamics import Overdamped, Underdamped
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> from pmmtheory.targets import Gaussian
    >>> law = stationary_law(EulerMaruyama(Overdamped(Gaussian()), step_size=0.1))
    >>> abs(law.covariance - 1 / (1 - 0.1 / 2)) < 1e-12
    True

    In the phase plane, and in a thousand dimensions:

    >>> law = stationary_law(EulerMaruyama(Underdamped(Gaussian(), friction=1.0), step_size=0.1))
    >>> law.covariance.shape, law.numerical_error < 1e-5
    (torch.Size([2, 2]), True)
    >>> stationary_law(EulerMaruyama(Overdamped(Gaussian(dim=1000)), step_size=0.1)).dim
    1000
    """
    return _computed(lambda name, accuracy: _ENGINES[name].stationary(scheme, accuracy, device), scheme, rtol, device, engine)


def transient_law(scheme: Scheme, initial: Any, steps: int, rtol: float | None = None, device: str = "cpu", engine: str | None = None) -> Law:
    """The law of a chain after a number of steps.

    Parameters
    ----------
    scheme : Scheme
    initial : target, law or number
        Where the position starts, with velocities from N(0, I), or a law of the same engine. On the line a number is a point
        mass, which needs at least one step.
    steps : int
    rtol, device, engine
        As for stationary_law.

    Examples
    --------
    >>> from pmmtheory.dynamics import Overdamped, Underdamped
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> from pmmtheory.targets import Gaussian
    >>> law = transient_law(EulerMaruyama(Overdamped(Gaussian()), step_size=0.1), initial=2.0, steps=1)
    >>> round(law.mean, 10), round(law.covariance, 10)
    (1.8, 0.2)
    """
    return transient_laws(scheme, initial, [steps], rtol, device, engine)[0]


def transient_laws(scheme: Scheme, initial: Any, steps: Sequence[int], rtol: float | None = None, device: str = "cpu", engine: str | None = None) -> list[Law]:
    """transient_law for several ascending numbers of steps of one chain, at the cost of the last.

    Examples
    --------
    >>> from pmmtheory.dynamics import Overdamped
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> from pmmtheory.targets import Gaussian
    >>> laws = transient_laws(EulerMaruyama(Overdamped(Gaussian()), step_size=0.5), Gaussian(4.0, 1.0), [1, 2])
    >>> [round(law.mean, 9) for law in laws]
    [2.0, 1.0]
    """
    _engine(scheme, device, engine)
    numbers = [count("steps", n, 0 if isinstance(initial, (Target, LineLaw, PlanarLaw, PlaneLaw, LinearLaw)) else 1) for n in steps]
    if numbers != sorted(numbers) or not numbers:
        raise InvalidParameter("steps", list(steps), "ascending numbers of steps")
    scheme.dynamics.require_time_for(numbers[-1], scheme.step_size)
    laws: list[Law] = _computed(lambda name, accuracy: _ENGINES[name].transients(scheme, initial, numbers, accuracy, device), scheme, rtol, device, engine)
    return laws


def _computed(run: Callable[[str, float], Any], scheme: Scheme, rtol: float | None, device: str, engine: str | None) -> Any:
    """What `run` gives with the name and the accuracy of the engine; where that does not converge, in terms of what the user asked for."""
    name = _engine(scheme, device, engine)

    def accuracy(of: str) -> float:
        return _RTOL[of] if rtol is None else positive("rtol", rtol)

    try:
        return run(name, accuracy(name))
    except NotConverged as error:
        if not _raised_here(error):
            raise
        advice = next((f'engine="{other}" would do' for other in ("linear",) if other != name and _would_do(run, other, accuracy(other), scheme)), "")
        raise error.restated(accuracy(name), advice) from error


def _raised_here(error: NotConverged) -> bool:
    """Whether an engine raised it, and no target that an engine asked."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return last is not None and str(last.tb_frame.f_globals.get("__name__")).startswith(f"{__name__}.")


def _would_do(run: Callable[[str, float], Any], name: str, accuracy: float, scheme: Scheme) -> bool:
    """Whether an engine, which must be a fast one, gives the law."""
    try:
        return _able(scheme)[name] and run(name, accuracy) is not None
    except PmmError:
        return False


def _engine(scheme: Scheme, device: str, engine: str | None) -> str:
    """The name of the engine that computes the laws of a scheme."""
    if not isinstance(scheme, Scheme):
        raise InvalidParameter("scheme", scheme, "a pmmtheory scheme")
    if device.split(":")[0] not in ("cpu", "cuda"):
        raise InvalidParameter("device", device, '"cpu" or "cuda"')
    if device != "cpu" and not torch.cuda.is_available():
        raise InvalidParameter("device", device, "a device that is present: no CUDA GPU was found")
    if engine is not None and engine not in _ENGINES:
        raise InvalidParameter("engine", engine, f"{', '.join(_ENGINES)}, or None")
    system, able = scheme.dynamics, _able(scheme)
    if engine is not None and not able[engine]:
        raise InvalidParameter("engine", engine, f"one of {[name for name in able if able[name]]} for {type(system).__name__} on {system.target.name}")
    if not any(able.values()):
        allowed = "a target on the line, a mixture of Gaussians in the plane, or a Gaussian in any dimension, for an exact law"
        raise InvalidParameter("target", system.target.name, allowed)
    return engine or next(name for name in able if able[name])


def _able(scheme: Scheme) -> dict[str, bool]:
    """The engines, and whether each takes such a scheme."""
    system = scheme.dynamics
    on_line = isinstance(system.target, LineTarget) and system.target.dim == 1
    return {
        "line": system.autonomous and system.blocks == 1 and on_line,
        "moving": not system.autonomous and on_line,
        "plane": isinstance(system, Underdamped) and on_line,
        "linear": isinstance(system.target, Gaussian),
        "planar": system.blocks == 1 and isinstance(system.target, GaussianMixture) and system.target.dim == 2,
    }
