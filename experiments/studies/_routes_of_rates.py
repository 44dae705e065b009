"""Numbers of fits: intervals, verdicts, local rates."""

from __future__ import annotations

from experiments.studies._routes import Routes

RATES = (
    Routes(
        "routes_rates",
        "fits of rates",
        {
            1e-10: (
                "rates that settle",
                "constants that settle",
                "rates that settle, four steps",
                "constants that settle, four steps",
                "numbers that turn",
                "numbers that fall fast",
                "rates in noise, one correction",
                "rates in noise, a slow correction",
                "rates in noise, two corrections",
                "constants in noise, two corrections",
                "numbers in noise",
                "verdict changes, rate, low",
                "verdict changes, rate, high",
                "verdict changes, rate, bound",
                "verdict changes, rate, wide interval, below",
                "verdict changes, rate, wide interval, pass of a bound",
                "verdict changes, rate, pass",
                "verdict changes, rate near 0",
                "verdict changes, rate near 0, from below",
                "verdict changes, constant, low",
                "verdict changes, constant, high",
                "verdict changes, constant, width",
                "verdicts",
            ),
        },
    ),
    Routes(
        "routes_curves",
        "fits of rates",
        {
            1e-10: (
                "local rates",
                "local rates, their errors",
                "local rates, what a correction does",
                "local constants",
                "local constants, their errors",
                "local constants, what a correction does",
                "local rates, their places",
                "local rates, of the first points",
                "rates beside another term",
                "rates beside another term, their errors",
                "rates beside another term, their places",
                "constants beside another term",
                "constants beside another term, their errors",
                "constants beside another term, their places",
                "a form, its steps",
                "a form, its errors",
                "a form, its noise",
                "a second term: the rate",
                "a second term: the constant",
                "a logarithm: the rate",
                "a logarithm: the constant",
                "a root",
                "a root beyond the ends",
                "an interval",
                "a parabola at step 0",
                "a cubic at step 0",
                "a cubic at step 0, its error",
            ),
            1e-05: (
                "rates beside another term, what a correction does",
                "constants beside another term, what a correction does",
            ),
            0.001: (
                "corrections of half an order: the rate",
                "corrections of half an order: the constant",
            ),
        },
    ),
)
