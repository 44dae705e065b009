"""The stationary covariance of splittings and of ULMC on a Gaussian on the line, on balls: the three linear equations of S = M S M' + Q."""

from __future__ import annotations

from collections.abc import Sequence

from flint import arb, arb_mat

Flow = tuple[arb_mat, arb_mat]
"""The matrix M and the covariance Q of X' = M X + noise."""


def kick(c: arb, curvature: arb) -> Flow:
    """V -= c curvature U."""
    return arb_mat([[1, 0], [-c * curvature, 1]]), arb_mat(2, 2)


def move(c: arb) -> Flow:
    """U += c V."""
    return arb_mat([[1, c], [0, 1]]), arb_mat(2, 2)


def friction(c: arb, rate: arb) -> Flow:
    """V = e V + sqrt(1 - e^2) Z, e = exp(-rate c)."""
    e = (-rate * c).exp()
    return arb_mat([[1, 0], [0, e]]), arb_mat([[0, 0], [0, 1 - e * e]])


def free(c: arb, rate: arb) -> Flow:
    """The exact flow without force: what dV = -g V dt + sqrt(2 g) dB and dU = V dt do in a time c."""
    g, e = rate, (-rate * c).exp()
    uu = 2 / g * (c - 2 / g * (1 - e) + (1 - e * e) / (2 * g))
    return arb_mat([[1, (1 - e) / g], [0, e]]), arb_mat([[uu, (1 - e) ** 2 / g], [(1 - e) ** 2 / g, 1 - e * e]])


def frozen(c: arb, rate: arb, curvature: arb) -> Flow:
    """ULMC: the exact flow under a force that stays what it was at the start."""
    (matrix, noise), e = free(c, rate), (-rate * c).exp()
    push = arb_mat([[(c - (1 - e) / rate) / rate, 0], [(1 - e) / rate, 0]])
    return matrix - curvature * push, noise


def composed(flows: Sequence[Flow]) -> Flow:
    """One after the other."""
    matrix, noise = arb_mat([[1, 0], [0, 1]]), arb_mat(2, 2)
    for m, q in flows:
        matrix, noise = m * matrix, m * noise * m.transpose() + q
    return matrix, noise


def stationary(flow: Flow) -> tuple[arb, arb, arb]:
    """(Suu, Suv, Svv) with S = M S M' + Q: the three equations have one solution, or the solver of balls raises ZeroDivisionError.

    That it is a covariance of a stationary law needs the spectral radius of M to be below 1; |det M| < 1 and |tr M| < 1 + det M are checked (Jury).
    """
    (a, b), (c, d) = ([flow[0][i, j] for j in range(2)] for i in range(2))
    det, trace = a * d - b * c, a + d
    if not (abs(det) < 1 and abs(trace) < 1 + det):
        raise ZeroDivisionError("the chain is not proved to be stable")
    system = arb_mat([[1 - a * a, -2 * a * b, -b * b], [-a * c, 1 - a * d - b * c, -b * d], [-c * c, -2 * c * d, 1 - d * d]])
    solved = system.solve(arb_mat([[flow[1][0, 0]], [flow[1][0, 1]], [flow[1][1, 1]]]))
    return solved[0, 0], solved[1, 0], solved[2, 0]
