"""Cases as HTML. Pure functions: values in, a string out."""

import re
from collections.abc import Callable, Mapping, Sequence
from html import escape

from diagnosis.notices import NOTICE
from retrieval.found import Found, Similar
from retrieval.library import Origin
from retrieval.types import MADE_BY, SYNTHETIC, Case
from retrieval.ui.drawings import drawing
from retrieval.vote import SecondOpinion

COSINE = (
    "Cosine of the two embeddings, -1 to 1: how alike they are to the encoder. It is not the probability of the same "
    "disease."
)
HIDDEN = frozenset({"file", MADE_BY})  # facts that say nothing to a reader, or are said elsewhere
NOBODY = "Cases marked synthetic were made by a generator and show nobody."
START = "Cases that are like your image or your words appear here, with what is known of them."
Picture = Callable[[Similar], str | None]
"""A case → the address of its picture, or None where none may be loaded."""


def note(text: str) -> str:
    return f'<p class="lb-note">{escape(text)}</p>'


def doing(text: str) -> str:
    """What is being done, of unknown length."""
    return (
        f'<div class="lb-progress" role="status"><label>{escape(text)}<progress></progress></label></div>'
        if text
        else ""
    )


def term(name: str) -> str:
    """A label or a fact as people write it: ``bacterial_pneumonia`` → ``Bacterial pneumonia``."""
    plain = name.replace("_", " ").strip()
    return plain[:1].upper() + plain[1:]


def called(case: Case) -> str:
    """What a case is called by its source; a synthetic one is always called that too."""
    name = ", ".join(map(term, case.labels)) or "No label"
    return f"{name} ({SYNTHETIC})" if case.synthetic else name


def link(url: str | None, text: str) -> str:
    """A link that takes nothing of this page along; nothing where there is no address to follow."""
    if not url or not url.startswith(("https://", "http://")):
        return ""
    return f'<a href="{escape(url, quote=True)}" target="_blank" rel="noopener noreferrer">{escape(text)}</a>'


def blank(case: Case, told: str = "No picture is kept here") -> str:
    """What stands where a picture cannot be shown: kind of image, label, set."""
    kind = case.facts.get("modality", "")
    place = " · ".join(part for part in (kind, case.facts.get("region", "")) if part) or "Image"
    heard = f"{told}: {place}, {called(case)}, {case.source}"
    return (
        f'<div class="lb-blank" role="img" aria-label="{escape(heard, quote=True)}">{drawing(kind)}'
        f'<p aria-hidden="true"><b>{escape(place)}</b><span>{escape(called(case))}</span><i>{escape(case.source)}</i></p></div>'
    )


def thumb(case: Case, picture: str | None) -> str:
    """The picture over its placeholder, which shows where the picture cannot be loaded."""
    image = ""
    if picture:
        image = (
            f'<img class="lb-live" src="{escape(picture, quote=True)}" alt="{escape(called(case), quote=True)}" '
            'loading="lazy" decoding="async" referrerpolicy="no-referrer">'
        )
    return f'<div class="lb-thumb">{blank(case)}{image}</div>'


def cards(
    matches: Sequence[Similar],
    origins: Mapping[str, Origin],
    picture: Picture,
    *,
    words: str = "",
    acts: Sequence[tuple[str, str]] = (),
    strip: bool = False,
) -> str:
    """A grid of cases, best first; a ``strip`` is one row that is moved sideways.

    Args:
        words: of the query; facts that say the same are marked.
        acts: (name, title) of each card's buttons.
    """
    items = "".join(_card(one, origins.get(one.case.source), picture(one), words, acts) for one in matches)
    if strip:
        return f'<ol class="lb-cases lb-strip" tabindex="0" aria-label="The nearest cases">{items}</ol>'
    return f'<ol class="lb-cases">{items}</ol>'


def _card(
    match: Similar, origin: Origin | None, picture: str | None, words: str, acts: Sequence[tuple[str, str]]
) -> str:
    case = match.case
    marks = "".join(f"<em>{escape(mark)}</em>" for mark in match.marks)
    buttons = "".join(
        f'<button type="button" data-act="{act}" data-case="{escape(case.id, quote=True)}" '
        f'aria-label="{title}: case {match.rank}, {escape(called(case), quote=True)}">{title}</button>'
        for act, title in acts
    )
    return (
        f'<li class="lb-case">{thumb(case, picture)}<div class="lb-about"><h4>{_marked(called(case), words)}</h4>'
        f'<p class="lb-cosine" title="{escape(COSINE, quote=True)}">Similarity <b>{match.cosine:.3f}</b></p>'
        f"{_wrap('p', 'lb-marks', marks)}{_known(case, words)}{_wrap('p', 'lb-note', _provenance(case, origin))}</div>"
        f"{_wrap('div', 'lb-acts', buttons)}</li>"
    )


def _wrap(element: str, name: str, content: str) -> str:
    """An element around content; nothing around nothing."""
    return f'<{element} class="{name}">{content}</{element}>' if content else ""


def _known(case: Case, words: str) -> str:
    facts = [(key, value) for key, value in case.facts.items() if key not in HIDDEN]
    rows = "".join(f"<div><dt>{escape(key)}</dt><dd>{_marked(value, words)}</dd></div>" for key, value in facts)
    return _wrap("dl", "lb-known", rows)


def _provenance(case: Case, origin: Origin | None) -> str:
    title = origin.title if origin else ("Your own case" if case.source == "own" else case.source)
    title = case.facts.get(MADE_BY, title) if case.synthetic else title
    parts = [escape(title), f"licence: {escape(case.licence)}", link(case.url, "Open at its source")]
    return " · ".join(part for part in parts if part)


def _marked(text: str, words: str) -> str:
    """Escaped, with the words that the query has too marked."""
    asked = {word.lower() for word in re.findall(r"\w{3,}", words)}
    parts = re.split(r"(\w+)", text)
    return "".join(f"<mark>{escape(one)}</mark>" if one.lower() in asked else escape(one) for one in parts)


def results(found: Found, listed: str, images: bool) -> str:
    """The outcome of a search: the cards, or the word that there is nothing similar.

    Args:
        listed: the cards.
        images: whether patches can be compared.
    """
    if not found.matches:
        return (
            f'<div class="lb-nothing" role="status"><h3>Nothing similar</h3><p>{escape(_bare(found.message))}</p></div>'
        )
    count = len(found.matches)
    how = f"Similarity is a cosine; results under {found.floor:.3f} are not shown." if found.floor > -1 else COSINE
    more = " What matches shows which part of your image is like which part of the case." if images else ""
    more += f" {NOBODY}" if any(one.case.synthetic for one in found.matches) else ""
    return (
        f'<section aria-live="polite"><h3>{count} similar {"case" if count == 1 else "cases"}</h3>'
        f'<p class="lb-note" title="{escape(COSINE, quote=True)}">{escape(how + more)} Not the probability of the same '
        f"disease. {NOTICE}</p>{listed}</section>"
    )


def nothing(why: str) -> str:
    """That nothing is similar, and why."""
    return f'<div class="lb-nothing" role="status"><h4>Nothing similar</h4><p>{escape(why)}</p></div>'


def _bare(message: str) -> str:
    """The reason, after the heading that says the rest."""
    reason = message.removeprefix("Nothing similar: ")
    return reason[:1].upper() + reason[1:]


def leaning(more: Mapping[str, str], less: Mapping[str, str]) -> str:
    """The cases that the search leans towards and away from, each with a button that drops it. Args: id → label."""
    parts = []
    for title, chosen in (("More like", more), ("Less like", less)):
        parts += [
            f'<button type="button" data-act="drop" data-case="{escape(id, quote=True)}" '
            f'aria-label="Drop: {title.lower()} {escape(label, quote=True)}">{title}: {escape(label)} <span>×</span></button>'
            for id, label in chosen.items()
        ]
    return _wrap("div", "lb-leaning", "".join(parts))


def vote(opinion: SecondOpinion, titles: Mapping[str, str], said: Sequence[str], answers: Sequence[str]) -> str:
    """The vote of the nearest cases as bars, and what is said of it.

    Args:
        titles: of the labels.
        said: sentences.
        answers: the classifier's label, or the findings that reach their thresholds.
    """
    own = " <em>the model's</em>"
    rows = "".join(
        f"<li><span>{escape(titles.get(name, term(name)))}{own if name in answers else ''}</span>"
        f'<span class="lb-share"><span style="width:{100 * count / opinion.voters:.1f}%"></span></span>'
        f"<b>{count} of {opinion.voters}</b></li>"
        for name, count in opinion.votes.items()
    )
    agrees = opinion.label in answers
    divided = 2 * opinion.votes[opinion.label] <= opinion.voters
    kind = "lb-agree" if agrees and not divided else "lb-conflict"
    verdict = "are divided" if divided else "agree" if agrees else "disagree"
    heading = f"The nearest cases {verdict}"
    told = "".join(f"<p>{escape(one)}</p>" for one in said)
    return (
        f'<div class="{kind} lb-opinion" role="status"><h4>{heading}</h4>{told}</div><ul class="lb-votes">{rows}</ul>'
    )
