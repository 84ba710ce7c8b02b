"""What a sentence says against the passages that it cites."""

import pytest

from chatbot.cite import check, numbers, parse, quote
from chatbot.types import Cited, Evidence

LUNG = Evidence(
    "Pneumothorax",
    "library:pneumothorax",
    "Lightbox library",
    "Pneumothorax is air in the pleural space. [1] It does not always need treatment. [1] "
    "A large one is drained with a tube. [1, 2] "
    "Smoking increases the risk by about 20 times. [2] Small ones are watched for 2 to 4 weeks. [2] "
    "In one trial of 1,250 patients, 8.5 per cent came back. [3]",
    0,
    300,
    "library",
)
SCREENING = Evidence(
    "Screening",
    "https://example.org/screening",
    "example.org",
    "Yearly low-dose CT is recommended for adults aged 50 to 80 years. "
    "Nivolumab is given after surgery at some centres.",
    0,
    100,
    "web",
)
EVIDENCE = (LUNG, SCREENING)


@pytest.mark.parametrize(
    "text",
    [
        "Pneumothorax is air in the space around the lung, the pleural space [1].",
        "A pneumothorax does not always need treatment [1].",
        "A large pneumothorax is drained with a tube [1].",
        "Smoking raises the risk of a pneumothorax about twenty times [1].",
        "Small ones are watched for two to four weeks [1].",
        "Of 1250 patients in one trial, 8.5 % came back [1].",
        "Low-dose CT every year is recommended for adults from 50 to 80 [2].",
        "Nivolumab is given after surgery at some centres [2].",
        "One page says that it is “air in the pleural space” [1].",
    ],
)
def test_what_the_passage_says_stands(text: str) -> None:
    [said] = parse(text, 2)
    checked = check(said, EVIDENCE)
    assert checked.struck is None
    assert all(
        words and words in EVIDENCE[at - 1].excerpt for at, words in zip(checked.cites, checked.quotes, strict=True)
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Pneumothorax is air in the pleural space.", "cites no source"),
        ("A pneumothorax always needs treatment [1].", "with a negation"),
        ("Smoking does not increase the risk by about 20 times [1].", "without a negation"),
        ("Smoking decreases the risk by about 20 times [1].", "the opposite"),
        ("Smoking raises the risk about 30 times [1].", "30"),
        ("Small ones are watched for 2 to 4 days [1].", "4 day"),
        ("A large one is drained with amoxicillin [1].", "amoxicillin"),
        ("A large one is drained at Heidelberg with a tube [1].", "Heidelberg"),
        ("A large pneumothorax is a sign of tuberculosis, cancer and cystic fibrosis [1].", "too little"),
        ("You have a pneumothorax [1].", "speaks of a person"),
        ("You should take two tablets of the medicine [1].", "speaks of a person"),
        ("Nivolumab is given after surgery at 240 mg every two weeks [2].", "dose"),
        ("It is “air in the abdominal cavity” [1].", "does not say"),
        ("Adults aged 55 to 80 years are recommended yearly low-dose CT [2].", "55"),
    ],
)
def test_what_the_passage_does_not_say_is_struck(text: str, reason: str) -> None:
    [said] = parse(text, 2)
    struck = check(said, EVIDENCE).struck
    assert struck is not None and reason in struck


def test_a_dose_is_for_professionals_alone_and_only_as_the_source_has_it() -> None:
    source = Evidence(
        "Trial", "https://example.org", "example.org", "Nivolumab 240 mg every two weeks was given.", 0, 44, "web"
    )
    said = Cited("Nivolumab 240 mg every two weeks was given.", (1,))
    assert check(said, [source], mode="professional").struck is None
    assert check(said, [source]).struck is not None
    assert check(Cited("Nivolumab 480 mg every two weeks was given.", (1,)), [source], mode="professional").struck


def test_numbers_that_no_passage_has_are_dropped_from_the_citations() -> None:
    assert [one.cites for one in parse("One thing [1][7]. Another [3, 2]. A third (see [12]).", 2)] == [(1,), (2,), ()]


def test_citations_stand_before_or_behind_the_full_stop() -> None:
    before, behind = parse("One thing [1]. Another thing. [2] [1]", 2)
    assert (before.text, before.cites) == ("One thing.", (1,))
    assert (behind.text, behind.cites) == ("Another thing.", (2, 1))


def test_numbers_are_compared_in_one_notation() -> None:
    assert numbers("1,250 patients, 8.5 per cent, twenty years, 3,5 cm") == {
        ("1250", ""), ("8.5", "%"), ("20", "year"), ("3.5", "cm"),
    }  # fmt: skip


def test_the_quote_is_verbatim() -> None:
    assert quote("A tube drains a large pneumothorax.", LUNG) == "A large one is drained with a tube."
    assert quote("Nothing alike whatsoever", LUNG) == ""
