"""The report: one page that needs no other file, with every claim; and the tables for LaTeX."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.estimate import Estimate
from pmmtheory.harness.report.document import render
from pmmtheory.harness.report.latex import escape, table
from pmmtheory.harness.report.rows import outward
from pmmtheory.harness.store import Computing, Stored
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome, decide
from pmmtheory.theory.claim import Claim

Call = Callable[..., tuple[int, str, str]]
EMPTY = {"meta", "br", "hr", "img", "link", "input"}


class Page(HTMLParser):
    """Elements in order with their attributes, and that each is closed by its own end."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)


STEPS = (0.1, 0.05, 0.025, 0.0125, 0.00625, 0.003125)


def curve(rate: float, claimed: float, control: bool = False, constant: bool = False) -> Check:
    points = tuple(Point(step, Cell.of("power", step_size=step, rate=rate), "error") for step in STEPS)
    claim = Claim(f"power falls like step^{claimed:g}", "fake scheme", "kl", claimed, "asymptotic", "made up")
    return Check(claim, "fake target", points, Point(0.0, Cell.of("given", value=3.0), "value") if constant else None, control=control)


@pytest.fixture(scope="module")
def outcomes() -> dict[Study, list[Outcome]]:
    groups = {
        Study("good", "what holds", lambda profile: ()): [curve(2.0, 2.0, constant=True), curve(2.0, 1.0, control=True)],
        Study("wrong", "a claim that does not hold", lambda profile: ()): [curve(2.0, 3.0)],
        Study("uncaught", "a control that passes", lambda profile: ()): [curve(2.0, 2.0, control=True)],
    }
    powers = {Cell.of("power", step_size=step, rate=2.0).key: Stored({"error": Estimate(3 * step**2, 1e-9 * step**2, "made up")}) for step in STEPS}
    stored = powers | {Cell.of("given", value=3.0).key: Stored({"value": Estimate(3.0, 0.0, "made up")})}
    return {study: [decide(study.name, check, stored) for check in group] for study, group in groups.items()}


@pytest.fixture(scope="module")
def page(outcomes: dict[Study, list[Outcome]]) -> str:
    computing = Computing((("a machine", "0.1", "3.12", "2.9"),), ("2026-01-01T00:00:00", "2026-01-02T00:00:00"), {"power": "0123abcd"})
    return render(outcomes, [], "quick", "cpu", computing)


@pytest.mark.slow
def test_the_page_has_every_claim_and_where_it_comes_from(page: str) -> None:
    words = " ".join(" ".join(Page(page).words).split())
    for text in (
        "power falls like step^2",
        "Source: made up",
        "Assumes: smooth F with bounded second derivative",
        "rate 2",
        "constant 3",
        "✓ pass",
        "✓ fails, as it must",
        "✗ fail",
        "✗ control not caught: pass",
        "excludes the rate 3",
        "2 not as they should be",
    ):
        assert text in words
    assert words.index("Findings") < words.index("Not as it should be") < words.index("what holds") < words.index("Where the numbers come from")
    for name in (
        "Profile quick",
        "Device cpu",
        "Computed on a machine, pmmtheory 0.1, Python 3.12, torch 2.9",
        "numpy",
        "Source hash",
        "Seed 0",
        "Written at 20",
        "power 0123abcd",
    ):
        assert name in words


def test_the_page_needs_no_other_file_and_no_name_is_there_twice(page: str) -> None:
    elements = Page(page).elements
    names = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(names) == len(set(names))
    tags = {tag for tag, _ in elements}
    assert not tags & {"script", "link", "iframe", "img"}
    addresses = [value for _, attributes in elements for key, value in attributes.items() if key in ("href", "src", "xlink:href")]
    assert addresses and all(value and value.startswith("#") and value[1:] in names for value in addresses)
    assert re.findall(r"url\((?!#)", page) == [] and "@import" not in page
    assert {name[5:-1] for name in re.findall(r"url\(#[^)]*\)", page)} <= set(names)


def test_the_page_is_for_readers_of_every_kind(page: str) -> None:
    elements = Page(page).elements
    figures = [attributes for tag, attributes in elements if tag == "svg"]
    assert len(figures) == 3 and all(figure["role"] == "img" and "measured slopes lie" in str(figure["aria-label"]) for figure in figures)
    assert [tag for tag, _ in elements if tag in ("h1", "h2")].count("h1") == 1
    assert elements[0][0] == "html" and elements[0][1]["lang"] == "en"
    assert any(attributes.get("name") == "viewport" for tag, attributes in elements if tag == "meta")
    levels = [int(tag[1]) for tag, _ in elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
    named = {value for tag, attributes in elements for value in [attributes.get("aria-labelledby")] if tag in ("section", "nav") and value}
    assert (
        named <= {attributes.get("id") for _, attributes in elements} and len(named) == 3 + 3 + 1
    )  # findings, what is wrong, studies; one a study; the origin
    tables = page.split("<table>")[1:]
    heads = [re.findall(r"<th ([^>]*)>", table) for table in tables]
    assert len(tables) == 3 and all(head.count('scope="col"') == 6 and set(head) == {'scope="col"', 'scope="row"'} for head in heads)
    assert all(table.count("<caption>") == 1 and table.count('scope="row"') == table.count("<tr id=") for table in tables)
    scrolled = [attributes for _, attributes in elements if attributes.get("class") == "box"]
    assert len(scrolled) == 3 and all(box["tabindex"] == "0" and box["aria-label"] for box in scrolled)
    assert "prefers-color-scheme: dark" in page and "#262626" not in page and "#000000" not in page


@pytest.mark.slow
def test_names_from_studies_are_escaped(outcomes: dict[Study, list[Outcome]]) -> None:
    good = next(iter(outcomes))
    odd = replace(good, title='<b>bold</b> & "quoted"', findings=lambda outcomes: ["a < b <script>alert(1)</script>"])
    text = render({odd: outcomes[good]}, ["<i>"], "quick", "cpu", Computing((), ("", ""), {}))
    assert "<script>" not in text and "<b>" not in text and "<i>" not in text and "&lt;b&gt;bold" in text
    assert Page(text).elements


@pytest.mark.slow
def test_what_is_not_stored_is_left_out_and_said(call: Call) -> None:
    status, _, err = call("report", "good")
    assert status == 2 and err.startswith("error: there is no store")
    call("run", "good", "--workers", "1")
    status, out, _ = call("report", "good", "slow", "--out", "some/report.html", "--latex", "tables")
    assert status == 0 and "left out: slow; `run slow` computes them" in out
    assert out.splitlines()[:2] == ["some/report.html", "tables/good.tex"]
    assert "left out: slow" in " ".join(Path("some/report.html").read_text().split())
    status, _, err = call("report", "slow")
    assert status == 2 and err == "error: the store results/pmmtheory.sqlite has no study in full of these: slow; `run` computes them.\n"
    status, _, err = call("report", "good", "--out", "results/pmmtheory.sqlite")
    assert status == 2 and "is a result store" in err


def test_latex_has_a_line_a_number(outcomes: dict[Study, list[Outcome]]) -> None:
    text = table("good", "what\nholds", next(iter(outcomes.values())))
    assert text.count(r"\toprule") == text.count(r"\midrule") == text.count(r"\bottomrule") == 1
    lines = text.split(r"\midrule")[1].split(r"\bottomrule")[0].strip().splitlines()
    assert len(lines) == 3 and all(line.endswith(r" \\") for line in lines)
    assert all(len(re.split(r"(?<!\\)&", line)) == 7 for line in lines)
    assert r"power falls like step\textsuperscript{2}" in lines[0] and r"$\pm$" in lines[0] and lines[0].endswith(r"pass \\")
    assert "constant 3 & constant" in lines[1]
    assert text.isascii() and "longtable" not in text
    assert "longtable" in table("good", "long", [*next(iter(outcomes.values()))] * 21)


@pytest.mark.slow
@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"])))
def test_latex_leaves_no_special_letter(text: str) -> None:
    kept = escape(text)
    for made in (r"\textbackslash{}", r"\textasciitilde{}", r"\textasciicircum{}", r"\textless{}", r"\textgreater{}", r"\textbar{}"):
        kept = kept.replace(made, "")
    kept = re.sub(r"\\[&%$#_{}]", "", kept)
    kept = re.sub(r"\\textsuperscript\{([^{}]*)\}", r"\1", kept)
    assert not set(kept) & set("\\&%$#_{}~^<>|")


@given(st.floats(-1e6, 1e6), st.floats(1e-9, 1e3))
def test_an_interval_in_digits_is_not_narrower(low: float, width: float) -> None:
    high = low + width
    first, last = map(float, outward(low, high)[1:-1].split(", "))
    slack = 1e-10 * max(abs(low), abs(high)) + 1e-300
    assert first <= low + 2e-10 * max(abs(low), abs(high)) + slack and high <= last + 2e-10 * max(abs(low), abs(high)) + slack
