"""Data sets from the files of scikit-learn are those that it loads itself; that it is not loaded for them: tests/testing/test_strategies.py."""

from importlib.machinery import ModuleSpec

import numpy as np
import pytest
from sklearn import datasets

from pmmtheory.numerics.bundled import bundled

NAMES = ("breast_cancer", "digits", "iris")


@pytest.mark.parametrize("name", NAMES)
def test_as_scikit_learn_loads_them(name: str) -> None:
    known = getattr(datasets, f"load_{name}")()
    features, kinds = bundled(name)
    assert np.array_equal(features, known.data) and np.array_equal(kinds, known.target) and kinds.dtype == np.int64


@pytest.mark.parametrize("name", NAMES)
def test_by_the_library_itself_where_the_files_are_elsewhere(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = bundled(name)
    monkeypatch.setattr("pmmtheory.numerics.bundled.find_spec", lambda _: ModuleSpec("sklearn", None, origin="/nowhere/__init__.py"))
    assert all(np.array_equal(one, other) for one, other in zip(bundled(name), expected, strict=True))
