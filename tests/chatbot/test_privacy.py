"""What tells who a person is goes; what only looks like it stays."""

import random
import re

import pytest

from benchmarks.safety import HALVES, measured, rows
from chatbot.privacy import Masked, mask

KINDS = {"name", "date of birth", "phone", "e-mail", "address", "number"}


@pytest.mark.parametrize("half", HALVES)
def test_details_vanish_and_medicine_stays(half: str) -> None:
    result = measured(half)
    left, lost = result.measures["details left"]["all"], result.measures["wrongly masked"]["all"]
    assert left.total >= 80 and left.share <= 2, left.wrong
    assert lost.total >= 60 and lost.share <= 2, lost.wrong


@pytest.mark.parametrize("half", HALVES)
def test_a_text_without_details_is_unchanged(half: str) -> None:
    for row in rows("identifying", half):
        if not row["gone"]:
            assert mask(str(row["text"])) == Masked(str(row["text"])), row


@pytest.mark.parametrize("name", ["urgent", "ordinary"])
def test_questions_are_sent_as_they_are_asked(name: str) -> None:
    changed = [row["text"] for half in HALVES for row in rows(name, half) if mask(str(row["text"])).found]
    assert len(changed) <= 2, changed


@pytest.mark.parametrize(
    ("text", "masked", "found"),
    [
        ("My name is John Doe.", "My name is [name].", ("name",)),
        ("John Doe, born 3 May 1961", "[name], born [date of birth]", ("date of birth", "name")),
        ("Mail jane@example.org or call +44 7700 900123", "Mail [e-mail] or call [phone]", ("e-mail", "phone")),
        ("MRN: 00482913 at 12 Oak Street", "MRN: [number] at [address]", ("number", "address")),
        ("Mr Brown coughs. Brown smokes.", "Mr [name] coughs. [name] smokes.", ("name", "name")),
    ],
)
def test_each_detail_leaves_its_kind(text: str, masked: str, found: tuple[str, ...]) -> None:
    got = mask(text)
    assert got.text == masked and sorted(got.found) == sorted(found)


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112 fails its check digit",
        "GB29 NWBK 6016 1331 9268 18 fails its check digits",
        "PMID: 12345678901 and doi:10.1056/NEJMoa1102873",
        "CT on 12 March 2024, guideline of 2021",
        "Gleason 3+4, pT2 N1 M0, Ki-67 20 %, HER2 2+",
        "Dr said that it is nothing",
        "My mother has Alzheimer disease and my father Parkinson's",
    ],
)
def test_numbers_dates_and_names_of_medicine_stay(text: str) -> None:
    assert mask(text) == Masked(text)


def test_somebody_called_like_a_disease_is_masked_when_introduced() -> None:
    assert mask("My name is James Parkinson and I have Parkinson disease").text == (
        "My name is [name] and I have Parkinson disease"
    )


def test_masking_again_changes_nothing() -> None:
    for half in HALVES:
        for row in rows("identifying", half):
            once = mask(str(row["text"])).text
            assert mask(once) == Masked(once)


def test_any_text_can_be_masked() -> None:
    rng = random.Random(7)
    known = [str(row["text"]) for row in rows("identifying", "development")]
    letters = "abz ABZ09.,:;/-@+()[]'\"\n\t|éßñ–—…😀\u200bب\\ <>#%&=?!\x00\ud800"
    for at in range(600):
        if at % 2:
            text = "".join(rng.choice(letters) for _ in range(rng.randrange(200)))
        else:
            first, second = rng.sample(known, 2)
            text = "".join(one for one in f"{first[: rng.randrange(len(first))]} {second}" if rng.random() > 0.02)
        once = mask(text)
        assert set(once.found) <= KINDS
        assert mask(once.text).text == once.text, text
        assert len(re.findall(r"\[(?:name|number)\]", once.text)) <= len(once.found) + text.count("[")


@pytest.mark.parametrize(
    "text", ["O'" * 10_000, "1-" * 20_000, "a." * 20_000, "Anna " * 5_000, "A-" * 10_000, "+1 " * 10_000]
)
def test_long_texts_do_not_stall(text: str) -> None:
    assert mask(text).text
