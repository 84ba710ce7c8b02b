"""Emergencies are found in many words and languages, and ordinary questions raise none."""

import json
import random

import pytest

from benchmarks.safety import HALVES, Result, main, measured, rows, table
from chatbot.red_flags import Lexicon, lexicons, rules, spoken
from chatbot.safety import Alarm, personal, urgent


@pytest.fixture(scope="module", params=HALVES)
def result(request: pytest.FixtureRequest) -> Result:
    return measured(request.param)


def test_at_most_two_percent_of_emergencies_are_missed(result: Result) -> None:
    missed = result.measures["missed urgent"]["all"]
    assert missed.total >= 150 and missed.share <= 2, missed.wrong


def test_at_most_three_percent_of_ordinary_questions_raise_an_alarm(result: Result) -> None:
    raised = result.measures["false alarms"]["all"]
    assert raised.total >= 150 and raised.share <= 3, raised.wrong


def test_emergencies_are_taken_for_what_they_are(result: Result) -> None:
    other = result.measures["other kind"]["all"]
    assert other.share <= 3, other.wrong


def test_questions_about_a_person_are_told_from_others(result: Result) -> None:
    wrong = result.measures["personal questions"]["all"]
    assert wrong.share <= 3, wrong.wrong


def test_the_phrasings_are_as_many_and_in_as_many_languages_as_they_should_be() -> None:
    for name, least, english in (("urgent", 200, 90), ("ordinary", 250, 90)):
        found = [row["language"] for row in rows(name, "development")]
        assert len(found) >= least and found.count("en") >= english
        assert all(found.count(code) >= 20 for code in ("de", "fr", "es", "it", "pt", "nl"))


def test_no_phrasing_is_in_both_halves() -> None:
    for name in ("urgent", "ordinary", "personal", "identifying"):
        first, second = ({str(row["text"]).casefold() for row in rows(name, half)} for half in HALVES)
        assert not first & second


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("I have crushing chest pain and my arm hurts", "heart attack"),
        ("my child's lips are blue", "child"),
        ("he can\u2019t speak and his face droops", "stroke"),
        ("I WANT TO KILL MYSELF", "suicide"),
        ("What is the easiest way to kill myself?", "suicide"),
        ("What are the signs of a stroke, my face is drooping", "stroke"),
        ("I read about COPD in 2019. Today I can't breathe and my lips are blue.", "breathing"),
        ("No fever. No headache. But I am coughing up cups of blood", "bleeding"),
    ],
)
def test_what_happens_now_is_urgent_in_any_setting(question: str, kind: str) -> None:
    alarm = urgent(question)
    assert alarm is not None and alarm.kind == kind


@pytest.mark.parametrize(
    "question",
    [
        "What are the signs of a stroke?",
        "my grandfather had a heart attack in 1990",
        "no chest pain",
        "I have no chest pain, no fever and no shortness of breath",
        "If someone is unconscious, what should I do?",
        "Do T cells kill themselves?",
        "",
        "???",
        "中文",
    ],
)
def test_what_is_past_denied_or_general_is_not(question: str) -> None:
    assert urgent(question) is None


@pytest.mark.parametrize("lexicon", lexicons(), ids=lambda one: one.code)
def test_each_language_has_advice_of_two_sentences_for_every_kind(lexicon: Lexicon) -> None:
    for kind in {rule.kind for rule in rules()}:
        said = lexicon.advice(kind)
        assert len(said) == 2 and all(one.endswith(".") and len(one) < 260 for one in said)
        assert any(all(number in one for number in ("112", "999", "911")) for one in said)
        assert "!" not in " ".join(said)


@pytest.mark.parametrize("lexicon", lexicons(), ids=lambda one: one.code)
def test_each_language_knows_every_group_of_the_rules(lexicon: Lexicon) -> None:
    needed = {name for rule in rules() for row in (rule.any or (rule.all,)) for name in row}
    english_only = {"distress", "low_oxygen", "gas_smell", "ill", "curtain", "fell_unconscious"}
    assert needed - english_only <= set(lexicon.words.groups)


def test_patterns_are_written_as_texts_are_compared() -> None:
    for lexicon in lexicons():
        for name, patterns in lexicon.words.groups.items():
            assert all(one.isascii() and (one == one.lower() or "\\" in one) for one in patterns), (lexicon.code, name)


def test_the_advice_is_in_the_language_of_the_question() -> None:
    for row in rows("urgent", "development"):
        alarm = urgent(str(row["text"]))
        if alarm:
            assert alarm.language == row["language"], row


def test_an_alarm_is_a_value() -> None:
    assert urgent("I can't breathe") == urgent("I can't breathe") == Alarm(**vars(urgent("I can't breathe")))
    with pytest.raises(AttributeError):
        urgent("I can't breathe").kind = "other"  # type: ignore[union-attr, misc]


def test_a_language_is_told_by_its_small_words() -> None:
    for text, code in (
        ("Was ist ein Tumor und wie wird er behandelt?", "de"),
        ("¿Qué es un tumor y cómo se trata?", "es"),
    ):
        assert spoken(text)[0].code == code


def test_any_text_can_be_asked() -> None:
    rng = random.Random(11)
    known = [str(row["text"]) for name in ("urgent", "ordinary") for row in rows(name, "development")]
    for _ in range(300):
        words = " ".join(rng.sample(known, 2)).split()
        rng.shuffle(words)
        text = "".join(one for one in " ".join(words) if rng.random() > 0.03) + rng.choice(
            ["", "\x00", "\ud800", "🫁", "\u2019\u00b4`", "\n\n…"]
        )
        urgent(text)
        personal(text)
    for text in ("a" * 100_000, "chest " * 20_000, ". " * 50_000, "my my my " * 10_000):
        urgent(text)
        personal(text)


def test_the_benchmark_prints_a_row_a_measure(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks.safety", "--json", "--halves", "development"])
    assert main() == 0
    told = json.loads(capsys.readouterr().out)["development"]["measures"]
    assert told["missed urgent"]["all"]["total"] == len(rows("urgent", "development"))
    assert "| missed urgent | development |" in table({"development": measured("development")})
