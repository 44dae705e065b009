"""Noise predictors: what a diffusion model is trained to be, exact for a known target, or wrong by a known amount."""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, choice, positive, real
from pmmtheory.noise.schedule import NoiseSchedule
from pmmtheory.numerics.finite import all_finite
from pmmtheory.targets import Target
from pmmtheory.targets.target import generator

if TYPE_CHECKING:
    from pmmtheory.dynamics.network_predictor import NetworkPredictor

NoiseFunction = Callable[[Tensor, Any], Tensor]
"""eps(x, t), as a Predictor or any function of x and t: what a sampler needs."""


class Predictor(ABC):
    """eps(x, t), the noise in points x at a training time t: a tensor of the shape of x. Any function of (x, t) serves in its place.

    A sampler asks about whole batches x of shape (n, ...), and t is one Python float, from N at the noisiest down to the data at 0, whole or not.
    Only where points have random times of their own (`sample(..., independent=True)`, `simulate` and laws) it asks about some of the points, and t is a
    tensor that broadcasts against them, of shape (m, 1, ..., 1) for m points.

    Examples
    --------
    >>> class Half(Predictor):
    ...     def __call__(self, x, t):
    ...         return x / 2
    >>> Half()(torch.ones(2), 500.0)
    tensor([0.5000, 0.5000])
    """

    @abstractmethod
    def __call__(self, x: Tensor, t: Any) -> Tensor:
        """The noise in x at training time t."""

    @staticmethod
    def from_network(
        network: Callable[..., Any],
        schedule: NoiseSchedule,
        prediction_type: str = "epsilon",
        *,
        guidance: float | None = None,
        unconditional: Mapping[str, Any] | None = None,
        zero_based: bool = True,
        times: str = "batch",
        time_dtype: torch.dtype | None = None,
        **conditioning: Any,
    ) -> NetworkPredictor:
        """The predictor that a trained network makes: a torch module, or any function network(x, t, **conditioning); see NetworkPredictor.

        Examples
        --------
        >>> network = torch.nn.Bilinear(2, 1, 2)
        >>> eps = Predictor.from_network(lambda x, t: network(x, t[:, None] / 1000), NoiseSchedule.linear(), "v_prediction")
        >>> eps(torch.randn(5, 2), 750.0).shape
        torch.Size([5, 2])
        """
        from pmmtheory.dynamics.network_predictor import NetworkPredictor

        options = {"guidance": guidance, "unconditional": unconditional, "zero_based": zero_based, "times": times, "time_dtype": time_dtype}
        return NetworkPredictor(network, schedule, prediction_type, conditioning, **options)  # type: ignore[arg-type]


class ExactPredictor(Predictor):
    """eps(x, t) = -sigma(t) times the gradient of the log density of alpha(t) X + sigma(t) Z: the mean of Z given x.

    Parameters
    ----------
    target : Target
        A Gaussian or a mixture of Gaussians, whose noised laws have a closed form.
    schedule : NoiseSchedule

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> schedule = NoiseSchedule.linear()
    >>> eps = ExactPredictor(Gaussian(), schedule)
    >>> bool(eps(torch.tensor(2.0), 300.0) == 2 * schedule.sigma(300.0))
    True
    """

    def __init__(self, target: Target, schedule: NoiseSchedule):
        if not isinstance(target, Target):
            raise InvalidParameter("target", target, "a pmmtheory target")
        if not isinstance(schedule, NoiseSchedule):
            raise InvalidParameter("schedule", schedule, "a NoiseSchedule")
        target.noised(1.0)
        self.target, self.schedule = target, schedule
        self._known: dict[float, tuple[float, float]] = {}

    def __call__(self, x: Tensor, t: Any) -> Tensor:
        sigma, alpha = self._level(t)
        eps: Tensor = -sigma * self.target.noised_drift(x, alpha)
        return eps

    def _level(self, t: Any) -> tuple[Any, Any]:
        """sigma(t) and alpha(t); a sampler asks for the same few times again and again."""
        if isinstance(t, Tensor):
            return self.schedule.sigma(t), self.schedule.alpha(t)
        if t not in self._known:
            self._known[t] = self.schedule.sigma(t), self.schedule.alpha(t)
        return self._known[t]

    def on(self, target: Target) -> ExactPredictor:
        """The exact predictor of another target."""
        return ExactPredictor(target, self.schedule)


class PerturbedPredictor(Predictor):
    """A predictor with a smooth error that does not change from call to call.

    kind "wave":   eps + size sqrt(2) sin(frequency x + 2 pi t/N), of root mean square about `size` a coordinate;
    kind "shift":  eps + size;
    kind "scale":  (1 + size) eps.

    Parameters
    ----------
    predictor : ExactPredictor, or another with attributes `target`, `schedule` and `on`
    size : float
    kind : "wave", "shift" or "scale"
    frequency : float
        Of the wave, in x.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> exact = ExactPredictor(Gaussian(), NoiseSchedule.linear())
    >>> wrong = PerturbedPredictor(exact, 0.25, kind="shift")
    >>> x = torch.zeros(3)
    >>> wrong(x, 10.0) - exact(x, 10.0)
    tensor([0.2500, 0.2500, 0.2500])
    """

    def __init__(self, predictor: Any, size: float, kind: str = "wave", frequency: float = 3.0):
        if not callable(predictor) or not all(hasattr(predictor, name) for name in ("target", "schedule", "on")):
            raise InvalidParameter("predictor", predictor, "an ExactPredictor, or another with a target and a schedule")
        choice("kind", kind, ("wave", "shift", "scale"))
        self.predictor, self.size, self.kind, self.frequency = predictor, real("size", size), kind, positive("frequency", frequency)

    @property
    def target(self) -> Target:
        """The data."""
        return self.predictor.target  # type: ignore[no-any-return]

    @property
    def schedule(self) -> NoiseSchedule:
        """The schedule of its training times."""
        return self.predictor.schedule  # type: ignore[no-any-return]

    def __call__(self, x: Tensor, t: Any) -> Tensor:
        exact: Tensor = self.predictor(x, t)
        if self.kind == "scale":
            return (1 + self.size) * exact
        if self.kind == "shift":
            return exact + self.size
        return exact + self.size * math.sqrt(2) * torch.sin(self.frequency * x + 2 * math.pi / self.schedule.size * t)

    def on(self, target: Target) -> Self:
        """The same error on the predictor of another target."""
        other = copy.copy(self)
        other.predictor = self.predictor.on(target)
        return other


class NoisyPredictor(Predictor):
    """A predictor with independent normal noise of standard deviation `size` in every call: for particles, since its answers have no one law.

    Examples
    --------
    >>> noisy = NoisyPredictor(lambda x, t: x, size=0.5, seed=1)
    >>> x = torch.zeros(3)
    >>> bool((noisy(x, 1.0) == noisy(x, 1.0)).any())
    False
    """

    def __init__(self, predictor: NoiseFunction, size: float, seed: int = 0):
        self.predictor, self.size, self.seed = checked(predictor), positive("size", size), generator(seed).initial_seed()
        self._generator: torch.Generator | None = None

    def __call__(self, x: Tensor, t: Any) -> Tensor:
        if self._generator is None:
            self._generator = torch.Generator(device=x.device).manual_seed(self.seed)
        return self.predictor(x, t) + self.size * torch.randn(x.shape, generator=self._generator, dtype=x.dtype, device=x.device)


def checked(predictor: Any) -> NoiseFunction:
    """The predictor, raising InvalidParameter where it returns another shape than that of x, or NaN or infinity.

    Examples
    --------
    >>> checked(lambda x, t: x / 0)(torch.ones(2), 5.0)
    Traceback (most recent call last):
    ...
    pmmtheory.errors.InvalidParameter: predictor = 'NaN or infinite values' is not allowed: its noise must be finite, and is not at training time 5.
    """
    if not callable(predictor):
        raise InvalidParameter("predictor", predictor, "a function of (x, t) that returns the noise in x")

    def call(x: Tensor, t: Any) -> Tensor:
        eps = predictor(x, t)
        if not isinstance(eps, Tensor):
            raise InvalidParameter(
                "predictor", type(eps).__name__, "it must return a tensor of the shape of x; Predictor.from_network makes one of a network with other answers"
            )
        if eps.shape != x.shape:
            raise InvalidParameter("predictor", tuple(eps.shape), f"it must return a tensor of the shape of x, here {tuple(x.shape)}")
        if not all_finite(eps):
            when = f", and is not at training time {t:g}" if isinstance(t, (int, float)) else ""
            raise InvalidParameter("predictor", "NaN or infinite values", f"its noise must be finite{when}")
        return eps

    return call
