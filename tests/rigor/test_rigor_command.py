"""The command: its table, its status, and the sentence without the extra."""

from __future__ import annotations

import importlib
import sys
from fractions import Fraction
from types import SimpleNamespace

import pytest

from pmmtheory.harness.certify import show
from pmmtheory.harness.errors import UsageError


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("pmmtheory.rigor")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "flint", None)
    with pytest.raises(ImportError, match=r"needs the library python-flint: pip install pmmtheory\[rigor\]"):
        importlib.import_module("pmmtheory.rigor")
    with pytest.raises(UsageError, match=r"^pmmtheory.rigor needs the library python-flint: pip install pmmtheory\[rigor\]\.$"):
        show(None, 128)


class TestWithTheExtra:
    """The table."""

    @pytest.mark.slow
    def test_rows(self, capsys: pytest.CaptureFixture[str]) -> None:
        pytest.importorskip("flint", reason="the extra `rigor` is not installed")
        assert show(["phase_plane"], 128)
        printed = capsys.readouterr().out
        assert "| uu of BAOAB on Gaussian(0, 0.588235) | 0.58823529" in printed and printed.count("| holds |") == 9
        assert printed.endswith("9 stated errors: 9 proved to hold.\n")
        with pytest.raises(UsageError, match="nothing"):
            show(["nothing"], 128)

    def test_an_enclosure_that_is_moved_is_told(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        """By ten stated errors; and one that is too wide to tell."""
        pytest.importorskip("flint", reason="the extra `rigor` is not installed")
        import pmmtheory.rigor as rigor

        (good, *_), Enclosure, Certificate = list(rigor.certificates(["phase_plane"])), rigor.Enclosure, rigor.Certificate
        ten = Fraction(10 * good.stated.error)
        moved = Certificate("moved", good.stated, good.enclosure.moved(ten))
        wide = Certificate("wide", good.stated, Enclosure(good.enclosure.lower - ten, good.enclosure.upper + ten))
        for wrong, verdict in ((moved, "1 proved not to hold"), (wide, "1 neither")):
            monkeypatch.setattr(rigor, "certificates", lambda groups, bits, wrong=wrong: iter([good, wrong]))
            assert not show(None, 128)
            assert f"2 stated errors: 1 proved to hold, {verdict}" in capsys.readouterr().out

    def test_what_is_shown_holds_the_enclosure(self) -> None:
        pytest.importorskip("flint", reason="the extra `rigor` is not installed")
        from pmmtheory.harness.certify import enclosed
        from pmmtheory.rigor import Enclosure

        for lower, upper in (
            (Fraction(1, 3), Fraction(1, 3) + Fraction(1, 10**9)),
            (Fraction(-1, 7), Fraction(-1, 7)),
            (Fraction(-1, 10**30), Fraction(1, 10**30)),
        ):
            shown, error = map(Fraction, enclosed(SimpleNamespace(enclosure=Enclosure(lower, upper))).split(" +- "))  # type: ignore[arg-type]
            assert shown - error <= lower <= upper <= shown + error
