"""Negative controls of the hunt: where what mends a fault is taken back, a few cases of the relation that guards it find the fault again."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.divergences import closed_forms, kl, line_integrals, transport, tv
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.harness.hunt import pairs
from pmmtheory.harness.hunt.case import HELD, VIOLATION, numbers_of, relations, run_case
from pmmtheory.harness.hunt.relations import leading_limits
from pmmtheory.laws import LineLaw
from pmmtheory.laws.gaussian import engine
from pmmtheory.laws.line import grids
from pmmtheory.laws.line import law as line_law
from pmmtheory.laws.line import operators as line_operators
from pmmtheory.laws.step import bends, draw_rules
from pmmtheory.numerics import elimination
from pmmtheory.numerics.panels import Integrals, _on_panels
from pmmtheory.schemes import PoissonMidpoint, Uniform, structure
from pmmtheory.targets.line import LineTarget
from pmmtheory.theory import leading_term

Patch = pytest.MonkeyPatch


def by_one_solve(patch: Patch) -> None:
    """Far modes: the invariant law of LMC by a linear solve, whose rounding slow mixing magnifies."""

    def invariant(matrix: Tensor) -> Tensor:
        rows = matrix / matrix.sum(1, keepdim=True)
        system = rows.T - torch.eye(len(rows), dtype=rows.dtype)
        peak = len(rows) // 2
        system[peak] = 1.0
        right = torch.zeros(len(rows), dtype=rows.dtype)
        right[peak] = 1.0
        found: Tensor = torch.linalg.solve(system, right).clamp_min(1e-300)
        return found

    patch.setattr(elimination, "invariant", invariant)


def by_one_rule(patch: Patch) -> None:
    """A step that jumps in a draw: one rule across the jump, the same at both resolutions."""
    patch.setattr(draw_rules, "jumps", lambda scheme, name, t=0.0: ())
    patch.setattr(Uniform, "rule", lambda self, level: _uniform(self, 0))


_uniform = Uniform.rule


def by_smooth_steps(patch: Patch) -> None:
    """A step that is not smooth in its state or its draws: a uniform grid and one rule across what it does not declare."""
    by_one_rule(patch)
    _without_bends(patch)


def _without_bends(patch: Patch) -> None:
    def smooth(scheme: Any, low: float, high: float) -> bends.Bends:
        x = torch.linspace(low, high, 3, dtype=torch.float64)
        return bends.Bends((), False, x, torch.ones_like(x))

    patch.setattr(grids, "bends", smooth)
    patch.setattr(line_operators, "bends", smooth)
    patch.setattr(grids, "_followed", lambda *arguments: lambda edges: torch.ones(len(edges) - 1, dtype=torch.bool))
    patch.setattr(grids, "_sharp", lambda *arguments: (torch.zeros(0, dtype=torch.float64),) * 2)


def by_the_trace(patch: Patch) -> None:
    """W2 of Gaussians by the trace formula, said to be good to 1e-14 of it."""

    def w2(p: Any, q: Any) -> Estimate:
        a, b = (torch.as_tensor(g.covariance, dtype=torch.float64).reshape(g.dim, g.dim) for g in (p, q))
        values, vectors = torch.linalg.eigh(a)
        root = vectors * torch.sqrt(values.clamp_min(0)) @ vectors.T
        cross = torch.sqrt(torch.linalg.eigvalsh(root @ b @ root).clamp_min(0)).sum()
        shift = torch.as_tensor(p.mean, dtype=torch.float64).reshape(-1) - torch.as_tensor(q.mean, dtype=torch.float64).reshape(-1)
        value = math.sqrt(max(float(shift @ shift + torch.trace(a) + torch.trace(b) - 2 * cross), 0.0))
        return Estimate.of(value, "closed form", rounding=1e-14 * value)

    patch.setattr(closed_forms, "w2_gaussian", w2)


def by_inverses(patch: Patch) -> None:
    """Powers of Gaussian densities from the inverses of their covariances, said to be good to 1e-14 of them."""

    def log_power(p: Any, q: Any, order: float) -> Estimate:
        a, b = (torch.as_tensor(g.covariance, dtype=torch.float64).reshape(g.dim, g.dim) for g in (p, q))
        m, n = (torch.as_tensor(g.mean, dtype=torch.float64).reshape(-1) for g in (p, q))
        joint = order * torch.linalg.inv(a) + (1 - order) * torch.linalg.inv(b)
        if not float(torch.linalg.eigvalsh(joint).min()) > 0:
            raise InvalidParameter("law", p.name, "laws whose renyi is finite")
        middle = torch.linalg.inv((1 - order) * a + order * b)
        logs = order * torch.logdet(a) + (1 - order) * torch.logdet(b) + torch.logdet(joint)
        value = -float(order * (1 - order) * (m - n) @ middle @ (m - n) + logs) / 2
        return Estimate.of(value, "closed form", rounding=1e-14 * abs(value))

    patch.setattr(closed_forms, "log_power_gaussian", log_power)


def by_what_is_on_the_grid(patch: Patch) -> None:
    """High moments: nothing beyond the grid."""
    patch.setattr(LineLaw, "beyond", lambda self, k: 0.0)


def by_the_force_of_the_class(patch: Patch) -> None:
    """A subclass that scales the force at a midpoint: engines that exploit the structure of a step take that of the class above."""
    patch.setattr(structure.PoissonStructure, "midpoint_force", lambda self, x, t, delay: PoissonMidpoint.midpoint_force(self.owner, x, t, delay))


def by_smooth_forces(patch: Patch) -> None:
    """A kink in the force: no panel ends there, and steps are not searched for one."""
    patch.setattr(LineTarget, "kinks", property(lambda self: ()))
    _without_bends(patch)


def by_densities_lost_to_underflow(patch: Patch) -> None:
    """Laws far apart: a density that underflows is taken for what is left of it, and nothing lies beyond the grid."""
    patch.setattr(line_law, "_SMALLEST", 0.0)
    patch.setattr(line_integrals, "_beyond", lambda *arguments: 0.0)


def by_fixed_panels(patch: Patch) -> None:
    """W2: no panel is halved where the monotone map bends or jumps, and the square of the last coefficients is said to be the error."""

    def integrals(f: Callable[[Tensor], Tensor], edges: Tensor, *options: Any, **named: Any) -> Integrals:
        found = _on_panels(f, edges[:-1], edges[1:])
        return Integrals(found.values.sum(1), float(1e-3 * found.error.sum()), edges)

    patch.setattr(transport, "integrals", integrals)


def by_one_axis_for_all(patch: Patch) -> None:
    """Uneven steps in space: one axis stands for all that have one variance."""
    patch.setattr(engine, "merges", lambda scheme, target: True)


def by_a_slip_in_a_constant(patch: Patch) -> None:
    """Derived constants: TV half a percent off."""

    def off(scheme: Any, target: Any, **options: Any) -> SimpleNamespace:
        term = leading_term(scheme, target, **options)
        return SimpleNamespace(order=term.order, kl=term.kl, tv=1.005 * Estimate(term.tv.value, term.tv.error, "off"), w2=term.w2)

    patch.setattr(leading_limits, "leading_term", off)


def by_a_third_of_the_divergence(patch: Patch) -> None:
    """Divergences of one pair: KL without two thirds of itself, less than the Hellinger distance leaves for it."""

    def third(law: Any, other: Any) -> Estimate:
        whole = kl(law, other)
        return Estimate(whole.value / 3, whole.error / 3, "a third")

    patch.setitem(pairs.DISTANCES, "kl", third)


def by_positions_of_other_laws(patch: Patch) -> None:
    """Joint laws and their marginals: TV of the positions is twice what it is."""

    def doubled(law: Any, other: Any) -> Estimate:
        found, times = tv(law, other), 2 if isinstance(law, LineLaw) else 1
        return Estimate(times * found.value, found.error, "doubled")

    patch.setitem(pairs.DISTANCES, "tv", doubled)


CASES = 6

TAKEN_BACK = {
    "far modes": ("lmc_oracle", by_one_solve, 1),
    "jumps in a draw": ("custom_steps", by_one_rule, 5),
    "steps of users": ("user_steps", by_smooth_steps, 3),
    "closed forms": ("closed_forms", by_the_trace, 5),
    "powers": ("powers", by_inverses, 1),
    "tails": ("gaussian_moments", by_what_is_on_the_grid, 10),
    "hooks": ("hooks", by_the_force_of_the_class, 15),
    "kinks": ("lmc_oracle", by_smooth_forces, 32),
    "underflow": ("gaussian_laws", by_densities_lost_to_underflow, 23),
    "bends of the map": ("sampler_transport", by_fixed_panels, 6),
    "uneven axes": ("axis_hooks", by_one_axis_for_all, 6),
    "constants": ("leading_limits", by_a_slip_in_a_constant, 3),
    "bounds": ("inequalities", by_a_third_of_the_divergence, 1),
    "marginals": ("inequalities", by_positions_of_other_laws, 2),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", TAKEN_BACK)
def test_the_fault_is_found_again(fault: str, monkeypatch: Patch) -> None:
    relation, take_back, seed = TAKEN_BACK[fault]

    def kind(number: int) -> str:
        return run_case(relations()[relation], numbers_of(seed, relation, number)).kind

    def found(number: int) -> bool:
        right = kind(number)
        assert right != VIOLATION
        with monkeypatch.context() as patch:
            take_back(patch)
            return right == HELD and kind(number) == VIOLATION

    assert any(map(found, range(CASES)))
