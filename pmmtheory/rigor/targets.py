"""Targets on the line as functions of balls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flint import arb, ctx

from pmmtheory.errors import InvalidParameter
from pmmtheory.rigor.ball_target import Argument, BallTarget, Pulled, tanh
from pmmtheory.rigor.balls import exact, require
from pmmtheory.targets import Cosine, DoubleWell, Gaussian, GaussianMixture, LogCosh


class Ripple(Pulled):
    """Cosine: F(z) = z^2/2 + a cos(w z + p), so g(z) = a w sin(w z + p)."""

    def __init__(self, target: Cosine):
        self.amplitude, self.frequency, self.phase = exact(target.amplitude), exact(target.frequency), exact(target.phase)
        self.variance = arb(1)

    def weight(self, z: Argument) -> Argument:
        return (-(z * z) / 2 - self.amplitude * (self.frequency * z + self.phase).cos()).exp()

    def slope(self, z: Argument) -> Argument:
        return z - self.amplitude * self.frequency * (self.frequency * z + self.phase).sin()

    def curvature(self, z: Argument) -> Argument:
        return 1 - self.amplitude * self.frequency**2 * (self.frequency * z + self.phase).cos()

    def curvature_bound(self) -> arb:
        return 1 + abs(self.amplitude) * self.frequency**2

    def wave_bound(self, height: arb) -> tuple[arb, arb]:
        """sin(x + ia) = sin x cosh a + i cos x sinh a."""
        size = abs(self.amplitude) * self.frequency
        return size * (self.frequency * height).cosh(), size * (self.frequency * height).sinh()


class Mixture(Pulled):
    """w_1 N(m_1, v) + w_2 N(m_2, v), normalised: with the middle c, half the distance d and l = log(w_2/w_1)/2,

    F'(z) = (z - c - d tanh(d (z - c)/v + l))/v.
    """

    def __init__(self, target: GaussianMixture):
        weights, means, variances = ([exact(x) for x in part.flatten().tolist()] for part in (target.weights, target.means, target.variances))
        if target.dim != 1 or len(weights) != 2 or target.variances[0] != target.variances[1]:
            raise InvalidParameter("target", target.name, "a mixture of two Gaussians on the line with one variance, for a proof")
        order = sorted(range(2), key=lambda k: float(target.means[k, 0]))
        self.weights, self.means = [weights[k] / (weights[0] + weights[1]) for k in order], [means[k] for k in order]
        self.variance, self.centre, self.half = variances[0], (means[0] + means[1]) / 2, (self.means[1] - self.means[0]) / 2
        self._tilt = (self.weights[1] / self.weights[0]).log() / 2

    def weight(self, z: Argument) -> Argument:
        root = (2 * arb.pi() * self.variance).sqrt()
        first, second = (w / root * (-((z - m) * (z - m)) / (2 * self.variance)).exp() for w, m in zip(self.weights, self.means, strict=True))
        return first + second

    def slope(self, z: Argument) -> Argument:
        return (z - self.centre - self.half * self._tanh(z)) / self.variance

    def curvature(self, z: Argument) -> Argument:
        t = self._tanh(z)
        return 1 / self.variance - (self.half / self.variance) ** 2 * (1 - t * t)

    def curvature_bound(self) -> arb:
        return (1 / self.variance).max((self.half / self.variance) ** 2 - 1 / self.variance)

    def wave_bound(self, height: arb) -> tuple[arb, arb]:
        """With x + iy in place of d (z - c)/v + l, tanh(x + iy) = (sinh 2x + i sin 2y)/(cosh 2x + cos 2y): for 0 <= y < pi/2 the imaginary part is largest
        at x = 0, where it is tan y; the real part is below 1 where cos 2y >= 0, else it is largest at cosh 2x = -1/cos 2y, where it is 1/sin 2y."""
        y, v = self.half * height / self.variance, self.variance
        require(bool(2 * y < arb.pi()), "a line is below the poles of the drift")
        real = arb(1) if (2 * y).cos() >= 0 else 1 / (2 * y).sin()
        return (abs(self.centre) + self.half * real) / v, self.half * y.tan() / v

    def _tanh(self, z: Argument) -> Argument:
        return tanh(self.half * (z - self.centre) / self.variance + self._tilt)


class Sech(BallTarget):
    """LogCosh: exp(-F(z)) = 1/cosh(z/s)."""

    def __init__(self, target: LogCosh):
        self.scale = exact(target.scale)

    def weight(self, z: Argument) -> Argument:
        return 2 / ((z / self.scale).exp() + (-z / self.scale).exp())

    def slope(self, z: Argument) -> Argument:
        return tanh(z / self.scale) / self.scale

    def curvature(self, z: Argument) -> Argument:
        t = tanh(z / self.scale)
        return (1 - t * t) / self.scale**2

    def steepness(self, edge: arb) -> arb:
        """tanh rises."""
        found: arb = tanh(edge / self.scale) / self.scale
        return found

    @property
    def reach(self) -> arb:
        return (self.scale * ctx.prec / 2).mid()

    def slope_bound(self) -> list[arb]:
        return [1 / self.scale]

    def curvature_bound(self) -> arb:
        return 1 / self.scale**2


class Quartic(BallTarget):
    """DoubleWell: F(z) = b (z^2/s^2 - 1)^2."""

    def __init__(self, target: DoubleWell):
        self.barrier, self.separation = exact(target.barrier), exact(target.separation)

    def weight(self, z: Argument) -> Argument:
        y = z * z / self.separation**2 - 1
        return (-self.barrier * y * y).exp()

    def slope(self, z: Argument) -> Argument:
        return 4 * self.barrier / self.separation**2 * z * (z * z / self.separation**2 - 1)

    def steepness(self, edge: arb) -> arb:
        """F' rises beyond the wells."""
        require(bool(edge > self.separation), "the edge is beyond the wells")
        return self.slope(edge)  # type: ignore[no-any-return]

    @property
    def reach(self) -> arb:
        return (self.separation * (1 + (ctx.prec / (2 * self.barrier)).sqrt()).sqrt()).mid()


class Normal(Pulled):
    """Gaussian on the line, without its normaliser; g = m/v."""

    def __init__(self, target: Gaussian):
        self.mean, self.variance = exact(target.mean), exact(target.covariance)

    def weight(self, z: Argument) -> Argument:
        return (-((z - self.mean) * (z - self.mean)) / (2 * self.variance)).exp()

    def slope(self, z: Argument) -> Argument:
        return (z - self.mean) / self.variance

    def curvature(self, z: Argument) -> Argument:
        return 1 / self.variance + 0 * z

    def curvature_bound(self) -> arb:
        return 1 / self.variance

    def wave_bound(self, height: arb) -> tuple[arb, arb]:
        return abs(self.mean) / self.variance, arb(0)


_KNOWN: dict[type, Callable[[Any], BallTarget]] = {Cosine: Ripple, GaussianMixture: Mixture, LogCosh: Sech, DoubleWell: Quartic, Gaussian: Normal}


def ball_target(target: Any) -> BallTarget:
    """The same target on balls: its parameters are the doubles that it holds.

    Raises
    ------
    InvalidParameter
        Where no proof knows it.
    """
    made = _KNOWN.get(type(target))
    if made is None or getattr(target, "dim", 1) != 1:
        raise InvalidParameter("target", getattr(target, "name", target), f"one of {', '.join(kind.__name__ for kind in _KNOWN)} on the line, for a proof")
    return made(target)
