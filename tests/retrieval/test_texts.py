"""The sentences that the encoder learns from and those that it is measured with."""

import re

from benchmarks.retrieval import DESCRIPTIONS
from retrieval.training.corpus import Item
from retrieval.training.texts import FOLDER, case_sentences, class_sentences, held_out
from tests.conftest import ROOT

SMALL = set(
    re.findall(r"\w+", "a an and as at be by for from in is it its no not of on one or s so than that the this to")
)
SMALL |= {"with", "without"}


def words_of(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9&]+", text.lower())) - SMALL


def all_sentences() -> dict[str, tuple[str, ...]]:
    return class_sentences(limit=10**6)


def test_every_class_has_many_sentences_and_at_least_six_descriptions_set_aside() -> None:
    made, asked, val = class_sentences(200), held_out(DESCRIPTIONS), held_out(FOLDER / "val.toml")
    assert made.keys() == asked.keys() == val.keys() and len(made) == 26
    assert all(len(set(some)) == 200 for some in made.values())
    assert all(len(set(some)) >= 6 for some in asked.values())


def test_no_description_is_a_training_sentence_and_new_words_are_new_to_their_class() -> None:
    learnt = all_sentences()
    for label, some in held_out(DESCRIPTIONS).items():
        assert not {text.lower() for text in some} & {sentence.lower() for sentence in learnt[label]}
    words = {label: set().union(*map(words_of, some)) for label, some in learnt.items()}
    for label, some in held_out(DESCRIPTIONS, "new_words").items():
        assert not {text: words_of(text) & words[label] for text in some if words_of(text) & words[label]}


def test_what_steers_training_is_not_what_measures_it() -> None:
    val = {text for some in held_out(FOLDER / "val.toml").values() for text in some}
    assert not val & {text for some in held_out(DESCRIPTIONS).values() for text in some}


def test_the_same_seed_makes_the_same_sentences() -> None:
    assert class_sentences(50) == class_sentences(50) != class_sentences(50, seed=1)


def test_a_case_speaks_by_its_caption_first_and_never_by_nothing() -> None:
    row = {
        "path": "a.jpg",
        "plane": "Axial",
        "modality": "CT",
        "location": "Chest, Pulmonary",
        "region": "Thorax",
        "diagnosis": "Cyst",
        "sex": "male",
        "age": "40",
        "caption": "A round cyst. It is thin.",
        "findings": "",
    }
    item = Item("medpix_cases", ROOT, "", "medpix_cases/c", "train", row)
    sentences = case_sentences(item)
    assert sentences[0] == "A round cyst. It is thin." and "Axial CT, Chest, Pulmonary, Cyst" in sentences
    assert all(sentences) and len(set(sentences)) == len(sentences)
