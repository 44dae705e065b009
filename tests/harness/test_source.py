"""Keys of sources: an edit makes stale what it can reach, and nothing else. The whole tree is copied and edited."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import pytest

from pmmtheory.harness import source, source_tree
from pmmtheory.harness.project import Project
from pmmtheory.harness.source import Sources

ROOT = Path(__file__).parents[2]
PROJECT = Project("experiments")
FOLDERS = ("experiments", "pmmtheory/harness")
FOUND = sorted(path.stem for folder in FOLDERS for path in (ROOT / folder / "measures").glob("[a-z]*.py"))
MEASURES = [measure for measure in FOUND if not measure.startswith("routes_")]
"""All but those of numbers by two routes: each of them reaches what its own numbers need."""
SAMPLERS = {"perturbed_error", "sampler_error", "sampler_particles"}
IMAGES = {"image_samples", "image_floor", "spectrum_error"}
UNNAMED = {"number", "plane_constants", "hoelder_gradient", "huber_midpoint", "perturbed_normal", "vempala_wibisono_spectrum"}
"""Measures that look up no target by its name."""
BY_THEORY = {"huber_midpoint", "leading_constant", "leading_covariance", "leading_distances", "leading_phase", "leading_ratio", "calls_for_accuracy"}
"""Those that take names from the package of the theory, which makes them on demand."""
BOUNDED = {"contraction", "fitted_constant", "kandasamy_nagaraj", "kandasamy_nagaraj_path", "perturbed_normal", "vempala_wibisono", "vempala_wibisono_spectrum"}
"""Those that take a bound of a theorem: theorems are found as a folder."""
PREDICTED = {"hoelder_gradient", "huber_midpoint", "leading_constant", "leading_covariance", "leading_distances", "leading_phase", "number"}
PREDICTED |= {"path_constant", "plane_constants"}
DECLARED = {"predictor_answers", "target_constants"}
PARTICLES = {"sampled_bias", "sampled_order"}
"""Those that ask for no law."""
LAWS = set(MEASURES) - PREDICTED - DECLARED - PARTICLES - {"image_samples", "image_floor"}

Edit = Callable[[str], str]


@cache
def keys() -> dict[str, str]:
    """The keys of the measures of the tree as it is."""
    sources = Sources(PROJECT)
    return {measure: sources.of(measure) for measure in MEASURES}


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree, which a test that edits it puts right again."""
    folder = tmp_path_factory.mktemp("copy")
    for package in ("pmmtheory", "experiments"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def stale(folder: Path) -> set[str]:
    sources = Sources(PROJECT, [str(folder)])
    return {measure for measure, key in keys().items() if sources.of(measure) != key}


@contextmanager
def edited_file(folder: Path, file: str, edit: Edit) -> Iterator[None]:
    """While a file is edited; it is put back."""
    path = folder / file
    before = path.read_text() if path.exists() else None
    path.write_text(edit(before or ""))
    assert path.read_text() != before
    try:
        yield
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before)


def edited(folder: Path, file: str, edit: Edit) -> set[str]:
    """What an edit to a file makes stale."""
    with edited_file(folder, file, edit):
        return stale(folder)


def appended(text: str) -> Edit:
    return lambda before: f"{before}\n{text}\n"


def replaced(old: str, new: str) -> Edit:
    return lambda before: before.replace(old, new, 1)


@pytest.mark.slow
def test_a_copy_has_the_same_keys(copy: Path) -> None:
    assert stale(copy) == set() and len(set(keys().values())) == len(keys()) > 10


@pytest.mark.slow
def test_a_key_does_not_depend_on_those_taken_before() -> None:
    backwards = Sources(PROJECT)
    assert {measure: backwards.of(measure) for measure in reversed(MEASURES)} == keys()
    for measure in MEASURES[::9]:
        assert Sources(PROJECT).of(measure) == keys()[measure]


ELSEWHERE: list[tuple[str, Edit]] = [
    ("pmmtheory/laws/step/kernel.py", lambda text: "# a remark\n" + text.replace("import math\n", "import math  # for pi\n\n\n")),
    ("pmmtheory/laws/step/characteristic.py", replaced('"""', '"""Said in other words. ')),
    ("pmmtheory/laws/line/engine.py", lambda text: text.replace("    ", "  ")),
    ("pmmtheory/laws/__init__.py", replaced("The stationary law of a chain.", "The law that a chain leaves as it is.")),
    ("pmmtheory/noise/spacings.py", replaced("if TYPE_CHECKING:", "if TYPE_CHECKING:\n    from decimal import Decimal\n")),
    *((f"pmmtheory/{name}.py", appended("EDIT = 1")) for name in ("rates/fit", "testing/check_scheme")),
    *((f"pmmtheory/harness/{name}.py", appended("EDIT = 1")) for name in ("table", "verdict", "cli", "store", "runner", "pool")),
    *((f"experiments/studies/{name}.py", appended("EDIT = 1")) for name in ("new", "lmc", "_steps")),
]


@pytest.mark.slow
def test_edits_elsewhere_make_nothing_stale(copy: Path) -> None:
    """All at once."""
    with ExitStack() as edits:
        for file, edit in ELSEWHERE:
            edits.enter_context(edited_file(copy, file, edit))
        assert stale(copy) == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("pmmtheory/harness/measures/plane_error.py", {"plane_error", "leading_ratio"}),
        ("experiments/measures/leading_covariance.py", {"leading_covariance", "leading_distances", "leading_ratio"}),
        ("pmmtheory/harness/samplers.py", SAMPLERS | {"spectrum_error", "image_samples", "predictor_answers"}),
        ("pmmtheory/harness/data.py", {*SAMPLERS, "initial_error", "reverse_error", "predictor_answers"}),
        ("pmmtheory/harness/catalogue.py", set(MEASURES) - SAMPLERS - UNNAMED - {"initial_error", "process_error", "predictor_answers"} - IMAGES),
        ("pmmtheory/harness/names.py", set(MEASURES) - UNNAMED - {"image_floor", "process_error"}),
        ("pmmtheory/harness/one_thread.py", set(MEASURES)),
        ("pmmtheory/estimate.py", set(MEASURES)),
        ("pmmtheory/laws/step/kernel.py", LAWS),
        ("pmmtheory/laws/__init__.py", LAWS),
        ("pmmtheory/schedulers/ddim.py", SAMPLERS | {"spectrum_error", "image_samples", "predictor_answers", "process_error"}),
        ("pmmtheory/dynamics/reverse_diffusion.py", set(MEASURES) - SAMPLERS - (UNNAMED - {"huber_midpoint"}) - IMAGES - {"predictor_answers"}),
        ("pmmtheory/theory/bounds/vw_lmc.py", BOUNDED | BY_THEORY),
        ("pmmtheory/targets/cosine.py", set(MEASURES) - UNNAMED - IMAGES - {"process_error"}),
        ("pmmtheory/testing/broken.py", set(MEASURES) - SAMPLERS - UNNAMED - {"initial_error", "process_error", "predictor_answers"} - IMAGES),
    ],
)
def test_an_edit_makes_stale_what_it_can_reach(copy: Path, file: str, expected: set[str]) -> None:
    assert edited(copy, file, appended("EDIT = 1")) == expected


@pytest.mark.slow
def test_a_number_that_is_edited_counts_to_its_last_digit(copy: Path) -> None:
    assert edited(copy, "pmmtheory/laws/line/engine.py", replaced("_EDGE = 1e-14", "_EDGE = 1.0000000000000002e-14")) == LAWS
    assert edited(copy, "pmmtheory/laws/line/engine.py", replaced("_EDGE = 1e-14", "_EDGE = 1.0e-14")) == set()


@pytest.mark.slow
def test_what_a_module_does_when_it_is_loaded_counts_for_all_that_load_it(copy: Path) -> None:
    """The package of schemes loads UBU, of which samplers of diffusion models know nothing."""
    act = appended("import torch\n\ntorch.set_default_dtype(torch.float32)")
    assert edited(copy, "pmmtheory/schemes/ubu.py", act) >= SAMPLERS | {"initial_error"}
    assert not edited(copy, "pmmtheory/schemes/ubu.py", appended("EDIT = 1")) & SAMPLERS


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "from pmmtheory.discover import lookup\n\n@lookup\ndef extra(): ...",
        "from pmmtheory.discover import lookup\n\nclass Extra:\n    found = lookup('a', object, 'b')",
        "def extra(): ...\n\nFOUND = extra()",
        "UBU.step = None",
    ],
)
def test_a_module_that_may_register_itself_counts_for_all_that_load_it(copy: Path, text: str) -> None:
    assert edited(copy, "pmmtheory/schemes/ubu.py", appended(text)) >= SAMPLERS | {"initial_error"}


@pytest.mark.slow
def test_who_asks_for_subclasses_depends_on_all_that_is_loaded(copy: Path) -> None:
    number = copy / "pmmtheory" / "harness" / "measures" / "number.py"
    before = number.read_text()
    try:
        number.write_text(before + "\n\ndef known(): return Estimate.__subclasses__()\n")
        key = Sources(PROJECT, [str(copy)]).of("number")
        (copy / "pmmtheory" / "laws" / "step" / "kernel.py").write_text((copy / "pmmtheory" / "laws" / "step" / "kernel.py").read_text() + "\nEDIT = 1\n")
        assert Sources(PROJECT, [str(copy)]).of("number") != key
    finally:
        number.write_text(before)
        shutil.copy(ROOT / "pmmtheory" / "laws" / "step" / "kernel.py", copy / "pmmtheory" / "laws" / "step" / "kernel.py")


@pytest.mark.slow
def test_an_import_inside_a_function_and_the_name_of_a_module_count(copy: Path) -> None:
    number, file = "pmmtheory/harness/measures/number.py", copy / "pmmtheory" / "rates" / "fit.py"
    before = (copy / number).read_text(), file.read_text()
    for line in ("from pmmtheory.rates.fit import fit_rate", "import_module('pmmtheory.rates.fit')", "import_module(f'pmmtheory.rates.{device}')"):
        try:
            (copy / number).write_text(before[0].replace("    return", f"    {line}\n    return"))
            key = Sources(PROJECT, [str(copy)]).of("number")
            file.write_text(f"{before[1]}\nEDIT = 1\n")
            assert Sources(PROJECT, [str(copy)]).of("number") != key
        finally:
            (copy / number).write_text(before[0])
            file.write_text(before[1])


@pytest.mark.slow
def test_libraries_count_by_their_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "version_of", lambda name: "9.9" if name == "sympy" else source_tree.version_of(name))
    assert stale(ROOT) == BY_THEORY


@pytest.mark.slow
def test_a_file_that_is_no_python_and_a_measure_that_is_gone_have_keys(copy: Path) -> None:
    assert edited(copy, "pmmtheory/laws/step/kernel.py", lambda _: "def (") == LAWS
    assert Sources(PROJECT).of("gone")
