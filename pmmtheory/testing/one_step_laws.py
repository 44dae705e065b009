"""Laws of the law of one step: its mass, and the limit of small steps."""

from __future__ import annotations

import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics
from pmmtheory.laws.line.grids import law_mesh
from pmmtheory.laws.step.characteristic import characteristic, one_step_moments
from pmmtheory.laws.step.kernel import noise_scale, transition_matrix
from pmmtheory.schemes import Scheme
from pmmtheory.targets.line import on_the_line
from pmmtheory.testing.folded import folded
from pmmtheory.testing.jumping_laws import small_steps_by_particles
from pmmtheory.testing.nodes import mixture, nodes
from pmmtheory.testing.subject import LINE, STARTS, STEP, Skipped, Subject, Unclaimed, require, rounding, states

_SIGMAS = 5.0
_MARGIN = 10.0
"""How many times the change under refinement a value may be off."""

_HALVINGS = 5


def mass(subject: Subject) -> None:
    """E exp(i 0 X') = 1 from every start, and every row of the transition matrix sums to 1; on block states the former only."""
    scheme = subject.on_line()
    one = torch.ones_like(STARTS)
    words = "the characteristic function of a step at frequency 0 is"
    if scheme.dynamics.blocks > 1 or subject.jumping:
        require(_total(scheme), one[0], rounding(one), words)
        return
    zero = characteristic(scheme, STARTS, 0.0, 1 / noise_scale(scheme, 0.0), 2, 2)[:, 0]
    require(torch.abs(zero), one, rounding(one), words)
    coarse, fine = (_row_sums(scheme, level) for level in (1, 2))
    allowed = _MARGIN * float(torch.abs(fine - coarse).max()) + rounding(one)
    require(fine, one, allowed, "the integral of the density of a step is")


def small_steps(subject: Subject) -> str | None:
    """As a -> 0: E(X' - x)/a -> N x + f b(x), Cov(X')/a -> D, and third moments E(X' - x)^3/a -> 0.

    Overdamped N = 0, f = 1 and D = 2. The limits are extrapolated from steps a, a/2, ..., and may be off by a multiple
    of the last change.
    """
    system = subject.dynamics(LINE)
    if subject.jumping:
        return small_steps_by_particles(subject)
    if 1 in subject.dims and system.blocks > 1:
        _small_steps_of_blocks(subject, system)
        return None
    rates = torch.stack([_generator(folded(subject.on_line(LINE, STEP / 2**k))) for k in range(_HALVINGS)])
    limit, change = _extrapolate(rates)
    smallest = STEP / 2 ** (_HALVINGS - 1)
    allowed = _MARGIN * change.amax(1) + rounding(STARTS) / smallest
    drift = system.drift(STARTS, 0.0)
    noise = float(system.noise(smallest)) ** 2 / smallest
    require(drift + limit[0], drift, allowed[0], "as the step -> 0 the mean of X' - x over the step tends to")
    require(noise + limit[1], torch.full_like(drift, noise), allowed[1], "as the step -> 0 the variance of X' over the step tends to")
    require(limit[2], torch.zeros_like(drift), allowed[2], "as the step -> 0 the third cumulant of X' over the step tends to")
    return None


def _total(scheme: Scheme) -> Tensor:
    """The product of the total weights of the draws' own rules."""
    if any(draw.layered for draw in scheme.draws.values()):
        raise Skipped("midpoints have no rule of their own")
    try:
        totals = [float(draw.rule(2)[1].sum()) for draw in scheme.draws.values()]
    except NotImplementedError as error:
        raise Unclaimed("a draw has no rule of its own") from error
    return torch.tensor([1.0, *totals], dtype=torch.float64).prod()


def _row_sums(scheme: Scheme, level: int) -> Tensor:
    mesh = law_mesh(scheme, on_the_line(scheme.dynamics.target), level, (-8.0, 8.0), "cpu")
    return transition_matrix(scheme, mesh.points, 0.0, level, STARTS, weights=mesh.weights).sum(1)


def _small_steps_of_blocks(subject: Subject, system: Dynamics) -> None:
    """By quadrature over the draws; a sample of sets of midpoints adds its standard error."""
    scheme = subject.on_line()
    at, x = nodes(scheme, 1), states(scheme)
    steps = [STEP / 2**k for k in range(_HALVINGS)]
    rates = zip(*(_increments(subject.on_line(LINE, a), x) for a in steps), strict=True)
    linear, forcing, diffusion = (torch.tensor(part, dtype=x.dtype) for part in (system.linear, system.forcing, system.diffusion))
    flow = x @ linear.T + system.drift(x, 0.0)[:, None] * forcing[:, 0]
    words = ("the mean of X' - x", "the mean of an entry of (X' - x)(X' - x)'", "the mean of a third power of an entry of X' - x")
    for what, wanted, values in zip(words, (flow, diffusion, torch.zeros_like(flow)), rates, strict=True):
        limit, change = _extrapolate(torch.stack(values))
        value, error = at.mean(limit)
        allowed = _MARGIN * at.mean(change)[0].amax(0) + _SIGMAS * error + rounding(x) / steps[-1]
        require(value, wanted.expand(value.shape), allowed, f"as the step -> 0 {what} over the step tends to")


def _increments(scheme: Scheme, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """E(X' - x)/a, E(X' - x)(X' - x)'/a and E(X' - x)_i^3/a given the midpoints, from every start x."""
    at = nodes(scheme, 1)
    mean, covariance = mixture(scheme, x, at)
    shift = mean - x[:, None]
    square = shift[..., :, None] * shift[..., None, :] + covariance
    cube = shift**3 + 3 * shift * covariance.diagonal(dim1=-2, dim2=-1)
    first, second, third = (at.conditional(value) / scheme.step_size for value in (shift, square, cube))
    return first, second, third


def _generator(scheme: Scheme) -> Tensor:
    """E(X' - c)/a, (Var X' - Gamma_a^2)/a and kappa_3(X')/a from every start, with c = A_a x + G_a b(x): shape (3, n)."""
    a = scheme.step_size
    shift, square = one_step_moments(scheme, STARTS, 0.0)
    noise = float(scheme.dynamics.noise(a))
    return torch.stack([shift, square - shift**2 - noise**2, _third_cumulant(scheme)]) / a


def _third_cumulant(scheme: Scheme) -> Tensor:
    """kappa_3 from Im log E exp(i xi (X' - c)) = kappa_1 xi - kappa_3 xi^3/6 + kappa_5 xi^5/120 - ... at four frequencies.

    They do not follow the noise, so that rare jumps of the size of the target are seen.
    """
    spacing = 0.25
    xi = spacing * torch.arange(1, 5, dtype=torch.float64)
    phi = characteristic(scheme, STARTS, 0.0, spacing, 5, 1)[:, 1:]
    slopes = torch.angle(phi) / xi
    design = torch.stack([(xi / xi[-1]) ** (2 * j) for j in range(4)], 1)
    coefficients: Tensor = torch.linalg.solve(design, slopes.T)
    return -6 * coefficients[1] / xi[-1] ** 2


def _extrapolate(values: Tensor) -> tuple[Tensor, Tensor]:
    """The limit of values at a, a/2, a/4, ... by Richardson's extrapolation, and the larger of its last two changes."""
    table, best = list(values), [values[-1]]
    for power in range(1, len(values)):
        table = [(2**power * fine - coarse) / (2**power - 1) for coarse, fine in zip(table, table[1:], strict=False)]
        best.append(table[-1])
    return best[-1], torch.maximum(torch.abs(best[-1] - best[-2]), torch.abs(best[-2] - best[-3]))
