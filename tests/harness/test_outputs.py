"""What a run leaves: the table, the JSON and the exports."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pmmtheory.harness.store import open_store
from pmmtheory.harness.table import plus_minus

Call = Callable[..., tuple[int, str, str]]


@pytest.mark.slow
def test_table_fits_a_pipe(call: Call) -> None:
    page = call("run", "good", "wrong", "uncaught", "--workers", "1")[1]
    out = call("show", "good", "wrong", "uncaught")[1]
    words = " ".join(out.split())
    assert max(len(line) for line in out.splitlines()) <= 80
    assert all(text in words for text in ("1.9999 ± 0.0005", "fails,", "as it must", "NOT CAUGHT", "(pass)", "2.9999"))
    assert "1. the interval [1.999, 2] excludes the rate 3" in out
    assert "2 claims: 1 pass, 1 fail, 0 undecided; 1 of 2 controls caught" in page
    assert [line[:2] for line in page.splitlines()[:3]] == ["ok", "NO", "NO"]
    assert "wrong: power falls like step^3 (fake target): fail: the interval [1.999, 2]" in " ".join(page.split())
    assert all(text not in call("show", "good", "wrong", "--only-failures")[1] for text in ("pass", "as it must"))


@pytest.mark.slow
def test_json_holds_the_verdicts(call: Call) -> None:
    call("run", "good", "wrong", "--workers", "1", "--json", "verdicts.json")
    document = json.loads(Path("verdicts.json").read_text())
    claim, control, wrong = document["checks"]
    assert (claim["study"], claim["verdict"], claim["control"], claim["as_it_should"]) == ("good", "pass", False, True)
    assert (control["verdict"], control["control"], control["as_it_should"]) == ("fail", True, True)
    assert (wrong["predicted_rate"], wrong["verdict"], wrong["as_it_should"]) == (3.0, "fail", False)
    assert claim["rate_interval"][0] <= 2.0 <= claim["rate_interval"][1]
    assert claim["predicted_constant"] == 3.0 and claim["constant_interval"][0] <= 3.0 <= claim["constant_interval"][1]
    assert [point[0] for point in claim["points"]] == [0.1, 0.05, 0.025, 0.0125, 0.00625, 0.003125]
    assert claim["scheme"] == "fake scheme" and claim["reason"]


def test_a_stopped_run_leaves_no_empty_json(call: Call, tmp_path: Path) -> None:
    call("run", "good", "--store", str(tmp_path), "--json", "verdicts.json")
    assert not Path("verdicts.json").exists()


@pytest.mark.slow
def test_exports_lose_nothing(call: Call) -> None:
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    call("run", "good", "troubled", "--workers", "1")
    status, out, _ = call("export", "--csv", "rows.csv", "--parquet", "rows.parquet")
    with open_store(Path("results/pmmtheory.sqlite"), must_exist=True) as store:
        columns, rows = store.everything()
    assert status == 0 and out == f"{len(rows)} rows written\n" and len(rows) == 24
    csv = pd.read_csv("rows.csv", keep_default_na=False, na_values={"value": [""], "error": [""]}, float_precision="round_trip")
    for frame in (csv, pd.read_parquet("rows.parquet")):
        assert list(frame.columns) == columns
        back = frame.astype(object).where(frame.notna(), None)
        assert [tuple(row) for row in back.itertuples(index=False)] == rows


@pytest.mark.slow
def test_missing_pyarrow_is_one_sentence(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    call("run", "good", "--workers", "1")
    monkeypatch.setattr("pmmtheory.harness.export.find_spec", lambda package: None if package == "pyarrow" else object())
    status, _, err = call("export", "--parquet", "rows.parquet")
    assert status == 2 and err == "error: this export needs pyarrow: pip install pyarrow.\n"


@pytest.mark.parametrize(
    ("half", "text"), [(0.00097, "2.0003 ± 0.0010"), (0.04, "2.000 ± 0.040"), (3.0, "2.0 ± 3.0"), (2e-9, "2.0003 ± 2e-09"), (float("inf"), "2 ± ?")]
)
def test_digits_follow_the_error(half: float, text: str) -> None:
    assert plus_minus(2.00031, half) == text
