"""Paths that have no KL, or none that is known: each is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.divergences import path_kl
from pmmtheory.dynamics import Underdamped
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint
from pmmtheory.targets import DoubleWell, Gaussian, LogCosh
from tests.divergences.paths_by_hand import TWO, pair


def refused(*args: object, **options: object) -> str:
    with pytest.raises(InvalidParameter) as caught:
        path_kl(*args, **options)
    return str(caught.value)


class TestBadInput:
    def test_what_is_no_chain(self) -> None:
        scheme, fine = pair(Gaussian(), 0.1, 4)
        assert "scheme" in refused("PMM", fine, 1) and "fine" in refused(scheme, 0.025, 1)
        assert (
            "steps = 0" in refused(scheme, fine, 0)
            and "path = 'all'" in refused(scheme, fine, 1, path="all")
            and "start = 2.0" in refused(scheme, fine, 1, 2.0)
        )

    def test_chains_that_do_not_go_together(self) -> None:
        scheme, fine = pair(Gaussian(), 0.1, 4)
        assert "same target" in refused(scheme, pair(Gaussian(), 0.1, 4)[1], 1)
        assert "whole number" in refused(scheme, fine.with_step(0.03), 1) and "one Gaussian" in refused(scheme, RandomizedMidpoint(scheme.dynamics, 0.025), 1)
        assert "the substep" in refused(scheme, fine.with_step(0.05), 1, path="fine")
        under = Underdamped(Gaussian(), 2.0)
        assert "coarse" in refused(PoissonMidpoint(under, 0.1, 4), EulerMaruyama(under, 0.025), 1, path="fine")

    def test_targets_and_starts(self) -> None:
        assert "isotropic" in refused(*pair(Gaussian([0.0, 0.0], [1.0, 2.0]), 0.1, 4), 1)
        assert "at most linearly" in refused(*pair(DoubleWell(), 0.01, 4), 1)
        assert "start" in refused(*pair(Gaussian(dim=2), 0.1, 4), 1, Gaussian([1.0, 0.0], 1.0))

    @pytest.mark.slow
    def test_axes_that_are_not_alike(self) -> None:
        """One axis would stand for both."""

        class Uneven(PoissonMidpoint):
            def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
                mean, factor = super().step(x, t, draws)
                return mean, factor * torch.tensor([1.0, 0.5], dtype=x.dtype)

        scheme, fine = pair(Gaussian(dim=2), 0.1, 4, kind=Uneven)
        assert "each axis" in refused(scheme, fine, 3) and path_kl(*pair(Gaussian(dim=2), 0.1, 4), 3).value > 0

    @pytest.mark.slow
    def test_too_many_sets(self) -> None:
        assert "at most 10" in refused(*pair(Gaussian(dim=2), 0.1, 11), 1, path="fine") and "at most 6" in refused(*pair(TWO, 0.1, 7), 1, path="fine")

    @pytest.mark.slow
    def test_likelihood_ratios_that_no_sample_sees(self) -> None:
        """Where K step^2 d is not small few paths have most of chi2: no number comes of it."""
        with pytest.raises(NotConverged):
            path_kl(*pair(Gaussian(dim=100), 0.05, 8), 1, path="fine")

    def test_too_fine_a_grid(self) -> None:
        with pytest.raises(NotConverged, match="points"):
            path_kl(*pair(LogCosh(), 0.001, 8), 1)

    @pytest.mark.slow
    def test_results_are_estimates(self) -> None:
        found = path_kl(*pair(Gaussian(), 0.1, 4), 3)
        assert isinstance(found, Estimate) and set(found.parts) == {"resolution", "rounding"}
