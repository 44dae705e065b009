"""A theorem that every fake claim cites."""

from pmmtheory.theory.bounds import Theorem

theorems = (Theorem("MADE 1", "made up", "nothing", "KL <= step^p", ("nothing is assumed",), "KL falls at least like step^p", max),)
