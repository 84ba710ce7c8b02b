"""A reading in a language model's words, every sentence checked; in templates where that cannot be."""

import re
import threading
from collections.abc import Generator, Sequence
from dataclasses import replace

from agents.facts import facts_json
from agents.ground import check, parse, prepare
from agents.limits import untold
from agents.llm import LanguageModel, Message
from agents.narrate import narrate
from agents.prompts import load_prompt
from agents.types import Explanation, Length, Paragraph, Reader, Sentence
from agents.unavailable import Unavailable
from agents.wording import HEADINGS, phrases, told
from diagnosis.errors import BadRequest
from diagnosis.findings import Topic
from diagnosis.reading import Reading

SCORES = frozenset({"score", "above_threshold", "below_threshold"})  # kinds that tell the explained class's score
ENOUGH = 0.5  # share of the sentences that must stand
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")  # the form of a BCP 47 code, and nothing else
LENGTHS: dict[Length, str] = {"short": "five to seven sentences", "full": "nine to fourteen sentences"}
ENDS = re.compile(r"[.!?…\n。！？।]")  # noqa: RUF001 - full stops of other scripts
UNCLOSED = re.compile(r"\[[^\]]*$")  # a citation that is still being written
PICTURE = 768  # pixels of the longer side of an overlay that is sent


def explain(
    reading: Reading,
    model: LanguageModel | None,
    *,
    reader: Reader = "patient",
    length: Length = "full",
    language: str = "en",
    cancel: threading.Event | None = None,
) -> Generator[Explanation, None, None]:
    """Explanations of a reading that grow with every piece of text, the last of them whole.

    While it grows, ``draft`` holds what is not checked yet. Without a language model, or when it fails, is stopped, or
    writes too little that is supported, the whole explanation is made by templates, in English; ``problem`` says why.

    Args:
        language: BCP 47 code.
        cancel: set it to stop the language model.

    Raises:
        BadRequest: ``language`` is not a language code.
    """
    require_language(language)
    template = narrate(reading, reader, length)
    if model is None:
        yield template if _english(language) else replace(template, problem=_english_only(language))
        return
    prompt, messages = request(reading, model, reader, length, language)
    begun = Explanation((), model.name, reader, length, language, prompt)
    reply = model.stream(messages, kind="explain", cancel=cancel)
    prepare(reading, language)
    draft = Draft(reading, language)
    try:
        for piece in reply:
            draft.add(piece)
            parts = arranged(draft.checked, reading, language)
            yield replace(begun, paragraphs=parts, draft=draft.rest, ledger=reply.ledger)
    except Unavailable as error:
        yield replace(template, problem=str(error), usage=reply.usage, ledger=reply.ledger)
        return
    yield replace(_finished(begun, template, draft.end(), reading), usage=reply.usage, ledger=reply.ledger)


def require_language(language: str) -> None:
    """Raises BadRequest for what is not a language code."""
    if not LANGUAGE.fullmatch(language):
        raise BadRequest(f"{language!r} is no language code.", "Use one such as en, fr or pt-BR.")


def request(
    reading: Reading, model: LanguageModel, reader: Reader, length: Length, language: str
) -> tuple[str, tuple[Message, Message]]:
    """``name@version`` of the prompts, and the messages: rules, then the findings as data, with overlays if allowed."""
    rules, about = load_prompt("explain", "reader", "length", "language"), load_prompt(reader)
    text = rules.fill(reader=about.text, length=LENGTHS[length], language=language)
    pictures = _overlays(reading) if model.vision else ()
    messages = Message("system", text), Message("user", facts_json(reading), pictures)
    return f"{rules.reference}+{about.reference}", messages


class Draft:
    """Text that grows: sentences are checked as soon as the next one has begun, because citations may follow them."""

    def __init__(self, reading: Reading, language: str) -> None:
        self.checked: tuple[Sentence, ...] = ()
        self.rest = ""
        self._reading, self._language = reading, language
        self._text = ""

    def add(self, piece: str) -> None:
        """Take the next piece; ``rest`` is what of the text is not among ``checked``."""
        self._text += piece
        self.rest += piece
        if not ENDS.search(piece):
            return
        sentences = parse(UNCLOSED.sub("", self._text))
        if new := sentences[len(self.checked) : -1]:
            last = sentences[-1]
            self.checked += check(new, self._reading, language=self._language)
            at = self._text.rfind(last.text)
            self.rest = self._text[at:] if at >= 0 else last.cited

    def end(self) -> tuple[Sentence, ...]:
        """All sentences of the whole text, checked."""
        return check(parse(self._text), self._reading, language=self._language)


def arranged(
    sentences: Sequence[Sentence], reading: Reading, language: str, *, notices: bool = False
) -> tuple[Paragraph, ...]:
    """Sentences in the paragraph of the first finding that they cite; one without any stays with the one before it."""
    topics = {finding.id: finding.topic for finding in reading.findings}
    parts: dict[Topic, list[Sentence]] = {topic: [] for topic in HEADINGS}
    topic: Topic = "says"
    for sentence in sentences:
        topic = next((topics[cite] for cite in sentence.cites if cite in topics), topic)
        parts[topic].append(sentence)
    text = phrases(language)
    if notices:
        if parts["looked"]:
            parts["looked"].append(Sentence(text["maps_notice"]))
        if reading.opinions:
            parts["trust"].append(Sentence(text["likeness_notice"]))
        parts["trust"].append(Sentence(text["notice"]))
    return tuple(Paragraph(text[topic], tuple(part)) for topic, part in parts.items() if part)


def _finished(
    begun: Explanation, template: Explanation, sentences: tuple[Sentence, ...], reading: Reading
) -> Explanation:
    """The whole: limits that were left out are added. Where too little stands the templates speak, beside what fell."""
    struck = tuple(sentence for sentence in sentences if sentence.struck is not None)
    if too_little(sentences, reading):
        *parts, last = template.paragraphs
        shown = (*parts, Paragraph(last.heading, (*last.sentences, *struck)))
        problem = f"Too little of what {begun.written_by} wrote is supported by the findings: the templates speak."
        return replace(template, paragraphs=shown, prompt=begun.prompt, rebuilt=True, problem=problem)
    added = tuple(Sentence(told(one, begun.reader), (one.id,)) for one in untold(reading, sentences))
    return replace(begun, paragraphs=arranged((*sentences, *added), reading, begun.language, notices=True))


def too_little(sentences: Sequence[Sentence], reading: Reading) -> bool:
    """Whether what stands is not an explanation: less than half of it, no score, or nothing of where the model looked.

    A writer more than half of whose sentences are wrong is not to be trusted with the others. Limits that are missing
    are no reason: they are added.
    """
    standing = [sentence for sentence in sentences if sentence.struck is None]
    cited = {cite for sentence in standing for cite in sentence.cites}
    told_of = {finding.kind for finding in reading.findings if finding.id in cited}
    looked = {finding.id for finding in reading.findings if finding.topic == "looked"}
    return len(standing) < ENOUGH * len(sentences) or not told_of & SCORES or bool(looked and not looked & cited)


def _overlays(reading: Reading) -> tuple[str, ...]:
    """The explained class's maps over the image, as ``data:`` addresses of PNG files."""
    from diagnosis.render import composite, data_uri

    own = (one for one in reading.maps if one.label == reading.label)
    return tuple(data_uri(composite(reading.study, one, longest=PICTURE)) for one in own)


def _english(language: str) -> bool:
    return language.lower().partition("-")[0] == "en"


def _english_only(language: str) -> str:
    return f"Without a language model there are words in English only, not in {language!r}. Set LIGHTBOX_LLM_MODEL."
