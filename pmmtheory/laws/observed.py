"""The law of what is observed of a chain: one step of another kernel from the law of its states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from pmmtheory.chain import Chain
from pmmtheory.errors import InvalidParameter, positive
from pmmtheory.laws.law import Law
from pmmtheory.schemes import Draw, Scheme

_PROBES = 64


class Observation(Scheme):
    """What a scheme observes of a state, as a step from it: a Gaussian given the state.

    Examples
    --------
    >>> from pmmtheory.dynamics import Overdamped
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> from pmmtheory.targets import Gaussian
    >>> Observation(EulerMaruyama(Overdamped(Gaussian()), step_size=0.1)).name
    'the observation of EulerMaruyama'
    """

    draws: Mapping[str, Draw] = {}
    drift_calls = 0.0
    exact_with = "neither"

    def __init__(self, scheme: Scheme):
        super().__init__(scheme.dynamics, scheme.step_size)
        self.owner = scheme
        self.smooth = scheme.smooth

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        return self.owner.observe(x)

    @property
    def kinks(self) -> tuple[float, ...]:
        return self.owner.kinks

    @property
    def name(self) -> str:
        return f"the observation of {self.owner.name}"

    def with_step(self, step_size: float) -> Observation:
        return Observation(self.owner.with_step(step_size))

    def over(self, dynamics: Any) -> Observation:
        return Observation(self.owner.over(dynamics))


def observed_law(scheme: Scheme, law: Any, rtol: float | None = None) -> Any:
    """The law of what a scheme observes of states with the given law; that law itself where it observes them as they are.

    The stated error holds that of the law it comes from.

    Parameters
    ----------
    scheme : Scheme
    law : Law
        From `stationary_law` or `transient_law` of the scheme.
    rtol : float, optional
        As for `transient_law`.

    Raises
    ------
    InvalidParameter
        Where no engine computes it: of a function of the state without noise of its own, or of a law that the engine does not start from; particles serve any.

    Examples
    --------
    >>> from pmmtheory.dynamics import Overdamped
    >>> from pmmtheory.laws import stationary_law
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> from pmmtheory.targets import Gaussian
    >>> class Blurred(EulerMaruyama):
    ...     def observe(self, x):
    ...         return x, 0.5
    >>> scheme = Blurred(Overdamped(Gaussian()), step_size=0.1)
    >>> round(observed_law(scheme, stationary_law(scheme)).covariance - 1 / (1 - 0.1 / 2), 10)
    0.25
    """
    from pmmtheory.laws import transient_law

    Chain(scheme)
    if not isinstance(law, Law):
        raise InvalidParameter("law", law, "the law of its states, from stationary_law or transient_law")
    if rtol is not None:
        positive("rtol", rtol)
    if not scheme.observes:
        return law
    seen = Observation(scheme)
    x = 3 * torch.randn((_PROBES, *scheme.dynamics.state_shape), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    if not bool((seen.step(x, 0.0, {})[1] * torch.ones_like(x) > 0).all()):
        allowed = "one that observes a state with Gaussian noise of its own (a factor above zero), for a law; particles serve any"
        raise InvalidParameter("scheme", scheme.name, allowed)
    return transient_law(seen, law, 1, rtol)
