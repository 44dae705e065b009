"""What the theory says: claims as data, bounds, leading constants and symbolic expansions."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pmmtheory.theory.gaussian import LeadingCovariance, leading_covariance
    from pmmtheory.theory.leading import LeadingTerm, leading_term
    from pmmtheory.theory.orders import DerivedOrder, derived_order, derived_orders
    from pmmtheory.theory.phase_plane.leading import PhaseLeadingTerm, phase_leading_term
    from pmmtheory.theory.phase_plane.orders import PhaseOrder, phase_order, phase_orders
    from pmmtheory.theory.scale_mixture import LeadingDistances

__all__ = [
    "DerivedOrder",
    "LeadingCovariance",
    "LeadingDistances",
    "LeadingTerm",
    "PhaseLeadingTerm",
    "PhaseOrder",
    "derived_order",
    "derived_orders",
    "leading_covariance",
    "leading_term",
    "phase_leading_term",
    "phase_order",
    "phase_orders",
]

_FILES = {
    "LeadingTerm": "leading",
    "leading_term": "leading",
    "LeadingDistances": "scale_mixture",
    "DerivedOrder": "orders",
    "derived_order": "orders",
    "derived_orders": "orders",
    "PhaseLeadingTerm": "phase_plane.leading",
    "phase_leading_term": "phase_plane.leading",
    "PhaseOrder": "phase_plane.orders",
    "phase_order": "phase_plane.orders",
    "phase_orders": "phase_plane.orders",
}

if not TYPE_CHECKING:  # which would let a misspelt name pass

    def __getattr__(name: str) -> Any:
        """Import what needs torch only when it is asked for: claims are plain data."""
        if name in __all__:
            return getattr(importlib.import_module(f"pmmtheory.theory.{_FILES.get(name, 'gaussian')}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
