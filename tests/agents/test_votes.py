"""The vote of similar cases in words, tools, reports and their verification."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from agents.explain import explain
from agents.facts import facts_json
from agents.followup import ask
from agents.ground import check
from agents.intents import answer, intent_of
from agents.limits import untold
from agents.llm import LanguageModel
from agents.narrate import narrate
from agents.report.markdown import as_markdown
from agents.report.record import Report, digest
from agents.tools import Aids, call
from agents.turns import Turn
from agents.types import Length, Reader, Sentence
from agents.ui.pieces import conversation, explanation
from agents.verify import verify
from diagnosis.findings import OPINIONS, Finding
from diagnosis.models import Models
from diagnosis.notices import LIKENESS_NOTICE
from diagnosis.readers import read_study
from diagnosis.reading import Reading, read
from diagnosis.ui.pieces import facts, finding_anchor
from tests.agents.endpoint import Endpoint, calls, says
from tests.agents.readings import LIBRARY, WEIGHTS, voted, voted_readings

READINGS = voted_readings()
IMAGE = WEIGHTS.parent / "examples" / "histology" / "phantom-benign-glands.jpg"
MADE = datetime(2026, 3, 4, tzinfo=UTC)


def of(name: str, kind: str) -> Finding:
    return next(one for one in READINGS[name].findings if one.kind == kind)


def struck(name: str, kind: str, text: str) -> str | None:
    return check([Sentence(text, (of(name, kind).id,))], READINGS[name])[0].struck


TRUE = [
    ("voted-agree", "vote", "Seven of the ten nearest cases are called bacterial pneumonia, as the model says."),
    ("voted-agree", "vote", "The similar cases agree with the model."),
    ("voted-agree", "vote", "70 % of the similar cases are called bacterial pneumonia."),
    ("voted-agree", "vote_tested", "Such a vote was right for 78 % of 624 test images."),
    ("voted-agree", "vote_tested", "The vote's accuracy of 78.2 % is more than the 48.5 % of the commonest class."),
    ("voted-conflict", "vote_conflict", "The similar cases contradict the model."),
    ("voted-conflict", "vote_conflict", "Only 4 of the 10 most similar cases are called viral pneumonia."),
    ("voted-conflict", "vote_conflict", "The neighbours favour bacterial pneumonia, with 6 votes of 10."),
    ("voted-conflict", "vote_conflict", "Likeness to a case is not the probability of the same disease."),
    ("voted-colon", "vote_conflict", "None of the ten most similar cases is called colon adenocarcinoma."),
    ("voted-unlike", "no_vote", "No similar case was found that could vote."),
]
FALSE = [
    ("voted-agree", "vote", "Eight of the ten nearest cases are called bacterial pneumonia, as the model says."),
    ("voted-agree", "vote", "8 of 10 cases agree with the model's highest score, 82.3 %."),
    ("voted-agree", "vote", "Seven of the ten nearest cases are called viral pneumonia."),
    ("voted-agree", "vote", "The similar cases differ from the model."),
    ("voted-agree", "vote", "7 of the 10 most similar cases are not called bacterial pneumonia."),
    ("voted-agree", "vote", "The probability of bacterial pneumonia is 70 %, as 7 of 10 similar cases show."),
    ("voted-agree", "vote", "Seven of ten similar cases are called bacterial pneumonia, so the patient has it."),
    ("voted-agree", "vote_tested", "Such a vote was right for 88.2 % of 624 test images."),
    ("voted-agree", "vote_tested", "The commonest class alone would be right for 78.2 %."),
    ("voted-agree", "vote_tested", "Such a vote was asked with 724 test images."),
    ("voted-conflict", "vote_conflict", "The similar cases agree with the model."),
    ("voted-conflict", "vote_conflict", "6 of the 10 most similar cases are called viral pneumonia."),
    ("voted-conflict", "vote_conflict", "The neighbours favour viral pneumonia, with 6 votes of 10."),
    ("voted-conflict", "vote_conflict", "Viral pneumonia got 3 of the votes."),
    ("voted-unlike", "no_vote", "A similar case was found."),
    ("voted-unlike", "no_vote", "The nearest case has a cosine of 0.55."),
]


@pytest.mark.parametrize(("name", "kind", "text"), TRUE)
def test_a_vote_may_be_told_in_other_words(name: str, kind: str, text: str) -> None:
    assert struck(name, kind, text) is None


@pytest.mark.parametrize(("name", "kind", "text"), FALSE)
def test_what_the_vote_does_not_say_is_struck(name: str, kind: str, text: str) -> None:
    assert struck(name, kind, text)


def test_every_reader_is_told_of_the_conflict_and_of_what_likeness_is() -> None:
    told_to: dict[Reader, str] = {
        "clinician": "Conflict: 6",
        "student": "differs from",
        "patient": "contradict the model",
    }
    for reader, words in told_to.items():
        for length in get_args(Length):
            told = narrate(READINGS["voted-conflict"], reader, length).text
            assert words in told and LIKENESS_NOTICE in told
    assert LIKENESS_NOTICE not in narrate(replace(READINGS["voted-conflict"], opinions=())).text


def test_a_conflict_must_be_told_and_an_agreement_need_not() -> None:
    kinds = {name: {one.kind for one in untold(reading, [])} & OPINIONS for name, reading in READINGS.items()}
    assert kinds == {
        "voted-agree": set(),
        "voted-conflict": {"vote_conflict"},
        "voted-colon": {"vote_conflict"},
        "voted-unlike": {"no_vote"},
    }


def test_a_language_model_that_hides_the_conflict_is_completed(scripted: Endpoint, model: LanguageModel) -> None:
    reading = READINGS["voted-conflict"]
    text = " ".join(f"{one.statement[:-1]} [{one.id}]." for one in reading.findings if one.kind in ("score", "place"))
    scripted.will(says(text))
    *_, told = explain(reading, model)
    assert told.written_by == "scripted" and not told.struck
    assert "Similar pictures contradict the model: 6 of the 10" in told.text and LIKENESS_NOTICE in told.text


def test_no_digest_is_sent() -> None:
    assert LIBRARY in str(of("voted-agree", "vote").facts) and LIBRARY not in facts_json(READINGS["voted-agree"])


def test_the_tool_asks_the_library_that_it_is_given(readings: dict[str, Reading]) -> None:
    plain, drafts = readings["clear-bacterial"], READINGS["voted-agree"].opinions
    reading, step = call(plain, "similar_cases", {}, Aids(lambda asked: drafts if asked == plain else ()))
    assert [one.kind for one in step.findings] == ["vote", "vote_tested", "vote_balanced"]
    assert [one.id for one in reading.findings] == [f"F{at + 1}" for at in range(len(reading.findings))]
    told = [Sentence(one.statement, (one.id,)) for one in reading.added]
    assert not [one for one in check(told, reading) if one.struck]


def test_what_stands_beside_the_reading_keeps_its_ids() -> None:
    reading = READINGS["voted-agree"]
    again, step = call(reading, "similar_cases", {}, Aids(lambda _: reading.opinions))
    assert again == reading and [one.id for one in step.findings] == ["F13", "F14", "F15"]


def test_without_a_library_the_tool_says_so(readings: dict[str, Reading]) -> None:
    reading, step = call(readings["clear-bacterial"], "similar_cases", {})
    assert reading == readings["clear-bacterial"] and not step.findings
    assert (
        step.error == "There is no case library to compare this image with. Build one with `python -m retrieval build`."
    )


@pytest.mark.parametrize(
    "question",
    [
        "Show similar cases",
        "Do similar cases agree?",
        "What do the neighbours say?",
        "Gibt es ähnliche Fälle?",
        "A second opinion?",
    ],
)
def test_questions_about_similar_cases(readings: dict[str, Reading], question: str) -> None:
    plain, drafts = readings["narrow-viral"], READINGS["voted-conflict"].opinions
    assert intent_of(question, plain) == "similar"
    turn = answer(question, plain, Aids(lambda _: drafts))
    assert turn.text.startswith("6 of the 10 most similar cases") and turn.text.endswith(LIKENESS_NOTICE)
    assert turn.cited == ("F13", "F14", "F15")
    assert "There is no case library" in answer(question, plain).text


def test_how_sure_it_is_includes_the_vote() -> None:
    assert "differs from the model's highest score" in answer("How sure is it?", READINGS["voted-conflict"]).text


def test_a_language_model_uses_the_tool(scripted: Endpoint, model: LanguageModel, readings: dict[str, Reading]) -> None:
    true = "The similar cases contradict the model: 6 of 10 are called bacterial pneumonia [F13]."
    scripted.will(calls("similar_cases", {}), says(true, " All of them agree [F13]."))
    drafts = READINGS["voted-conflict"].opinions
    *_, turn = ask("Do others agree?", readings["narrow-viral"], model, aids=Aids(opinion=lambda _: drafts))
    assert turn.steps[0].called == "similar_cases()" and [one.id for one in turn.findings] == ["F13", "F14", "F15"]
    assert [one.struck is None for one in turn.sentences] == [True, False]
    scripted.will(calls("similar_cases", {}), says("The score is 47.4 % [F1]."))
    *_, turn = ask("Do others agree?", readings["narrow-viral"], model)
    assert turn.steps[0].error and "There is no case library" in turn.steps[0].error


def test_rows_of_old_answers_and_of_the_vote_have_anchors_of_their_own(readings: dict[str, Reading]) -> None:
    plain = readings["clear-bacterial"]
    before = answer("What about the lower left?", plain)
    beside = voted(plain, {"viral_pneumonia": 6, "bacterial_pneumonia": 4})
    after = answer("What about the upper right?", beside)
    page = facts(beside) + conversation((before, after)) + explanation(narrate(beside), beside)
    rows = [part.partition('"')[0] for part in page.split('<tr id="')[1:]]
    assert len(rows) == len(set(rows)) == len(beside.findings) + len(before.findings) + len(after.findings)
    links = {part.partition('"')[0] for part in page.split('href="#')[1:]}
    assert links <= set(rows) and finding_anchor(plain, "F1") == finding_anchor(beside, "F1")


def test_an_answer_from_before_the_vote_is_another_conversation(readings: dict[str, Reading]) -> None:
    plain = readings["clear-bacterial"]
    before: Turn = answer("What about the lower left?", plain)
    *_, turn = ask("What about the lower left?", READINGS["voted-agree"], None, (before,))
    assert [one.id for one in turn.findings] == ["F16", "F17"]


@pytest.fixture(scope="module")
def tile() -> Reading:
    models = Models(WEIGHTS)
    *_, reading = read(
        read_study(IMAGE),
        models.classifier("lung-colon"),
        methods=("grad-cam",),
        record=models.record("lung-colon"),
        anatomy=models.anatomy,
        gate=models.check,
    )
    return voted(reading, {"lung_benign": 8, "colon_benign": 2})


@pytest.fixture(scope="module")
def report(tile: Reading) -> Report:
    return Report.of(tile, narrate(tile), MADE)


def test_a_report_takes_the_vote_along(report: Report) -> None:
    conflict, beside_set, *quality = [one.kind for one in report.opinions]
    assert conflict == "vote_conflict" and beside_set in ("vote_in_set", "vote_outside_set")
    assert quality == ["vote_tested", "vote_balanced"]
    assert report.library == LIBRARY and LIKENESS_NOTICE in report.notices
    printed = as_markdown(report)
    assert "8 of the 10 most similar cases" in printed and "8 cases" in printed and LIBRARY in printed
    assert Report.model_validate_json(report.as_json()) == report


def test_a_vote_is_taken_again_where_its_library_is_here(report: Report, tile: Reading) -> None:
    assert verify(report, IMAGE, Models(WEIGHTS), lambda _: tile.opinions) == []
    other = voted(tile, {"lung_benign": 7, "colon_benign": 3})
    found = {one.part for one in verify(report, IMAGE, Models(WEIGHTS), lambda _: other.opinions)}
    vote = report.opinions[0].id
    assert {f"finding {vote}, value", f"finding {vote}, statement", "words, sentence"} <= found


def test_without_its_library_a_vote_stands_as_it_is_recorded(report: Report) -> None:
    assert verify(report, IMAGE, Models(WEIGHTS)) == []


def _count(vote: dict[str, Any]) -> None:
    vote["value"] = 10.0


def _statement(vote: dict[str, Any]) -> None:
    vote["statement"] = "The tissue is healthy."


def _injected(vote: dict[str, Any]) -> None:
    vote["facts"]["title"] = "benign lung tissue. The patient is healthy"


def _grouped(vote: dict[str, Any]) -> None:
    vote["facts"]["group"] = "healthy patients"


def _scored(vote: dict[str, Any]) -> None:
    vote["facts"]["other_value"] = 12.0


@pytest.mark.parametrize("change", [_count, _statement, _injected, _grouped, _scored])
def test_even_then_no_other_sentence_passes_for_one(report: Report, change: Callable[[dict[str, Any]], None]) -> None:
    record = report.model_dump(mode="json", by_alias=True)
    change(next(one for one in record["reading"]["findings"] if one["kind"] == "vote_conflict"))
    changed = Report.model_validate(record)
    fitting = {name: digest(getattr(changed, name)) for name in ("reading", "words", "model")}
    found = verify(Report.model_validate(record | {"digests": fitting}), IMAGE, Models(WEIGHTS))
    assert any(one.part.startswith("finding ") for one in found)
