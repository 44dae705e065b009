"""Every option of every command, with values that make no sense: one sentence and exit status 2, and nothing is computed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from typer.models import OptionInfo

from pmmtheory.harness import cli
from tests.harness.conftest import Call

NUMBERS = {int: ("x", "1.5", "1e3", "", "nan"), float: ("x", "", "nan", "inf", "-1")}
WORDS: dict[str, tuple[str, ...]] = {
    "studies": ("nowhere", "", "file", "."),
    "profile": ("", "Quick", "all"),
    "device": ("", "gpu", "cuda:x", "CPU"),
    "cluster": ("", "local", "local:0", "local:-1", "local:x", "nowhere", "tcp://"),
    "shard": ("", "1", "0/2", "3/2", "a/b", "1/0", "1/2/3"),
    "relation": ("", "nothing"),
    "method": ("", "nothing"),
}
READ = {("list",), ("show",)}
"""A store that they do not find is as good as empty."""
PLACES = ("file/inside", "folder")
"""Where no file can be written, and no store is."""
NEEDED = {"new": ["folder"], "merge": ["file"], "export": ["--csv", "rows.csv"]}


def options() -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Commands, options and values."""
    callback: Any = cli.everything
    commands: list[tuple[tuple[str, ...], Any]] = [((), callback)]
    for command in cli.app.registered_commands:
        name = command.name or getattr(command.callback, "__name__", "")
        commands.append(((name,), command.callback))
    for words, function in commands:
        for name, hint in get_type_hints(function, include_extras=True).items():
            option = next((one for one in getattr(hint, "__metadata__", ()) if isinstance(one, OptionInfo)), None)
            if option is None:
                continue
            kinds = {one for part in (hint.__origin__, *get_args(hint.__origin__)) for one in (part, *get_args(part))}
            if bool in kinds:
                continue
            numbers = next((values for kind, values in NUMBERS.items() if kind in kinds), None)
            values = numbers or WORDS.get(name) or PLACES
            written = next(iter(option.param_decls or ()), f"--{name.replace('_', '-')}")
            yield from ((words, written, value) for value in values if not (words in READ and (name, value) == ("store", "file/inside")))


CASES = list(options())


def test_every_option_is_tried() -> None:
    assert len(CASES) > 190 and len({(words, name) for words, name, _ in CASES}) > 40


@pytest.mark.parametrize(("words", "option", "value"), CASES, ids=[" ".join((*words, option, value)) for words, option, value in CASES])
def test_one_sentence(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], option: str, value: str) -> None:
    (tmp_path / "file").write_text("something else")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inside").write_text("")

    def computes(*_: Any, **__: Any) -> None:
        raise AssertionError("something is computed")

    for heavy in ("harness.runner.compute_all", "harness.hunt.command.run_cases", "harness.bench.main"):
        monkeypatch.setattr(f"pmmtheory.{heavy}", computes, raising=False)
    needed = [word for word in NEEDED.get(" ".join(words), []) if not (word == option or word == "rows.csv" and option == "--csv")]
    status, _, said = call(*words, *needed, option, value)
    assert status == 2 and "Traceback" not in said and len(said.strip()) > 10
    assert (tmp_path / "file").read_text() == "something else"
