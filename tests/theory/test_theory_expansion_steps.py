"""Which steps have series in the force: what is refused and why, and the table of derived orders."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes import BAOAB, EulerMaruyama, Normal, Scheme
from pmmtheory.targets import Gaussian
from pmmtheory.theory import derived_order, derived_orders
from pmmtheory.theory.expansion import expand
from pmmtheory.theory.orders import latex, markdown


def scheme(step: Callable[..., Any], **draws: Any) -> type[Scheme]:
    """A scheme with this step."""
    return type("Own", (Scheme,), {"drift_calls": 1.0, "draws": draws, "step": step})


def plain(own: Scheme, x: Tensor, t: Any, draws: Any) -> Any:
    return x + own.step_size * own.dynamics.drift(x, t), math.sqrt(2 * own.step_size)


def changed(force: Callable[[Tensor], Tensor]) -> type[Scheme]:
    """LMC with another force."""

    def step(own: Scheme, x: Tensor, t: Any, draws: Any) -> Any:
        return x + own.step_size * force(own.dynamics.drift(x, t)), math.sqrt(2 * own.step_size)

    return scheme(step)


def pulled(own: Scheme, x: Tensor, t: Any, draws: Any) -> Any:
    mean, factor = plain(own, x, t, draws)
    return mean - own.step_size**2 * x, factor


def clipped(own: Scheme, x: Tensor, t: Any, draws: Any) -> Any:
    mean, factor = plain(own, x, t, draws)
    return mean + factor * draws["z"].clamp(-2, 2), 0.0


def in_place(own: Scheme, x: Tensor, t: Any, draws: Any) -> Any:
    force = own.dynamics.drift(x, t)
    moved = x.clone()
    moved += own.step_size * force
    moved.mul_(1.0)
    return torch.where(x < 1e9, moved, 0.0), torch.sqrt(torch.tensor(2 * own.step_size))  # single precision


class TestRefused:
    @pytest.mark.parametrize(
        ("own", "reason"),
        [
            (changed(lambda b: b.clamp(-1, 1)), "calls clamp"),
            (changed(lambda b: b / (1 + b.abs())), "differs by"),
            (changed(lambda b: b * float(b[0])), "calls __float__"),
            (changed(lambda b: torch.where(b + b**2 > 0, b, 0.0)), "sign of what may be zero"),
            (changed(lambda b: torch.sqrt(b)), "not smooth"),
            (changed(lambda b: 1 / b), "divides by a force|differs by"),
            (scheme(pulled), "differs by"),
            (scheme(clipped, z=Normal()), "rules for its draws differ"),
            (scheme(lambda own, x, t, draws: (own.dynamics.target.potential(x), 1.0)), "more of the target than its force"),
            (scheme(lambda own, x, t, draws: None), "TypeError"),
        ],
    )
    def test_in_one_sentence(self, own: type[Scheme], reason: str) -> None:
        with pytest.raises(InvalidParameter, match=rf"scheme = 'Own' is not allowed: .*({reason})"):
            expand(own)

    def test_underdamped_schemes(self) -> None:
        with pytest.raises(InvalidParameter, match="Underdamped"):
            derived_order(BAOAB)


def test_steps_in_place_and_in_single_precision_are_taken() -> None:
    assert expand(scheme(in_place)).flux == expand(EulerMaruyama).flux


class TestTheTable:
    @pytest.mark.slow
    def test_it_agrees_with_what_schemes_declare(self) -> None:
        known = derived_orders()
        assert {row.scheme for row in known} == {
            *("EulerMaruyama", "Ozaki", "PoissonMidpoint", "RandomizedMidpoint", "TamedEuler"),
            *("SGLD", "StochasticGradientRandomizedMidpoint"),
        }
        from pmmtheory import schemes

        for row in known:
            if row.substeps not in ("K", "c/step"):
                options = {"midpoints": row.midpoints} if row.midpoints else {}
                made = getattr(schemes, row.scheme)
                assert made(Overdamped(Gaussian()), 0.1, **options).order in (row.gaussian_order, None)
                assert dict(made(Overdamped(Gaussian()), 0.1, **options).orders)[Overdamped] == row.order

    def test_in_words_and_for_latex(self) -> None:
        rows = derived_orders([EulerMaruyama])
        assert markdown(rows, ["1.000"]).splitlines()[-1] == "| EulerMaruyama |  |  | 1 | 1 | 1 | `1/4 F'^2 - 1/2 F''` | 1.000 |"
        assert r"EulerMaruyama &  &  & $1$ & $1$ & $1$ & $\tfrac{1}{4}\,{F'}^{2} - \tfrac{1}{2}\,F''$ \\" in latex(rows)
