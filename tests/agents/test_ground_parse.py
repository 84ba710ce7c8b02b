"""Model text → sentences with their citations."""

import pytest

from agents.ground import parse

ONE = "The model gives bacterial pneumonia a score of 82.3 %."


def cut(text: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.text, one.cites) for one in parse(text)]


@pytest.mark.parametrize(
    "text",
    [
        "The model gives bacterial pneumonia a score of 82.3 % [F1].",
        "The model gives bacterial pneumonia a score of 82.3 %. [F1]",
        "The model gives bacterial pneumonia a score of 82.3 %.[F1]",
        "The model gives bacterial pneumonia a score of 82.3 % [ F1 ] .",
        "[F1] The model gives bacterial pneumonia a score of 82.3 %.",
        "- The model gives bacterial pneumonia a score of **82.3 %** [F1].",
        "2. The model gives `bacterial pneumonia` a score of 82.3 % [F1].",
    ],
)
def test_a_citation_may_stand_before_or_after_the_full_stop(text: str) -> None:
    assert cut(text) == [(ONE, ("F1",))]


@pytest.mark.parametrize("cites", ["[F1][F2]", "[F1] [F2]", "[F1, F2]", "[F1; F2]", "[F1 and F2]", "[F1,F2][F1]"])
def test_several_citations(cites: str) -> None:
    assert cut(f"Both scores differ {cites}.") == [("Both scores differ.", ("F1", "F2"))]


def test_citations_inside_a_sentence_belong_to_it() -> None:
    assert cut("It gives 82.3 % [F1], and 11.5 % to the next [F2].") == [
        ("It gives 82.3 %, and 11.5 % to the next.", ("F1", "F2"))
    ]


def test_citations_after_a_full_stop_belong_to_the_sentence_before() -> None:
    assert cut("One thing. [F1] Another thing. [F2][F3] A third.") == [
        ("One thing.", ("F1",)),
        ("Another thing.", ("F2", "F3")),
        ("A third.", ()),
    ]


def test_a_question_is_one_sentence_with_its_answer() -> None:
    assert cut("How good is it? It got 81.4 % right [F11]. Why? [F2] So what?") == [
        ("How good is it? It got 81.4 % right.", ("F11",)),
        ("Why?", ("F2",)),
        ("So what?", ()),
    ]


def test_citations_that_open_a_line_belong_to_the_sentence_that_follows() -> None:
    assert cut("[F1] One thing. [F2] Another thing.") == [("One thing.", ("F1",)), ("Another thing.", ("F2",))]


@pytest.mark.parametrize(
    "text",
    [
        "It has 82.3 percent, i.e. the highest score [F1].",
        "It is No. 3 of 3 classes [F1].",
        "It has approx. 82 % [F1].",
        "It is the highest vs. 11.5 % for the next [F1].",
        "Das sind z. B. 82,3 % [F1].",
        "The top tenths share 0.5 of 1.0 [F1].",
    ],
)
def test_full_stops_that_end_no_sentence(text: str) -> None:
    assert len(parse(text)) == 1


def test_sentences_and_lines_are_cut_apart() -> None:
    found = cut("A is so [F1]. B is so! [F2] Is C so? [F3]\n\nD is so [F4]\nモデルは。[F5]次に。")
    assert [cites for _, cites in found] == [("F1",), ("F2",), ("F3",), ("F4",), ("F5",), ()]


@pytest.mark.parametrize("text", ["", "  \n ", "[F1]", "...", "- \n* \n"])
def test_what_has_no_words_is_no_sentence(text: str) -> None:
    assert parse(text) == ()
