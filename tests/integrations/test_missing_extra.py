"""Without the library an adapter is made for, one sentence says what to install."""

from __future__ import annotations

import importlib
import sys

import pytest


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("pmmtheory.integrations.diffusers")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "diffusers", None)
    with pytest.raises(ImportError, match=r"needs the diffusers library: pip install pmmtheory\[diffusion\]"):
        importlib.import_module("pmmtheory.integrations.diffusers")
