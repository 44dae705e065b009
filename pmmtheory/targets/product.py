"""Independent coordinates, each with a target on the line of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.targets.line import LineTarget
from pmmtheory.targets.marginal import marginal
from pmmtheory.targets.plane import in_plane
from pmmtheory.targets.target import Constant, Target, as_points, draws, generator, unit_vector


class Product(Target):
    """pi(x) = pi_1(x_1) ... pi_d(x_d): F(x) = F_1(x_1) + ... + F_d(x_d).

    L is the largest of the factors', the log-Sobolev and Poincare constants are the smallest (tensorisation: Ledoux 1999).

    Parameters
    ----------
    factors : sequence of targets on the line
        One a coordinate; the same object may be given many times, and is then asked once for all its coordinates.

    Attributes
    ----------
    factors : tuple of targets
    distinct : tuple of (target, tensor of its coordinates)

    Raises
    ------
    InvalidParameter
        Naming `factors`, where there are none or one is not on the line.

    Examples
    --------
    >>> from pmmtheory.targets import Cosine, Gaussian
    >>> target = Product([Gaussian(), Cosine(), Cosine()])
    >>> x = torch.tensor([0.5, 0.1, -0.2], dtype=torch.float64)
    >>> bool(torch.isclose(target.potential(x), Gaussian().potential(x[0]) + Cosine().potential(x[1]) + Cosine().potential(x[2])))
    True
    """

    def __init__(self, factors: Sequence[LineTarget]):
        given = tuple(factors) if isinstance(factors, Sequence) else ()
        wrong = [factor for factor in given if not isinstance(factor, LineTarget) or factor.dim != 1]
        if not given or wrong:
            raise InvalidParameter("factors", factors if not given else getattr(wrong[0], "name", wrong[0]), "a list of one or more targets on the line")
        self.factors, self.dim = given, len(given)
        places: dict[int, list[int]] = {}
        for j, factor in enumerate(given):
            places.setdefault(id(factor), []).append(j)
        self.distinct = tuple((given[where[0]], torch.tensor(where)) for where in places.values())

    @cached_property
    def smoothness(self) -> Constant:  # type: ignore[override]
        """The largest of the factors'."""
        return max((factor.smoothness for factor, _ in self.distinct), key=float)

    @cached_property
    def lsi(self) -> Constant | None:  # type: ignore[override]
        """The smallest of the factors', None where one has none."""
        return _least([factor.lsi for factor, _ in self.distinct])

    @cached_property
    def poincare(self) -> Constant | None:  # type: ignore[override]
        """The smallest of the factors', None where one has none."""
        return _least([factor.poincare for factor, _ in self.distinct])

    @property
    def mean(self) -> Any:
        """E X: a tensor (d,), or a number when d is 1."""
        return self._constants(lambda factor: factor.mean)

    @property
    def variances(self) -> Tensor:
        """The variance of each coordinate, (d,); the covariance is diagonal."""
        return torch.as_tensor(self._constants(lambda factor: factor.covariance), dtype=torch.float64).reshape(-1)

    @property
    def covariance(self) -> Any:
        """The covariance, (d, d), or a number when d is 1."""
        return float(self.variances[0]) if self.dim == 1 else torch.diag(self.variances)

    def potential(self, x: Tensor) -> Tensor:
        return self._each(lambda factor, part: factor.potential(part), x).sum(-1)

    def log_density(self, x: Any) -> Tensor:
        return self._each(lambda factor, part: factor.log_density(part), as_points(x, self.dim)).sum(-1)

    def drift(self, x: Tensor) -> Tensor:
        return self._each(lambda factor, part: factor.drift(part), x).reshape(x.shape)

    def sample(self, n: int, seed: int = 0) -> Tensor:
        points = torch.empty((draws(n, self.dim), self.dim), dtype=torch.float64)
        seeds = torch.randint(2**62, (len(self.distinct),), generator=generator(seed)).tolist()
        for (factor, places), own in zip(self.distinct, seeds, strict=True):
            points[:, places] = factor.sample(n * len(places), own).reshape(n, len(places))
        return points[:, 0] if self.dim == 1 else points

    def noised(self, alpha: float) -> Product:
        return self._mapped(lambda factor: factor.noised(alpha))

    def noised_drift(self, x: Tensor, alpha: float | Tensor) -> Tensor:
        if isinstance(alpha, Tensor) and alpha.ndim and self.dim > 1:
            level: float | Tensor = alpha.expand(*alpha.shape[:-1], 1)
        else:
            level = alpha
        return self._each(lambda factor, part: factor.noised_drift(part, level), x).reshape(x.shape)

    def along(self, direction: Any) -> Target:
        """The law of one coordinate; of other directions there is one by quadrature in the plane, for two smooth factors."""
        unit = unit_vector(direction, self.dim)
        j = int(unit.abs().argmax())
        if float(unit[j]) != 1.0 and self.dim == 2:
            return marginal(self.potential, in_plane(self), unit, self.name)
        if float(unit[j]) != 1.0:
            raise InvalidParameter("direction", tuple(unit.tolist()), "a coordinate axis, for a marginal of a product")
        return self.factors[j]

    @property
    def name(self) -> str:
        counts = Counter({factor.name: 0 for factor, _ in self.distinct})
        for factor, places in self.distinct:
            counts[factor.name] += len(places)
        return f"Product({', '.join(f'{name} ^{n}' if n > 1 else name for name, n in counts.items())})"

    def _mapped(self, change: Callable[[LineTarget], Target]) -> Product:
        """The product of other factors, which coincide where these do."""
        changed: list[Any] = [None] * self.dim
        for factor, places in self.distinct:
            other = change(factor)
            for j in places.tolist():
                changed[j] = other
        return Product(changed)

    def _each(self, value: Callable[[LineTarget, Tensor], Tensor], x: Tensor) -> Tensor:
        """A value of every coordinate, (..., d)."""
        points = x[..., None] if self.dim == 1 else x
        if len(self.distinct) == 1:
            return value(self.factors[0], points)
        result = torch.empty_like(points)
        parts = [(places.to(points.device), value(factor, points[..., places.to(points.device)])) for factor, places in self.distinct]
        for places, part in parts:
            result = result.index_copy(-1, places, part)
        return result

    def _constants(self, value: Callable[[LineTarget], float]) -> Any:
        found = torch.empty(self.dim, dtype=torch.float64)
        for factor, places in self.distinct:
            found[places] = value(factor)
        return float(found[0]) if self.dim == 1 else found


def _least(constants: list[Constant | None]) -> Constant | None:
    known = [constant for constant in constants if constant is not None]
    return min(known, key=float) if len(known) == len(constants) else None
