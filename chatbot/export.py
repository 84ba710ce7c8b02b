"""A conversation with its references as a file: Markdown, BibTeX or RIS."""

import re
from collections.abc import Iterator, Sequence

from chatbot.types import Answer, Evidence, Reference
from diagnosis.notices import NOTICE


def markdown(answers: Sequence[Answer]) -> str:
    """Questions, answers without struck sentences, and the references of each, numbered as in the answer."""
    parts = ["# A conversation with Lightbox", NOTICE]
    for answer in answers:
        parts.append(f"## {_line(answer.question)}")
        if answer.urgent:
            parts.append(f"**{answer.urgent}**")
        parts.append(answer.text or "Not answered: the evidence does not say it.")
        parts += [f"*{note}*" for note in answer.notes]
        listed = [_entry(at, answer.evidence[at - 1]) for at in answer.cited]
        if listed:
            parts.append("\n".join(listed))
    return "\n\n".join(parts) + "\n"


def _entry(at: int, one: Evidence) -> str:
    own = f"[{at}] {_line(one.title)}. {_line(one.site)}."
    pages = "".join(f" {_line(each.title)}, {_line(each.organisation)}, <{each.url}>." for each in one.references)
    address = f" <{one.url}>." if one.url.startswith("http") else ""
    return f"{own}{address}{pages}  "


def _line(text: str) -> str:
    return " ".join(text.split())


def references(answers: Sequence[Answer]) -> tuple[Reference, ...]:
    """The pages that the answers rest on, each once, in the order in which they are cited."""
    found: dict[str, Reference] = {}
    for answer in answers:
        for at in answer.cited:
            one = answer.evidence[at - 1]
            own = (Reference(one.title, one.site, one.url, one.published),) if one.url.startswith("http") else ()
            found.update({each.url: each for each in (*own, *one.references) if each.url not in found})
    return tuple(found.values())


def bibtex(answers: Sequence[Answer]) -> str:
    """A ``@misc`` entry a page."""
    return "\n".join(_bibtex(at, one) for at, one in enumerate(references(answers), 1))


def _bibtex(at: int, one: Reference) -> str:
    year = re.match(r"\d{4}", one.published or "")
    fields = {"title": one.title, "author": f"{{{_braced(one.organisation)}}}", "year": year.group() if year else ""}
    lines = [f"  {name} = {{{text if name == 'author' else _braced(text)}}}," for name, text in fields.items() if text]
    return "\n".join([f"@misc{{lightbox{at},", *lines, f"  howpublished = {{\\url{{{one.url}}}}},", "}", ""])


def _braced(text: str) -> str:
    """Text with what TeX would take for commands."""
    return re.sub(r"([&%$#_])", r"\\\1", re.sub(r"[{}\\~^]", "", _line(text)))


def ris(answers: Sequence[Answer]) -> str:
    """An ``ELEC`` record a page."""
    return "".join("".join(f"{tag}  - {text}\r\n" for tag, text in _ris(one)) for one in references(answers))


def _ris(one: Reference) -> Iterator[tuple[str, str]]:
    yield "TY", "ELEC"
    yield "TI", _line(one.title)
    yield "AU", _line(one.organisation)
    if one.published:
        yield "PY", one.published[:4]
        yield "DA", one.published.replace("-", "/")
    yield "UR", one.url
    yield "ER", ""
