"""Answers and their evidence as HTML. Pure functions: values in, a string out."""

import re
from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import urlsplit

from chatbot.answer import ABSTENTION
from chatbot.documents import Shelf
from chatbot.reading_level import grade
from chatbot.types import Answer, Cited, Evidence

EMPTY = "Every sentence of an answer ends with the passage that says it. Where no passage does, there is no answer."
KINDS = {
    "library": "Bundled library", "document": "Your document", "web": "Web", "reading": "Measured here",
}  # fmt: skip
_CITATION = re.compile(r"\s?\[(\d+(?:, \d+)*)\]")


def conversation(answers: Sequence[Answer]) -> str:
    """Questions and answers in order; each citation is a chip that leads to its card."""
    if not answers:
        return f'<p class="lb-note">{EMPTY}</p>'
    turns = "".join(_turn(answer, at) for at, answer in enumerate(answers, 1))
    return f'<section class="lb-talk" aria-live="polite">{turns}</section>'


def _turn(answer: Answer, turn: int) -> str:
    urgent = f'<p class="lb-problem" role="alert">{escape(answer.urgent)}</p>' if answer.urgent else ""
    said = " ".join(_sentence(one, answer, turn) for one in answer.sentences)
    if answer.abstained:
        said = escape(ABSTENTION)
    elif not said and not answer.done:
        said = "Looking for evidence …" if not answer.evidence else f"Reading {len(answer.evidence)} passages …"
    notes = "".join(f'<p class="lb-note">{escape(note)}</p>' for note in (*answer.notes, _author(answer)) if note)
    return (
        f"<article><h4>{escape(answer.question)}</h4>{urgent}<p>{said}</p>{_conflicts(answer, turn)}{notes}"
        f"{_sent(answer)}</article>"
    )


def _sentence(said: Cited, answer: Answer, turn: int) -> str:
    if said.struck is not None:
        reason = f"Struck: {said.struck}"
        return (
            f'<s class="lb-struck" title="{escape(reason, quote=True)}">{escape(said.text)}'
            f'<span class="lb-hidden"> ({escape(reason)})</span></s>'
        )
    return escape(said.text) + "".join(_chip(at, answer, turn) for at in said.cites)


def _chip(at: int, answer: Answer, turn: int) -> str:
    title = escape(f"{answer.evidence[at - 1].title}: {answer.evidence[at - 1].site}", quote=True)
    return f' <a class="lb-chip" href="#{anchor(turn, at)}" title="{title}">{at}</a>'


def anchor(turn: int, at: int) -> str:
    """Id of the card of a citation."""
    return f"evidence-{turn}-{at}"


def _author(answer: Answer) -> str:
    if not answer.done or answer.abstained:
        return ""
    level = f" Reading level: grade {max(1, round(grade(answer.text)))}." if answer.mode == "plain" else ""
    if answer.written_by == "extracts":
        return f"These are the sources' own sentences, put in order.{level}"
    struck = f" {len(answer.struck)} struck." if answer.struck else ""
    counted = f" {answer.usage.line.capitalize()}." if answer.usage else ""
    return f"Written by {answer.written_by}, every sentence checked against the passages that it cites.{struck}{counted}{level}"


def _conflicts(answer: Answer, turn: int) -> str:
    rows = "".join(
        f"<li>{_chip(one, answer, turn)} {_chip(other, answer, turn)} {escape(why)}</li>"
        for one, other, why in answer.conflicts
    )
    return f'<div class="lb-conflict"><h5>The sources differ</h5><ul>{rows}</ul></div>' if rows else ""


def _sent(answer: Answer) -> str:
    """The question as it went out, and to whom; nothing where it stayed here."""
    to = [*answer.searched, *dict.fromkeys(entry.to for entry in answer.ledger.entries)]
    if not to:
        return ""
    bodies = "".join(f"<pre>{escape(entry.body)}</pre>" for entry in answer.ledger.entries)
    return (
        f'<details class="lb-ledger lb-facts"><summary>Sent to {escape(", ".join(to))}</summary>'
        f"<pre>{escape(answer.sent)}</pre>{bodies}</details>"
    )


def cards(answers: Sequence[Answer]) -> str:
    """The evidence of the last answer; that of earlier ones behind a click each."""
    found = [(turn, answer) for turn, answer in enumerate(answers, 1) if answer.evidence]
    if not found:
        return note("The passages that an answer rests on appear here.")
    earlier = "".join(
        f'<details class="lb-facts"><summary>Sources of “{escape(answer.question)}”</summary>{_evidence(answer, turn)}</details>'
        for turn, answer in reversed(found)
        if turn < len(answers)
    )
    last = _evidence(answers[-1], len(answers)) if answers[-1].evidence else ""
    return f'<section class="lb-sources">{last}{earlier}</section>'


def _evidence(answer: Answer, turn: int) -> str:
    """What an answer cites, then what was found and not used."""
    numbered, cited = list(enumerate(answer.evidence, 1)), set(answer.cited)
    used = "".join(_card(one, at, answer, turn) for at, one in numbered if at in cited)
    rest = "".join(_card(one, at, answer, turn) for at, one in numbered if at not in cited)
    heading = "<h3>Sources</h3>" if used else ""
    return heading + used + (f"<h3>Found, not used</h3>{rest}" if rest and answer.done else rest)


def _card(one: Evidence, at: int, answer: Answer, turn: int) -> str:
    quotes = [quote for said in answer.sentences if said.struck is None for quote in _quotes(said, at)]
    facts = [KINDS[one.kind], one.site, one.heading, f"page {one.page}" if one.page else "", _dates(one)]
    line = " · ".join(escape(fact) for fact in dict.fromkeys(facts) if fact)
    return (
        f'<details class="lb-card"{" open" if quotes else ""}><summary id="{anchor(turn, at)}"><b>{at}</b> {escape(one.title)}</summary>'
        f'<p class="lb-note">{line}</p><blockquote>{marked(one, quotes)}</blockquote>{_links(one)}</details>'
    )


def _quotes(said: Cited, at: int) -> list[str]:
    return [quote for cite, quote in zip(said.cites, said.quotes, strict=False) if cite == at and quote]


def _dates(one: Evidence) -> str:
    if one.kind == "library":
        return f"checked against its sources on {one.published}" if one.published else ""
    return f"published {one.published}" if one.published else ""


def marked(one: Evidence, quotes: Sequence[str]) -> str:
    """The passage verbatim, the supporting words marked; ``[1]`` in an article leads to the page that says it."""
    text, at, parts = one.excerpt, 0, []
    places = sorted((text.find(quote), len(quote)) for quote in dict.fromkeys(quotes) if quote in text)
    for start, length in places:
        if start < at:
            continue
        parts += [_plain(text[at:start], one), f"<mark>{_plain(text[start : start + length], one)}</mark>"]
        at = start + length
    return "".join([*parts, _plain(text[at:], one)])


def _plain(text: str, one: Evidence) -> str:
    """Escaped, with the citations of an article as small links."""

    def link(match: re.Match[str]) -> str:
        numbers = [int(number) for number in match.group(1).split(", ")]
        known = [number for number in numbers if number <= len(one.references)]
        return "".join(
            f'<sup><a href="{_safe(one.references[number - 1].url)}" target="_blank" rel="noopener noreferrer" '
            f'title="{escape(one.references[number - 1].title, quote=True)}">{number}</a></sup>'
            for number in known
        )

    return _CITATION.sub(link, escape(text)) if one.references else escape(text)


def _links(one: Evidence) -> str:
    if one.kind == "web":
        return f'<p class="lb-note">{_link(one.url, urlsplit(one.url).netloc)}</p>'
    items = "".join(
        f"<li>{_link(each.url, each.title)} <span>{escape(each.organisation)}{f', {each.published}' if each.published else ''}</span></li>"
        for each in one.references
    )
    return f'<ol class="lb-references">{items}</ol>' if items else ""


def _link(url: str, title: str) -> str:
    return f'<a href="{_safe(url)}" target="_blank" rel="noopener noreferrer">{escape(title)}</a>'


def _safe(url: str) -> str:
    """An address to follow; nothing but http and https is one."""
    return escape(url, quote=True) if url.startswith(("http://", "https://")) else "#"


def note(text: str) -> str:
    return f'<p class="lb-note">{escape(text)}</p>'


def problem(error: Exception) -> str:
    """A message for people."""
    return f'<div class="lb-problem" role="alert">{escape(str(error))}</div>'


def addressee(model: str, host: str) -> str:
    """Who is sent what, before anything is."""
    return note(
        f"Sends your question, without details that could identify a person, and the passages to {model} at {host}."
    )


def downloads(files: Mapping[str, tuple[str, str]]) -> str:
    """Links that carry the files themselves: title → (file name, data address)."""
    links = (
        f'<a class="lb-download" download="{name}" href="{address}">{title}</a>'
        for title, (name, address) in files.items()
    )
    return f"<p>Export: {' · '.join(links)}</p>"


def _counted(passages: int) -> str:
    return "1 passage" if passages == 1 else f"{passages} passages"


def shelf(held: Shelf) -> str:
    """The visitor's own documents."""
    if not held.documents:
        return note("No documents. They stay on this machine, are yours alone, and go when you close the page.")
    rows = "".join(f"<li>{escape(one.name)} · {_counted(len(one.passages))}</li>" for one in held.documents)
    return f'<ul class="lb-references">{rows}</ul>'


def fault() -> str:
    """The program failed, not the visitor; what happened stands in the server's log."""
    return (
        '<div class="lb-problem" role="alert"><strong>The answer failed: a fault of the program.</strong> '
        "Ask again; if it fails again, tell whoever runs this page.</div>"
    )
