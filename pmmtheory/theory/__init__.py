"""What the theory says: claims as data, bounds, leading constants and symbolic expansions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pmmtheory.theory.leading import LeadingTerm, leading_term

__all__ = ["LeadingTerm", "leading_term"]


def __getattr__(name: str) -> Any:
    """Import what needs torch only when it is asked for: claims are plain data."""
    if name in __all__:
        from pmmtheory.theory import leading

        return getattr(leading, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
