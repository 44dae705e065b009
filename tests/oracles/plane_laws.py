"""Laws in the phase plane that several tests share, each computed once."""

from __future__ import annotations

from functools import cache

from pmmtheory.dynamics import Underdamped
from pmmtheory.laws import PlaneLaw, stationary_law
from pmmtheory.schemes import Scheme
from tests.oracles.linear_schemes import scheme
from tests.oracles.lines import LINES

FRICTION = 1.3


def on_line(name: str, target: str, step_size: float, friction: float = FRICTION) -> Scheme:
    """A scheme of linear_schemes on one of LINES."""
    return scheme(name, Underdamped(LINES[target], friction), step_size)


@cache
def plane_law(name: str, target: str, step_size: float, rtol: float = 1e-4, friction: float = FRICTION) -> PlaneLaw:
    """Its stationary law. On "cosine" it takes a tenth of what it takes on "bimodal"."""
    law = stationary_law(on_line(name, target, step_size, friction), rtol=rtol, engine="phase_plane")
    assert isinstance(law, PlaneLaw)
    return law
