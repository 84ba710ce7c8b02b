"""Words about a reading as HTML. Pure functions: a value in, a string out."""

from base64 import b64encode
from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape

from agents.ground import is_partial
from agents.ledger import Ledger
from agents.llm import LanguageModel
from agents.turns import Step, Turn
from agents.types import Explanation, Sentence
from diagnosis.reading import Reading
from diagnosis.ui.map_pieces import doing
from diagnosis.ui.pieces import finding_anchor

PARTIAL = "In this language only ids, numbers, units, class names and places were checked."
EMPTY = "Ask about this reading. Every sentence of an answer cites what was measured."


def explanation(told: Explanation, reading: Reading) -> str:
    """The paragraphs, struck sentences in their place, and who wrote them."""
    parts = "".join(
        f"<h3>{escape(part.heading)}</h3><p>{sentences(part.sentences, reading)}</p>" for part in told.paragraphs
    )
    draft = f'<p class="lb-draft" title="Not checked yet">{escape(told.draft)}</p>' if told.draft else ""
    problem = f'<p class="lb-problem" role="alert">{escape(told.problem)}</p>' if told.problem else ""
    return f'<section class="lb-block lb-words" aria-live="polite">{problem}{parts}{draft}</section>{_author(told)}'


def sentences(given: Iterable[Sentence], reading: Reading) -> str:
    """Each citation is a chip that leads to its finding; a struck sentence shows why when pointed at."""
    return " ".join(_sentence(one, reading) for one in given)


def _sentence(sentence: Sentence, reading: Reading) -> str:
    if sentence.struck is not None:
        reason = f"Struck: {sentence.struck}"
        return (
            f'<s class="lb-struck" title="{escape(reason, quote=True)}">{escape(sentence.text)}'
            f'<span class="lb-hidden"> ({escape(reason)})</span></s>'
        )
    statements = {finding.id: finding.statement for finding in reading.findings}
    chips = "".join(
        f' <a class="lb-chip" href="#{finding_anchor(reading, cite)}" '
        f'title="{escape(statements.get(cite, ""), quote=True)}">{cite}</a>'
        for cite in sentence.cites
    )
    return escape(sentence.text) + chips


def _author(told: Explanation) -> str:
    notes = ["Written by templates from the findings."]
    if told.prompt is not None and not told.rebuilt:
        notes = [f"Written by {told.written_by}, every sentence checked against the findings ({told.prompt})."]
    if told.rebuilt:
        notes = [f"Too little of what {told.written_by} wrote was supported: the words are the templates'."]
    if told.struck:
        notes.append(f"{len(told.struck)} struck.")
    if told.prompt is not None and is_partial(told.language):
        notes.append(PARTIAL)
    if told.usage is not None:
        notes.append(f"{told.usage.line.capitalize()}.")
    return f'<p class="lb-note">{escape(" ".join(notes))}</p>'


def ledger(sent: Ledger, purpose: str = "") -> str:
    """What left this machine, request by request; ``purpose`` follows "to a language model"."""
    if not sent.entries:
        return f'<p class="lb-note">Sent to a language model{purpose}: nothing.</p>'
    rows = "".join(
        f"<tr><td>{one.at:%H:%M:%S} UTC</td><td>{escape(one.to)}</td><td>{escape(one.model)}</td>"
        f"<td>{one.characters} characters{f', {one.tokens} tokens' if one.tokens else ''}</td>"
        f"<td>{'with pictures' if one.pixels_sent else 'no pixel'}</td></tr>"
        f'<tr><td colspan="5"><pre>{escape(one.body)}</pre></td></tr>'
        for one in sent.entries
    )
    pixels = "pictures included" if sent.pixels_sent else "no pixel and no identifier of the file among it"
    return (
        f'<details class="lb-facts lb-ledger"><summary>Sent to a language model{purpose}: '
        f"{len(sent.entries)} request(s), {pixels}</summary><table>{rows}</table></details>"
    )


def addressee(model: LanguageModel, what: str, *, pictures: bool = True) -> str:
    """Who is sent what, before anything is."""
    pixels = "and the overlays" if pictures and model.vision else "and no pixel"
    return f'<p class="lb-note">Sends {what}, {pixels}, to {escape(model.name)} at {escape(model.host)}.</p>'


def conversation(turns: Sequence[Turn]) -> str:
    """Questions and answers, the steps of each behind a click."""
    if not turns:
        return f'<p class="lb-note">{EMPTY}</p>'
    told: set[str] = set()
    parts = []
    for one in turns:
        parts.append(_turn(one, told))
        told.update(finding_anchor(one.reading, finding.id) for finding in one.findings)
    return f'<section class="lb-talk" aria-live="polite">{"".join(parts)}</section>'


def _turn(turn: Turn, told: Collection[str]) -> str:
    """``told``: anchors of the findings that an earlier turn shows; chips lead there."""
    steps = "".join(_step(step) for step in turn.steps)
    answer = sentences(turn.sentences, turn.reading) or ("" if turn.done else doing(turn.doing) or "…")
    partial = PARTIAL if turn.written_by != "template" and is_partial(turn.language) else ""
    note = "".join(f'<p class="lb-note">{escape(one)}</p>' for one in (turn.note, partial) if one)
    return (
        f"<article><h4>{escape(turn.question)}</h4>{steps}<p>{answer}</p>{_added(turn, told)}{note}"
        f"{ledger(turn.sent) if turn.sent.entries else ''}</article>"
    )


def _step(step: Step) -> str:
    return (
        f'<details class="lb-step"><summary>{escape(step.called)}</summary><pre>{escape(step.result)}</pre></details>'
    )


def _added(turn: Turn, told: Collection[str]) -> str:
    """The findings that this answer was the first to measure, where its chips lead."""
    rows = "".join(
        f'<tr id="{finding_anchor(turn.reading, one.id)}"><th scope="row">{one.id}</th><td>{escape(one.statement)}</td></tr>'
        for one in turn.findings
        if finding_anchor(turn.reading, one.id) not in told
    )
    if not rows:
        return ""
    return f'<details class="lb-facts"><summary>Measured for this answer</summary><table>{rows}</table></details>'


KINDS = {"pdf": ("PDF", "application/pdf"), "json": ("JSON", "application/json"), "md": ("Markdown", "text/markdown")}


def report(files: Mapping[str, bytes], reading: Reading) -> str:
    """Links that carry the files themselves, so that nothing is written to disk."""
    links = []
    for name, content in files.items():
        title, media = KINDS[name.rpartition(".")[2]]
        address = f"data:{media};base64,{b64encode(content).decode()}"
        saved = f"report-{reading.study.digest}.{name.rpartition('.')[2]}"
        links.append(f'<a class="lb-download" download="{saved}" href="{address}">{title}</a>')
    return f"<p>Report: {' · '.join(links)}</p>"
