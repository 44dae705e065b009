"""The exact law of a chain: computed, not sampled."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from pmmtheory.chain import Chain, chain_of
from pmmtheory.errors import InvalidParameter, NotConverged, PmmError, choice, count, positive, reals, required
from pmmtheory.laws.engine import Engine, Refusal, engine_for, engines
from pmmtheory.laws.gaussian.law import LinearLaw
from pmmtheory.laws.law import Law
from pmmtheory.laws.line.diffusion import diffusion_law, spectral_gap
from pmmtheory.laws.line.law import LineLaw
from pmmtheory.laws.observed import observed_law
from pmmtheory.laws.phase_plane.law import PlaneLaw
from pmmtheory.laws.plane.law import PlanarLaw
from pmmtheory.laws.product.law import ProductLaw
from pmmtheory.numerics.devices import known_device, out_of_memory
from pmmtheory.schemes import Scheme

__all__ = [
    "Engine",
    "Law",
    "LineLaw",
    "LinearLaw",
    "PlanarLaw",
    "PlaneLaw",
    "ProductLaw",
    "Refusal",
    "diffusion_law",
    "engines",
    "observed_law",
    "spectral_gap",
    "stationary_law",
    "transient_law",
    "transient_laws",
]

_RENAMED = {"moving": "inhomogeneous", "linear": "gaussian", "planar": "plane"}
"""Names that engines had, with their own of today."""


def stationary_law(scheme: Scheme, rtol: float | None = None, device: str = "cpu", engine: str | None = None) -> Any:
    """The stationary law of a chain.

    Parameters
    ----------
    scheme : Scheme
    rtol : float, optional
        What two successive resolutions must agree to: the total variation distance ("line", 1e-8 unless given,
        "potential_plane", 1e-7, "several_midpoints", 1e-6, and "phase_plane", 1e-5), or the covariances relative to the variances ("gaussian", 1e-8).
    device : str
        Where to compute, "cpu" or "cuda".
    engine : "line", "phase_plane", "gaussian", "product", "potential_plane" or "several_midpoints", optional
        "line": overdamped, any target on the line. "phase_plane": underdamped, any smooth target on the line. "gaussian": a
        Gaussian target in any dimension, by moments. "product": independent coordinates. "potential_plane": overdamped, any
        smooth target in the plane, at most one random midpoint a step. "several_midpoints": the same with any number. Unless
        given, the first that supports the chain.

    Returns
    -------
    LineLaw, PlaneLaw, PlanarLaw, ProductLaw or LinearLaw
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
    chain = chain_of(scheme, None, None)
    place = known_device(device)
    chosen = _chosen(chain, True, engine)
    return _computed(chosen, lambda one, accuracy: one.stationary(chain.scheme, accuracy, place), chain, rtol, True)


def transient_law(
    scheme: Scheme | Chain, initial: Any = None, steps: int | None = None, rtol: float | None = None, device: str = "cpu", engine: str | None = None
) -> Any:
    """The law of a chain after a number of steps.

    Parameters
    ----------
    scheme : Scheme or Chain
        A Chain says itself where it starts and how many steps it takes.
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
    chain = chain_of(scheme, initial, steps)
    return transient_laws(chain.scheme, chain.start, [required("steps", chain.steps)], rtol, device, engine)[0]


def transient_laws(scheme: Scheme, initial: Any, steps: Sequence[int], rtol: float | None = None, device: str = "cpu", engine: str | None = None) -> list[Any]:
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
    chain = Chain(scheme, required("initial", initial))
    place = known_device(device)
    chosen = _chosen(chain, False, engine)
    numbers = [count("steps", n, 0) for n in reals("steps", steps, "ascending numbers of steps")]
    if numbers != sorted(numbers) or not numbers:
        raise InvalidParameter("steps", list(steps), "ascending numbers of steps")
    scheme.dynamics.require_time_for(numbers[-1], scheme.step_size)
    laws: list[Any] = _computed(chosen, lambda one, accuracy: one.transients(chain, numbers, accuracy, place), chain, rtol, False)
    return laws


def _computed(engine: Engine, run: Callable[[Engine, float], Any], chain: Chain, rtol: float | None, stationary: bool) -> Any:
    """What `run` gives with an engine and its accuracy; where that does not converge, in terms of what the user asked for."""

    wanted = None if rtol is None else positive("rtol", rtol)

    def accuracy(of: Engine) -> float:
        return of.default_rtol if wanted is None else wanted

    def does(other: Engine) -> bool:
        try:
            return other.supports(chain, stationary) is None and run(other, accuracy(other)) is not None
        except PmmError:
            return False

    try:
        return run(engine, accuracy(engine))
    except (MemoryError, RuntimeError) as error:
        if not out_of_memory(error):
            raise
        what = f"the law of {chain.scheme.name} on {getattr(chain.scheme.dynamics.target, 'name', 'a predictor')}, which takes more memory than there is,"
        raise NotConverged(what, math.nan, accuracy(engine)) from error
    except NotConverged as error:
        if not _raised_here(error):
            raise
        advice = next((f'engine="{other.name}" would do' for other in engines() if other.quick and other is not engine and does(other)), "")
        raise error.restated(accuracy(engine), advice) from error


def _raised_here(error: NotConverged) -> bool:
    """Whether an engine raised it, and no target that an engine asked."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        if last.tb_next.tb_frame.f_globals.get("__name__") == "pmmtheory.errors":
            break
        last = last.tb_next
    return last is not None and str(last.tb_frame.f_globals.get("__name__")).startswith((f"{__name__}.", "pmmtheory.numerics."))


def _chosen(chain: Chain, stationary: bool, name: str | None) -> Engine:
    """The engine that computes the laws of a chain."""
    now = _RENAMED.get(str(name), name)
    if now is not None:
        choice("engine", now, [engine.name for engine in engines()])
    if name == "plane" and chain.scheme.dynamics.blocks == 2:
        now = "phase_plane"
    if now != name:
        warnings.warn(f'engine="{name}" is now engine="{now}"', FutureWarning, stacklevel=4)
    return engine_for(chain, stationary, now)
