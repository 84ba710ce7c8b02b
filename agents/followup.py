"""A question about a reading, answered by a language model that uses the tools, or by the intents without one."""

import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace

from agents.explain import Draft, require_language
from agents.intents import answer, answering
from agents.llm import LanguageModel, without_thoughts
from agents.talk import ABSTENTION, Talk
from agents.tools import NO_AIDS, Aids
from agents.turns import Turn, same_subject
from agents.types import Sentence
from agents.unavailable import Unavailable
from diagnosis.errors import BadRequest
from diagnosis.reading import Reading

LONGEST = 1000  # characters of a question
REMEMBERED = 6  # earlier turns that the language model is told of


def ask(
    question: str,
    reading: Reading,
    model: LanguageModel | None = None,
    history: Sequence[Turn] = (),
    *,
    language: str = "en",
    aids: Aids = NO_AIDS,
    cancel: threading.Event | None = None,
) -> Generator[Turn, None, None]:
    """Turns that grow: steps as they are made, sentences as they can be checked, the last one whole.

    Without a language model, or when it fails, is stopped, or says nothing that is supported, the intents answer, and
    ``note`` says why. The intents answer in English.

    Args:
        history: earlier turns; those about another study, model or class are left aside. What they measured is known
            to this one, under the ids that it has now.
        language: BCP 47 code of the language that the language model answers in.
        aids: what the tools need beside the reading.
        cancel: set it to stop the language model.

    Raises:
        BadRequest: the question is empty or too long, or ``language`` is not a language code.
    """
    question = require_question(question)
    require_language(language)
    earlier: list[Turn] = []
    for turn in history:
        if same_subject(turn.reading, reading):
            earlier.append(turn.over(reading))
            reading = earlier[-1].reading
    if model is None:
        yield from answering(question, reading, aids)
        return
    yield from _asked(question, Talk(reading, model, language, aids), earlier[-REMEMBERED:], cancel)


def require_question(question: str) -> str:
    """The question without blanks around it. Raises BadRequest where it is empty or too long."""
    question = question.strip()
    if not question:
        raise BadRequest("The question is empty.", "Type one, for example: Do the methods agree?")
    if len(question) > LONGEST:
        raise BadRequest(f"The question has {len(question)} characters.", f"Ask it in at most {LONGEST}.")
    return question


def _asked(question: str, talk: Talk, earlier: Sequence[Turn], cancel: threading.Event | None) -> Iterator[Turn]:
    model, language = talk.model, talk.language
    turn = Turn(question, talk.reading, written_by=model.name, language=language)
    try:
        for step in talk.steps(question, earlier, cancel):
            turn = replace(turn, reading=talk.reading, steps=(*turn.steps, step), sent=talk.ledger)
            yield turn
    except Unavailable as error:
        yield _by_intents(turn, talk, str(error))
        return
    text = "".join(without_thoughts(iter([talk.text]))).strip()
    if text.startswith(ABSTENTION):
        yield replace(turn, sentences=(Sentence(ABSTENTION),), sent=talk.ledger, usage=talk.usage, done=True)
        return
    sentences = _checked(text, talk.reading, language)
    if any(sentence.struck is None for sentence in sentences):
        yield replace(turn, reading=talk.reading, sentences=sentences, sent=talk.ledger, usage=talk.usage, done=True)
        return
    why = f"Nothing that {model.name} wrote is supported by the findings: the answer is made by templates."
    yield _by_intents(replace(turn, sentences=sentences), talk, why)


def _checked(text: str, reading: Reading, language: str) -> tuple[Sentence, ...]:
    draft = Draft(reading, language)
    draft.add(text)
    return draft.end()


def _by_intents(turn: Turn, talk: Talk, why: str) -> Turn:
    """The answer of the intents, after the steps and beside the struck sentences that there are."""
    ours = answer(turn.question, talk.reading, talk.aids)
    sentences = (*ours.sentences, *turn.struck)
    steps = (*turn.steps, *(step for step in ours.steps if step not in turn.steps))
    return replace(ours, steps=steps, sentences=sentences, note=why, sent=talk.ledger, usage=talk.usage)
