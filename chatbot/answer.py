"""A medical question, answered from evidence that was found for it, or not at all."""

import json
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from agents.llm import LanguageModel, Message
from agents.prompts import load_prompt
from agents.unavailable import Unavailable
from chatbot.cite import check, parse
from chatbot.conflicts import conflicts
from chatbot.extract import extract
from chatbot.instructions import sound
from chatbot.lay import plain
from chatbot.privacy import mask
from chatbot.refuse import Judge
from chatbot.safety import personal, urgent
from chatbot.search.meanings import Meanings
from chatbot.types import Answer, Cited, Evidence, Mode, Source, Wanted
from chatbot.words import terms, words
from diagnosis.errors import BadRequest, UserError

ABSTENTION = "I cannot answer that from the evidence I have."
PROMPTS = Path(__file__).parent / "prompts"
LENGTHS: dict[Mode, str] = {
    "general": "four to eight sentences",
    "plain": "four to seven sentences",
    "professional": "five to ten sentences",
}
OWN = "a document of the visitor"
LONGEST = 2000  # characters of a question
FOUND = 8  # passages that an answer may rest on
MEASURED = 2  # sentences of a reading that an answer begins with
REMEMBERED = 4  # earlier questions that a later one may lean on
STANDS = 0.5  # share of a language model's sentences that must stand
PERSONAL = {
    "dose": "Lightbox gives no dose for a person: ask a pharmacist, a doctor, or the leaflet of the medicine.",
    "diagnosis": "Nobody can tell from here what a person has: this is what is known in general.",
    "private person": "Lightbox looks up nothing about private people.",
}
REFUSED = frozenset({"dose", "private person"})
LEANING = frozenset(("it", "its", "that", "this", "they", "them", "these", "those", "there", "he", "she", "one"))


@dataclass(frozen=True)
class Asked:
    """What a question is asked with.

    Attributes:
        history: earlier answers, the oldest first.
        reading: what was measured of an image, as evidence, where the visitor wants it to be used.
        cancel: set it to stop the language model.
    """

    mode: Mode = "general"
    wanted: Wanted = field(default=Wanted())
    history: tuple[Answer, ...] = ()
    reading: Evidence | None = None
    cancel: threading.Event | None = None


@dataclass(frozen=True)
class Desk:
    """What a question is answered with.

    Attributes:
        judge: decides whether what the sources found is enough.
        model: None for sentences of the passages themselves.
    """

    sources: tuple[Source, ...]
    judge: Judge
    model: LanguageModel | None = None


def ask(question: str, desk: Desk, asked: Asked | None = None) -> Iterator[Answer]:
    """Answers that grow: advice for an emergency, what was found, sentences as they can be checked, the last one whole.

    Without a language model, or when it fails or says too little that is in the passages, sentences of the passages
    themselves answer. Identifying details are masked before anything is sent. Without evidence no model is asked.

    Raises:
        BadRequest: the question is empty or too long.
    """
    asked = asked or Asked()
    question = require_question(question)
    alarm, kind, masked = urgent(question), personal(question), mask(question)
    answer = Answer(question, masked.text, asked.mode, urgent=alarm.advice if alarm else None)
    if masked.found:
        answer = _noted(answer, "Details that could identify a person were taken out before anything was looked up.")
    if kind is not None:
        answer = _noted(answer, PERSONAL[kind])
    if kind in REFUSED:
        yield replace(answer, abstained=True, done=True)
        return
    if answer.urgent:
        yield answer
    answer = _completed(answer, desk.model, asked)
    answer = _found(answer, desk.sources, asked)
    verdict = desk.judge.enough(answer.sent, answer.evidence)
    if not verdict.enough:
        yield replace(_noted(answer, verdict.why), abstained=True, done=True)
        return
    yield answer
    if desk.model is None:
        yield _extracted(answer, desk.judge)
        return
    yield from _written(answer, desk.model, desk.judge, asked)


def require_question(question: str) -> str:
    """The question without blanks around it. Raises BadRequest where it is empty or too long."""
    question = question.strip()
    if not question:
        raise BadRequest("The question is empty.", "Type one, for example: How is a collapsed lung treated?")
    if len(question) > LONGEST:
        raise BadRequest(f"The question has {len(question)} characters.", f"Ask it in at most {LONGEST}.")
    return question


def _noted(answer: Answer, note: str) -> Answer:
    return answer if note in answer.notes else replace(answer, notes=(*answer.notes, note))


def _completed(answer: Answer, model: LanguageModel | None, asked: Asked) -> Answer:
    """With a question that can be looked up on its own: "How is it treated?" takes its subject from what was asked."""
    earlier = [one for one in asked.history if one.done][-REMEMBERED:]
    subject = _subject(earlier, asked.reading)
    if not subject or not leans(answer.sent):
        return answer
    if model is not None and earlier:
        told = [{"question": one.sent, "answer": mask(one.text[:600]).text} for one in earlier]
        data = json.dumps({"earlier": told, "last_question": answer.sent}, ensure_ascii=False)
        rules = load_prompt("complete", folder=PROMPTS).text
        reply = model.stream([Message("system", rules), Message("user", data)], kind="complete", cancel=asked.cancel)
        try:
            text = " ".join("".join(reply).split())
        except Unavailable:
            text = ""
        answer = replace(answer, ledger=answer.ledger + reply.ledger)
        if 0 < len(text) <= 300:
            return replace(answer, sent=mask(text).text)
    return replace(answer, sent=f"{answer.sent} ({subject})")


def leans(question: str) -> bool:
    """Whether a question cannot be understood without what was said before it."""
    said, own = words(question), set(terms(question))
    return len(own) <= 1 or (len(own) <= 3 and (bool(LEANING & set(said)) or said[:1] in (("and",), ("also",))))


def _subject(earlier: Sequence[Answer], reading: Evidence | None) -> str:
    """What was talked about last: the title of the passage that the last answer rests on most.

    The name of a visitor's own document is not among them: it may name a person, and the subject is sent elsewhere.
    """
    for answer in reversed(earlier):
        cited = (answer.evidence[at - 1] for at in answer.cited)
        if found := next((one for one in cited if one.kind != "document"), None):
            return found.title
    return reading.title if reading is not None else ""


def _found(answer: Answer, sources: Sequence[Source], asked: Asked) -> Answer:
    """With the evidence of all sources, each passage once; one that cannot be asked leaves a note."""
    wants = replace(asked.wanted, papers=asked.mode == "professional")
    wanted = [source for source in sources if source.kind in wants.kinds]
    lists: list[Sequence[Evidence]] = []
    with ThreadPoolExecutor(max(1, len(wanted))) as pool:
        running = [(source, pool.submit(source.find, _for(source, answer), wants, FOUND)) for source in wanted]
        for source, future in running:
            try:
                lists.append(future.result())
            except UserError as error:
                answer = _noted(answer, str(error))
            if source.host is not None:
                answer = replace(answer, searched=(*answer.searched, source.host))
    evidence = merged(lists)[:FOUND]
    if asked.reading is not None:
        evidence = (*evidence[: FOUND - 1], asked.reading)
    return replace(answer, evidence=evidence)


def _for(source: Source, answer: Answer) -> str:
    """The question in the words of the field where it is looked up on this machine, and as it is shown elsewhere."""
    return plain(answer.sent) if source.host is None else answer.sent


def merged(lists: Sequence[Sequence[Evidence]]) -> tuple[Evidence, ...]:
    """The passages of several searches in turn, the best of each first; each passage once."""
    ranked = sorted(
        ((rank, -one.score, at, one) for at, found in enumerate(lists) for rank, one in enumerate(found)),
        key=lambda one: one[:3],
    )
    return tuple({one.id: one for *_, one in ranked}.values())


def _extracted(answer: Answer, judge: Judge) -> Answer:
    said = tuple(check(one, answer.evidence, mode=answer.mode) for one in _own(answer, judge.meanings))
    said = tuple(one for one in said if one.struck is None)
    if not said:
        return replace(answer, abstained=True, done=True)
    return _whole(replace(answer, sentences=(*said, *answer.struck), written_by="extracts"))


def _own(answer: Answer, meanings: Meanings | None) -> tuple[Cited, ...]:
    """Sentences of the passages, and before them those of the reading where one is used."""
    question = plain(answer.sent)
    found = tuple(one for one in answer.evidence if one.kind != "reading")
    said = extract(question, found, answer.mode, meanings)
    if len(found) == len(answer.evidence):
        return said
    at = len(answer.evidence)
    measured = extract(question, answer.evidence[-1:], "plain", meanings)[:MEASURED]
    told = sorted(measured, key=lambda one: answer.evidence[-1].excerpt.find(one.text))  # as they were measured
    return (*(replace(one, cites=(at,)) for one in told), *said)


def _whole(answer: Answer) -> Answer:
    """With what the sources say against each other, where the answer rests on one of them."""
    found = conflicts(answer.evidence, range(1, len(answer.evidence) + 1))
    cited = set(answer.cited)
    return replace(answer, conflicts=tuple(one for one in found if cited & set(one[:2])), done=True)


def _written(answer: Answer, model: LanguageModel, judge: Judge, asked: Asked) -> Iterator[Answer]:
    """The language model's sentences, each checked as soon as it is whole."""
    reply = model.stream(_messages(answer), kind="answer", cancel=asked.cancel)
    begun, text = replace(answer, written_by=model.name), ""
    before = answer.ledger
    try:
        for piece in reply:
            text += piece
            said = tuple(check(one, answer.evidence, mode=answer.mode) for one in _parsed(text, answer)[:-1])
            yield replace(begun, sentences=said, ledger=before + reply.ledger)
    except Unavailable as error:
        noted = _noted(replace(answer, ledger=before + reply.ledger, usage=reply.usage), str(error))
        yield _extracted(noted, judge)
        return
    begun = replace(begun, ledger=before + reply.ledger, usage=reply.usage)
    if text.strip().startswith(ABSTENTION):
        yield replace(begun, abstained=True, done=True)
        return
    said = tuple(check(one, answer.evidence, mode=answer.mode) for one in _parsed(text, answer))
    begun = replace(begun, sentences=said)
    if sum(one.struck is None for one in said) >= max(1, STANDS * len(said)):
        yield _whole(begun)
        return
    why = f"Too little of what {model.name} wrote is in the sources: these are the sources' own sentences."
    struck = replace(begun, sentences=begun.struck)
    yield _extracted(_noted(struck, why), judge)


def _parsed(text: str, answer: Answer) -> tuple[Cited, ...]:
    return parse(text, len(answer.evidence))


def _messages(answer: Answer) -> list[Message]:
    """The rules, then the question and the passages as data."""
    reader = load_prompt(answer.mode, folder=PROMPTS).text
    rules = load_prompt("answer", "abstention", "reader", "length", folder=PROMPTS)
    filled = rules.fill(abstention=ABSTENTION, reader=reader, length=LENGTHS[answer.mode])
    passages = [{"number": at, **_outgoing(one)} for at, one in enumerate(answer.evidence, 1)]
    data = json.dumps({"question": answer.sent, "passages": passages}, ensure_ascii=False, indent=1)
    return [Message("system", filled), Message("user", data)]


def _outgoing(one: Evidence) -> dict[str, str | None]:
    """What a language model is told of a passage. A visitor's own document goes without its name, and masked."""
    if one.kind == "document":
        return {"title": OWN, "passage": mask(sound(one.excerpt)).text}
    facts = {"title": one.title, "section": one.heading, "site": one.site, "published": one.published}
    return {**facts, "passage": sound(one.excerpt)}
