"""How finely a law is computed whose steps depend on time, and the grids that move and narrow with it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws.inhomogeneous.pushforward import IncreasingMap
from pmmtheory.laws.line.loss import NOTHING, Loss
from pmmtheory.laws.scales import roughness
from pmmtheory.laws.step.characteristic import centre
from pmmtheory.laws.step.slopes import slopes
from pmmtheory.schemes import Scheme
from pmmtheory.targets.line import LineTarget, on_the_line

MOST = 40_000
"""Points of a grid beyond which a law is out of reach."""

SMALL = 1000
"""Points of a grid up to which several steps are made on it: choosing one anew takes as long as steps on so many."""


@dataclass(frozen=True)
class Masses:
    """Masses on points: a uniform grid, or one point; and what was left out on the way.

    band : how fast the law was expected to vary when its grid was made.
    ahead : for how many steps more the grid was made.
    """

    points: Tensor
    masses: Tensor
    loss: Loss = NOTHING
    band: float = math.inf
    ahead: int = 0

    @property
    def mean(self) -> float:
        """The mean."""
        return float(self.masses @ self.points / self.masses.sum())

    @property
    def outer(self) -> Tensor:
        """Two points as far from the mean as what was left out may be."""
        return self.mean + self.points.new_tensor([-self.loss.reach, self.loss.reach])


_SEEN, _FINER = 801, 8
"""Points at which the centre of a step is seen, and how many times as many where it turns sharply."""

_FAINT = 100.0
"""How many times the mass a step may leave out a wave of its centre is, in units of its noise, that does not matter: faster ones fall on."""

_SLACK = 0.02
"""How much longer, on each side, a grid is that serves several steps."""

Scale = Callable[["Resolution", float, float, float], float]


@dataclass(frozen=True)
class Resolution:
    """A scheme, and how finely its law is computed: the level refines the grids, the tolerance is the mass a step may leave out.

    All levels have in common the maps that runs of steps without noise are, by their times; and the scales of the law and of the kernel,
    with the range in which they were seen.
    """

    scheme: Scheme
    level: int
    tolerance: float
    device: str
    runs: dict[tuple[float, ...], IncreasingMap] = field(default_factory=dict)
    scales: dict[tuple[Scale, float], tuple[float, float, float]] = field(default_factory=dict)

    @property
    def rtol(self) -> float:
        """The accuracy asked for."""
        return 1e3 * self.tolerance

    @property
    def balanced(self) -> bool:
        """Whether second moments are compared before and after a step: midpoints throw single points far, and the lowest level is never shown.

        Without midpoints there is no need: the noise is seen to its depth.
        """
        return bool(self.scheme.draws) and self.level > 0

    @property
    def depth(self) -> float:
        """How many standard deviations of the kernel matter."""
        return max(3.0, math.sqrt(2 * math.log1p(1 / self.tolerance)))

    def depths(self, share: Tensor) -> Tensor:
        """How many matter from points that hold this share of the mass."""
        return torch.sqrt(2 * torch.log1p(share / self.tolerance)).clamp_min(3.0)

    def target(self, t: float) -> LineTarget:
        """The law of the process itself at time t."""
        return on_the_line(self.scheme.dynamics.law_at(t))

    def noise(self, t: float) -> float:
        """The standard deviation of the noise of the step at time t."""
        return float(self.scheme.dynamics.noise(self.scheme.step_size, t))

    def scale(self, of: Scale, low: float, high: float, t: float) -> float:
        """How fast the law at time t varies between two points, or the kernel of the step from there; seen anew where they are beyond those of before."""
        first, last, found = self.scales.get((of, t), (math.inf, -math.inf, 0.0))
        if not first <= low < high <= last:
            more = 0.05 * (high - low)
            first, last = low - more, high + more
            found = of(self, first, last, t)
            self.scales[of, t] = first, last, found
        return found

    def spacing(self, own: float, kernel: float) -> float:
        """One at which the trapezoid rule sees the product of a law and a kernel of these bands, in units of a Gaussian's depth."""
        return 2 * math.pi / (self.depth * math.hypot(own, kernel)) / (1.3 * 1.15**self.level)

    def grid(self, low: float, high: float, own: float, kernel: float) -> Tensor:
        """A uniform grid of such a spacing."""
        n = max(24 + 3 * self.level, math.ceil((high - low) / self.spacing(own, kernel)) + 1)
        if n > MOST:
            raise NotConverged(f"a law on a grid of {n} points", math.nan, self.rtol)
        return torch.linspace(low, high, n, dtype=torch.float64, device=self.device)


@dataclass(frozen=True)
class Move:
    """One step.

    Attributes
    ----------
    t : float
        Its time.
    shown : bool
        Whether its law is shown.
    ahead : int
        For how many steps more the grid of its law shall serve, where that is no dearer.
    finer : float
        By how much its grid is finer than was thought to do.
    """

    t: float
    shown: bool
    ahead: int = 0
    finer: float = 1.0


def next_grid(chain: Resolution, low: float, high: float, move: Move) -> tuple[Tensor, float, int]:
    """The grid for the law after a step, how fast the law is expected to vary, and for how many steps more the grid is: the law varies like
    that of the process, if the noise of the step is not wider."""
    size, after = chain.scheme.step_size, move.t + chain.scheme.step_size
    if move.shown:
        band, rough = _law_band(chain, low, high, after, move.finer)
        return chain.grid(low, high, max(band, 5 * rough), 0.0), band, 0
    bands = _bands(chain, low, high, after, move.finer)
    ahead = move.ahead
    while ahead:
        both = [max(pair) for pair in zip(bands, _bands(chain, low, high, after + ahead * size, move.finer), strict=True)]
        if (high - low) / chain.spacing(*both) < SMALL:
            more = _SLACK * (high - low)
            return chain.grid(low - more, high + more, *both), both[0], ahead
        ahead //= 2
    return chain.grid(low, high, *bands), bands[0], 0


def _bands(chain: Resolution, low: float, high: float, t: float, finer: float) -> tuple[float, float]:
    """How fast the law at time t, and the kernel of the step from there, are expected to vary."""
    return _law_band(chain, low, high, t, finer)[0], chain.scale(kernel_band, low, high, t)


def _law_band(chain: Resolution, low: float, high: float, t: float, finer: float) -> tuple[float, float]:
    """How fast the law at time t is expected to vary, and how fast that of the process does."""
    rough, noise = finer * chain.scale(law_band, low, high, t), chain.noise(t - chain.scheme.step_size)
    return min(1.3 * rough, finer / noise) if noise > 0 else 1.3 * rough, rough


def law_band(chain: Resolution, low: float, high: float, t: float) -> float:
    """How fast the law of the process itself at time t varies."""
    return roughness(chain.target(t), low, high)


def kernel_band(chain: Resolution, low: float, high: float, t: float) -> float:
    """How fast the kernel of the step at time t varies with its start x: |c'|/noise, c(x) being its centre, and faster where midpoints add to it."""
    x = torch.linspace(low, high, _SEEN, dtype=torch.float64)
    middle = centre(chain.scheme, x, t)
    slope = (torch.diff(middle) / (x[1] - x[0])).abs()
    if chain.scheme.draws:
        narrows, widens = slopes(chain.scheme, x[1:], t)
        slope = slope * (1 + 0.5 * widens) * (1 + narrows.clamp_max(1.0))
    if not chain.noise(t) > 0:
        raise InvalidParameter("scheme", chain.scheme.name, "one whose steps with draws have all of the noise of their dynamics, or none")
    return max(float(slope.max()) / chain.noise(t), _own_band(chain, x, middle, t))


def _own_band(chain: Resolution, x: Tensor, middle: Tensor, t: float) -> float:
    """How fast the centre c(x) of a step varies itself, where it turns sharply: waves of c/noise, under a Gaussian.

    Where c is not smooth on some hundreds of points its waves are seen on more of them, and as fast as these can tell.
    """
    for finer in (1, _FINER):
        if finer > 1:
            x = torch.linspace(float(x[0]), float(x[-1]), finer * _SEEN, dtype=torch.float64)
            middle = centre(chain.scheme, x, t)
        window = torch.exp(-((8.0 * torch.linspace(-1, 1, len(x), dtype=torch.float64)) ** 2) / 2)
        straight = middle[0] + (middle[-1] - middle[0]) * torch.linspace(0, 1, len(x), dtype=torch.float64)
        waves = torch.fft.rfft((middle - straight) * window).abs() / (window.sum() * chain.noise(t))
        fast = torch.nonzero(waves > _FAINT * chain.tolerance).flatten()
        fastest = int(fast[-1]) if len(fast) else 0
        if fastest < 0.7 * len(waves):
            break
    return 2 * math.pi * fastest / float(x[-1] - x[0]) / chain.depth
