"""Prompts: files whose placeholders are those that the code fills."""

from pathlib import Path
from typing import get_args

import pytest

from agents.prompts import FOLDER, load_prompt
from agents.types import Reader
from diagnosis.errors import BadRequest, Missing

HEAD = "---\nname: told\nversion: 3\n---\n"


def test_the_placeholders_of_our_own_prompts_are_filled() -> None:
    rules = load_prompt("explain", "reader", "length", "language")
    text = rules.fill(reader="READER", length="LENGTH", language="LANGUAGE")
    assert all(word in text for word in ("READER", "LENGTH", "LANGUAGE"))
    assert rules.reference == f"explain@{rules.version}"


@pytest.mark.parametrize("reader", get_args(Reader))
def test_every_reader_has_a_prompt(reader: Reader) -> None:
    assert reader in load_prompt(reader).text


def test_every_file_begins_as_it_must() -> None:
    files = sorted(FOLDER.glob("*.md"))
    assert len(files) >= 4
    for path in files:
        lines = path.read_text("utf-8").splitlines()
        assert lines[0] == lines[3] == "---" and lines[1] == f"name: {path.stem}"
        assert lines[2].removeprefix("version: ").isdecimal()


def test_values_are_put_in_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "told.md").write_text(HEAD + "Say {what}, and {{this}}.\n")
    prompt = load_prompt("told", "what", folder=tmp_path)
    assert prompt.fill(what="{version} {what}") == "Say {version} {what}, and {this}."
    assert prompt.reference == "told@3"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (HEAD + "Say nothing.", "wrong placeholders: what"),
        (HEAD + "Say {what} to {whom}.", "wrong placeholders: whom"),
        (HEAD + "Say {} and {what}.", "wrong placeholders: "),
        (HEAD + "Say {what", "told.md: expected '}'"),
        (HEAD + "\n", "does not begin as a prompt must"),
        ("Say {what}.", "does not begin as a prompt must"),
        ("---\nname: told\n---\nSay {what}.", "does not begin as a prompt must"),
        ("---\nname: other\nversion: 1\n---\nSay {what}.", "says that its name is 'other'"),
    ],
)
def test_a_prompt_that_does_not_fit_is_refused_by_name(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "told.md").write_text(text)
    with pytest.raises(BadRequest) as refused:
        load_prompt("told", "what", folder=tmp_path)
    assert problem in refused.value.problem and "told.md" in refused.value.problem


def test_a_missing_prompt_is_told(tmp_path: Path) -> None:
    with pytest.raises(Missing, match=r"The prompt told\.md is missing"):
        load_prompt("told", folder=tmp_path)
