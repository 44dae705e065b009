"""The balance of a small second-order term, where it is known."""

from __future__ import annotations

import torch

from experiments.measures._balance import balance


def test_on_a_product_it_is_that_of_each_coordinate() -> None:
    """On the line psi' = A F' - A', whose psi is A's balance; here A = diag(a(x), 0) with pi = N(0, 1) x N(0, 2) and a = 1 + x^2."""
    first, second = (torch.linspace(-9, 9, 201, dtype=torch.float64) * width for width in (1.0, 2.0**0.5))
    x = torch.cartesian_prod(first, second)
    weights = torch.exp(-(x[:, 0] ** 2) / 2 - x[:, 1] ** 2 / 4)
    weights = weights / weights.sum()
    term = torch.zeros(len(x), 2, 2, dtype=torch.float64)
    term[:, 0, 0] = 1 + x[:, 0] ** 2
    found = balance(weights, x, term, 8)
    expected = x[:, 0] ** 4 / 4 - x[:, 0] ** 2 / 2  # psi' = (1 + x^2) x - 2 x
    off = found - expected
    assert float(weights @ (off - weights @ off) ** 2) < 1e-16
    rough = balance(weights, x, term, 3)
    assert float(weights @ (rough - weights @ rough - expected + weights @ expected) ** 2) > 0.1
