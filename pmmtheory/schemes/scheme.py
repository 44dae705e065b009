"""What a scheme is: one step, a Gaussian given a few draws."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Literal, Self

import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics
from pmmtheory.errors import InvalidParameter, choice, positive
from pmmtheory.schemes.draw import Draw
from pmmtheory.schemes.structure import PoissonStructure
from pmmtheory.targets import Gaussian

_FACTORS = {"tv": 1, "w2": 1, "kl": 2, "chi2": 2, "renyi": 2}
"""How many times the order of the law each distance falls with."""


class Scheme(ABC):
    """A Markov chain with step X' = mean(x, draws) + factor(x, draws) * Z, Z ~ N(0, I) independent of the draws.

    The factor is a number, a tensor, or on states of two blocks a BlockFactor.

    A subclass names its draws and writes `step`; laws integrate over the draws by quadrature and treat Z in closed
    form, particles sample both. A subclass with parameters of its own takes them in __init__ after the step size.

    Attributes
    ----------
    draws : mapping of names to Draw
        The auxiliary variables of one step, handed to `step` by name, broadcasting against x.
    drift_calls : float
        Expected number of drift evaluations of one step.
    exact_with : str
        Where a step is the exact one of its dynamics, N(A_a x + G_a b, Gamma_a^2): with a "constant force" b, with "no force" b = 0, or "neither".
    orders : mapping of kinds of Dynamics to numbers
        p for each of them: its stationary law is the target up to step^p, for small steps on smooth targets; what is not known is missing.
    gaussian_orders : mapping of the same kind
        p on Gaussian targets where it is higher; infinite where the law is exact.
    stays : bool
        Whether a step may leave a state where it is, as one that rejects does: its law then has no density, and no engine has it.
    smooth : bool
        Whether a step is smooth in the state where the force is. Where it is not, laws on the line need to know at which places: `kinks`.

    Examples
    --------
    >>> from pmmtheory.dynamics import Overdamped
    >>> from pmmtheory.targets import Gaussian
    >>> class Euler(Scheme):
    ...     drift_calls = 1
    ...     def step(self, x, t, draws):
    ...         return x + self.step_size * self.dynamics.drift(x, t), (2 * self.step_size) ** 0.5
    >>> Euler(Overdamped(Gaussian()), step_size=0.1).step_size
    0.1
    """

    draws: Mapping[str, Draw] = {}
    drift_calls: float
    exact_with: Literal["constant force", "no force", "neither"] = "constant force"
    orders: Mapping[type[Dynamics], float] = {}
    gaussian_orders: Mapping[type[Dynamics], float] = {}
    stays: bool = False
    smooth: bool = True

    def __init__(self, dynamics: Dynamics, step_size: float):
        if not isinstance(dynamics, Dynamics):
            raise InvalidParameter("dynamics", dynamics, "one of pmmtheory.dynamics, e.g. Overdamped(target)")
        self.dynamics = dynamics
        self.step_size = positive("step_size", step_size)

    @abstractmethod
    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        """The conditional mean of the next state, and the factor of its last Gaussian, given x, the time t and the draws."""

    def random_step(self, x: Tensor, t: float, generator: torch.Generator) -> Tensor | None:
        """One random step of states (n, *state_shape), each with draws of its own, where a faster way than `step` and its draws has the same law; else None.

        A subclass that gives one says None where `step` or what it uses is not its own.
        """
        return None

    def noise_times(self, draws: Mapping[str, Any]) -> Tensor | None:
        """The times s_1 <= ... <= s_N of a step, as shares of it in [0, 1] and of shape (N, ...), at which it reads its noise path; None where not known.

        Its normals "z" are then those of the path from 0 to s_1, s_1 to s_2, ..., and its last Gaussian that from s_N to the end. Coupled chains
        (particles.coupled_difference) read one path at all their times. Where two times are equal the step must give the normal between them no
        weight; else the law of a chain does not depend on what is said here, only how close two coupled ones are. A step of which nothing is said
        has normals of its own, and takes from the path its last Gaussian alone.
        """
        return None

    def observe(self, x: Tensor) -> tuple[Tensor, Any]:
        """Conditional mean and factor of what is observed of a state, a Gaussian given it as a step is: the state itself unless a subclass post-processes it.

        `orders` are those of its law. Laws and particles are those of the states: `laws.observed_law` makes the one of the other, and check_scheme
        judges what is observed.
        """
        return x, 0.0

    @property
    def observes(self) -> bool:
        """Whether what is observed is not the state itself."""
        return type(self).observe is not Scheme.observe

    @property
    def order(self) -> float | None:
        """p where the stationary law is the target up to step^p: that which is declared for its dynamics and its target, None where none is."""
        if isinstance(self.dynamics.target, Gaussian) and (found := self._declared(self.gaussian_orders)) is not None:
            return found
        return self._declared(self.orders)

    def _declared(self, orders: Mapping[type[Dynamics], float]) -> float | None:
        return next((order for kind, order in orders.items() if isinstance(self.dynamics, kind)), None)

    def rate(self, distance: str) -> float | None:
        """The exponent with which a distance of the stationary law from its target falls, None where no order is declared.

        Where the law is pi (1 + step^p phi + ...), total variation and W2 fall like step^p, and KL, chi2 and Renyi divergences, which are quadratic in
        phi, like step^(2p). Raises InvalidParameter for another distance.
        """
        factor = _FACTORS[choice("distance", distance, _FACTORS)]
        return None if self.order is None else factor * self.order

    @property
    def kinks(self) -> tuple[float, ...]:
        """For dynamics on the line: the places inside the support at which a step is not smooth though the force is."""
        return ()

    @property
    def structure(self) -> PoissonStructure | None:
        """What engines may exploit beyond `step`; None where a step is only what `step` says.

        A subclass that overrides `step` loses the structure of its parent unless it declares its own.
        """
        return None

    def with_step(self, step_size: float) -> Self:
        """The same scheme with another step size."""
        other = copy.copy(self)
        other.step_size = positive("step_size", step_size)
        return other

    def over(self, dynamics: Dynamics) -> Self:
        """The same scheme over other dynamics."""
        if not isinstance(dynamics, Dynamics):
            raise InvalidParameter("dynamics", dynamics, "one of pmmtheory.dynamics, e.g. Overdamped(target)")
        other = copy.copy(self)
        other.dynamics = dynamics
        return other

    @property
    def name(self) -> str:
        """The class and its parameters, for tables."""
        return type(self).__name__
