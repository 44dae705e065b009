"""What a scheme is: one step, a Gaussian given a few draws."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Literal, Self

from torch import Tensor

from pmmtheory.dynamics import Dynamics
from pmmtheory.errors import InvalidParameter, positive
from pmmtheory.schemes.draw import Draw
from pmmtheory.schemes.order import Order
from pmmtheory.schemes.structure import PoissonStructure


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
    orders : mapping of kinds of Dynamics to Order
        How fast its stationary law approaches the target over each of them; what is not known is missing.
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
    orders: Mapping[type[Dynamics], Order] = {}
    smooth: bool = True

    def __init__(self, dynamics: Dynamics, step_size: float):
        if not isinstance(dynamics, Dynamics):
            raise InvalidParameter("dynamics", dynamics, "one of pmmtheory.dynamics, e.g. Overdamped(target)")
        self.dynamics = dynamics
        self.step_size = positive("step_size", step_size)

    @abstractmethod
    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        """The conditional mean of the next state, and the factor of its last Gaussian, given x, the time t and the draws."""

    @property
    def order(self) -> float | None:
        """p where the stationary law is the target up to step^p on smooth targets: that of `orders` for its dynamics, None where none is declared."""
        return next((order.law for kind, order in self.orders.items() if isinstance(self.dynamics, kind)), None)

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
        other = copy.copy(self)
        other.dynamics = dynamics
        return other

    @property
    def name(self) -> str:
        """The class and its parameters, for tables."""
        return type(self).__name__
