"""The leading error of a scheme, derived symbolically for any smooth potential on the line.

One step is expanded in s = sqrt(step): X' - x = s sqrt(2) W + s^2 (b + S), with S the midpoint correction. The moments
E(X' - x)^k give the local operator sum_k a_k d^k/dx^k, those of the diffusion follow from exp(a L), and the difference A
at order step^(p+1) gives phi by integrating L phi = (pi phi')'/pi = -A*1 once:

    phi' = -(1/pi) sum_k (-1)^k d^(k-1)/dx^(k-1) (a_k pi).
"""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

x = sp.Symbol("x")
F = sp.Function("F")(x)
_s, _u, _v, _w, _y = sp.symbols("s u v w y", real=True)
_ORDER = 6


def phi_slope(scheme: str) -> tuple[int, sp.Expr]:
    """The order p and phi'(x) in terms of F, for "euler", "single" (the randomized midpoint) or "bernoulli" (K = inf).

    Examples
    --------
    >>> order, slope = phi_slope("euler")
    >>> order, sp.simplify(slope - sp.diff(sp.diff(F, x) ** 2 / 4 - sp.diff(F, x, 2) / 2, x))
    (1, 0)
    """
    local = _local_operator(scheme)
    exact = _diffusion_operator()
    for p in (1, 2):
        difference = {k: sp.expand(local[k].coeff(_s, 2 * p + 2) - exact[k].coeff(_s, 2 * p + 2)) for k in local}
        if any(d != 0 for d in difference.values()):
            return p, sp.expand(-sum((-1) ** k * _adjoint(d, k - 1) for k, d in difference.items()))
    raise ValueError(f"scheme {scheme!r} agrees with the diffusion to order 3.")


def _adjoint(a: sp.Expr, times: int) -> sp.Expr:
    """(1/pi) d^n/dx^n (a pi)."""
    for _ in range(times):
        a = sp.diff(a, x) - sp.diff(F, x) * a
    return a


def _drift(n: int) -> sp.Expr:
    """b^(n) = -F^(n+1)."""
    return -sp.diff(F, x, n + 1)


@lru_cache(maxsize=1)
def _diffusion_operator() -> dict[int, sp.Expr]:
    """Coefficients of d^k/dx^k in exp(s^2 L) up to s^6, L = b d/dx + d^2/dx^2."""
    f = sp.Function("f")(x)
    total, power = sp.Integer(0), f
    for n in range(1, 4):
        power = sp.expand(_drift(0) * sp.diff(power, x) + sp.diff(power, x, 2))
        total += _s ** (2 * n) * power / sp.factorial(n)
    total = sp.expand(total)
    return {k: total.coeff(sp.diff(f, x, k)) for k in range(1, _ORDER + 1)}


def _local_operator(scheme: str) -> dict[int, sp.Expr]:
    """E(X' - x)^k / k! up to s^6. Given W_1 = w, W_u = u w + sqrt(u(1-u)) y with y standard normal."""
    if scheme not in ("euler", "single", "bernoulli"):
        raise ValueError(f'scheme = {scheme!r} is not allowed: "euler", "single" or "bernoulli".')
    base = sp.sqrt(2) * _s * _w + _s**2 * _drift(0)
    move = _u * _s**2 * _drift(0) + sp.sqrt(2) * _s * (_u * _w + _v * _y)
    change = sum(_drift(n) * move**n / sp.factorial(n) for n in range(1, 5)) if scheme != "euler" else sp.Integer(0)
    # (int D du)^2 of the Poisson process, at leading order: D = sqrt(2) s b' W_u and E(int W du)^2 = 1/3
    pairs = 2 * _s**2 * _drift(1) ** 2 / 3 if scheme == "bernoulli" else sp.Integer(0)
    operator = {}
    for k in range(1, _ORDER + 1):
        first = k * base ** (k - 1) * _s**2 * change
        second = sp.binomial(k, 2) * base ** (k - 2) * _s**4 * (change**2 + pairs) if k >= 2 else 0
        operator[k] = sp.expand(_expect(base**k + first + second) / sp.factorial(k))
    return operator


def _expect(expression: sp.Expr) -> sp.Expr:
    """Over w and y standard normal and u uniform, with v^2 = u (1 - u), truncated at s^6."""
    total = sp.Integer(0)
    for powers, coefficient in sp.Poly(sp.expand(expression), _s, _w, _y, _v, _u).terms():
        i, j, k, m, n = powers
        if i > _ORDER or j % 2 or k % 2 or m % 2:
            continue
        time = sp.integrate((_u * (1 - _u)) ** (m // 2) * _u**n, (_u, 0, 1))
        total += coefficient * _s**i * sp.factorial2(j - 1) * sp.factorial2(k - 1) * time
    return total
