"""Figures: from stored results, one a file, found by their folder; and three for authors that compute their laws themselves."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pmmtheory.harness.figures.comparison import compare_samplers
    from pmmtheory.harness.figures.convergence import plot_convergence
    from pmmtheory.harness.figures.law import plot_law

__all__ = ["compare_samplers", "plot_convergence", "plot_law"]

if not TYPE_CHECKING:  # the command line starts without the numerics

    def __getattr__(name: str) -> Any:
        """One of the three functions, when it is asked for."""
        if name == "plot_convergence":
            from pmmtheory.harness.figures.convergence import plot_convergence as found
        elif name == "compare_samplers":
            from pmmtheory.harness.figures.comparison import compare_samplers as found
        elif name == "plot_law":
            from pmmtheory.harness.figures.law import plot_law as found
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return found
