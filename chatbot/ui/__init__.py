"""The tab in which medical questions are answered from evidence."""

import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import gradio as gr

from agents.llm import LanguageModel
from chatbot.answer import Asked, Desk, ask
from chatbot.documents import Shelf
from chatbot.export import bibtex, markdown, ris
from chatbot.feedback import Feedback, Thumb
from chatbot.sources.documents import DocumentSource
from chatbot.sources.shared import Shared
from chatbot.types import Answer, Evidence, Kind, Mode, Wanted
from chatbot.ui import pieces
from diagnosis.errors import UserError

KEEP_SECONDS = 3000  # a visitor's state is forgotten after this time without a visit
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": 4}
MODES = [("Patients and families", "general"), ("Plain words", "plain"), ("Professional", "professional")]
AGES = [("Any time", 0), ("Last 10 years", 10), ("Last 5 years", 5), ("Last 2 years", 2)]
NO_READING = "none"
QUESTIONS = (
    "What is pneumonia, and how is it found?",
    "Who should be screened for lung cancer?",
    "What does Grad-CAM show, and what does it not show?",
    "How is a collapsed lung treated?",
    "What happens to the lungs after quitting smoking?",
    "What is tuberous sclerosis?",
)
LEAD = (
    "Ask about what the images show, about tests, biopsies, screening, smoking or symptoms, and how the model and "
    "its maps work and fail. Every sentence cites the passage that says it."
)


class ImageTab(Protocol):
    """A tab that reads images, as ``diagnosis.ui.Built``."""

    @property
    def chosen(self) -> gr.State: ...
    @property
    def read_from(self) -> Callable[[Callable[..., Any], gr.File], None]: ...


Describe = Callable[[Any], Evidence]
"""A reading as evidence."""


@dataclass(eq=False)
class Visit:
    """What is one visitor's: their documents, and the answer that is being written."""

    shelf: Shelf
    cancel: threading.Event | None = None

    def take(self) -> threading.Event:
        """Begin anew; whatever is being written is dropped."""
        self.stop()
        self.cancel = threading.Event()
        return self.cancel

    def stop(self) -> None:
        """End what is being written."""
        if self.cancel is not None:
            self.cancel.set()


@dataclass(frozen=True)
class Clerk:
    """What the tab does. It keeps nothing of a visitor: whatever is theirs comes in and goes out.

    Attributes:
        shared: the sources that all visitors share.
        describe: how a reading of another tab is told as evidence.
    """

    shared: Shared
    model: LanguageModel | None
    feedback: Feedback
    describe: Describe

    def answer(
        self, question: str, mode: Mode, kinds: Sequence[Kind], years: int, sites: str | None, using: str,
        answers: tuple[Answer, ...], visit: Visit, *readings: Any,
    ) -> Iterator[tuple[Any, ...]]:  # fmt: skip
        """(answers, conversation, cards, question box, message), growing until another question is asked."""
        cancel, box = visit.take(), ""
        done = tuple(one for one in answers if one.done)
        reading = next((one for one in readings if one is not None and using == _name(one)), None)
        since = datetime.now(UTC).date() - timedelta(days=365 * years) if years else None
        wanted = Wanted(frozenset(kinds), since, tuple((sites or "").replace(",", " ").split()))
        asked = Asked(mode, wanted, done, self.describe(reading) if reading is not None else None, cancel)
        try:
            for answer in ask(question, self._desk(visit), asked):
                if visit.cancel is not cancel:
                    yield (gr.skip(),) * 5  # Gradio sends the last output once more at the end, over the newer answer
                    return
                said = (*done, answer)
                yield said, pieces.conversation(said), pieces.cards(said), box, ""
                box = gr.skip()
        except UserError as error:
            yield gr.skip(), gr.skip(), gr.skip(), gr.skip(), pieces.problem(error)

    def _desk(self, visit: Visit) -> Desk:
        return Desk((*self.shared.sources, DocumentSource(visit.shelf)), self.shared.judge, self.model)

    def thumb(self, answers: tuple[Answer, ...], thumb: Thumb) -> str:
        """A line about what became of it."""
        if not answers or not answers[-1].done:
            return pieces.note("There is no answer yet.")
        try:
            self.feedback.keep(answers[-1], thumb)
        except UserError as error:
            return pieces.problem(error)
        return pieces.note("Thank you: kept on this machine, without anything about you.")


def _name(reading: Any) -> str:
    return str(reading.study.digest)


def export(answers: tuple[Answer, ...]) -> str:
    """The conversation as files to keep; no copy stays here."""
    if not any(one.done for one in answers):
        return pieces.note("There is nothing to export yet.")
    files: Mapping[str, tuple[str, str, str]] = {
        "Markdown": ("md", "text/markdown", markdown(answers)),
        "BibTeX": ("bib", "application/x-bibtex", bibtex(answers)),
        "RIS": ("ris", "application/x-research-info-systems", ris(answers)),
    }
    return pieces.downloads(
        {title: (f"lightbox-answers.{end}", f"data:{media};base64,{b64encode(text.encode()).decode()}")
         for title, (end, media, text) in files.items()}
    )  # fmt: skip


def put_on_shelf(paths: list[str] | None, visit: Visit) -> tuple[Any, str]:
    """(empty file box, what the shelf holds): documents are read at once and their files are not kept."""
    problems = ""
    for path in paths or []:
        try:
            visit.shelf.add(Path(path))
        except UserError as error:
            problems += pieces.problem(error)
    return None, pieces.shelf(visit.shelf) + problems


def clear_shelf(visit: Visit) -> str:
    """What the shelf holds then: nothing."""
    visit.shelf.clear()
    return pieces.shelf(visit.shelf)


def ask_tab(clerk: Clerk, readings: Mapping[str, ImageTab]) -> None:
    """Build the tab inside the current Blocks.

    Args:
        readings: the image tabs, by title.
    """
    answers = gr.State((), time_to_live=KEEP_SECONDS)
    visit = gr.State(Visit(Shelf(clerk.shared.embedder)), time_to_live=KEEP_SECONDS)
    with gr.Row(elem_classes=["lb-tab", "lb-asking"]):
        with gr.Column(scale=7, min_width=320):
            gr.HTML(f'<p class="lb-lead">{LEAD}</p>')
            with gr.Row(elem_classes="lb-questions"):
                offered = [gr.Button(question, size="sm", min_width=0) for question in QUESTIONS]
            log = gr.HTML(pieces.conversation(()))
            message = gr.HTML()
            question = gr.Textbox(
                label="Your question", placeholder="How is a collapsed lung treated?", submit_btn="Ask",
                stop_btn=False, lines=2, max_lines=6,
            )  # fmt: skip
            chosen = _choices(clerk, readings)
            if clerk.model is not None:
                gr.HTML(pieces.addressee(clerk.model.name, clerk.model.host))
        with gr.Column(scale=5, min_width=320):
            cards = gr.HTML(pieces.cards(()))
            _keeping(clerk, answers)
            _documents(visit)
            _attaching(readings)
    shown = [answers, log, cards, question, message]
    inputs = [*chosen, answers, visit, *(one.chosen for one in readings.values())]
    for source, listen in ((question, question.submit), *((button, button.click) for button in offered)):
        asked = [source, *inputs]
        event = listen(clerk.answer, asked, shown, trigger_mode="multiple", **QUIET)  # a new one ends the last
        event.failure(pieces.fault, None, message, **QUIET)


def _choices(clerk: Clerk, readings: Mapping[str, ImageTab]) -> list[Any]:
    """Who is written for, where is looked, how old it may be, and whether a reading counts."""
    mode = gr.Radio(MODES, value="general", label="Written for")
    using = gr.Radio([("No reading", NO_READING)], value=NO_READING, label="Use a reading of this visit", visible=False)
    with gr.Accordion("Sources and dates", open=False):
        kinds = {pieces.KINDS[source.kind]: source.kind for source in clerk.shared.sources} | {
            pieces.KINDS["document"]: "document"
        }
        where = gr.CheckboxGroup(list(kinds.items()), value=list(kinds.values()), label="Look in")
        years = gr.Dropdown(AGES, value=0, label="Published")
        web = "web" in kinds.values()
        sites = gr.Textbox(label="Only these sites", value="", placeholder="nice.org.uk who.int", visible=web)

    def offer(*now: Any) -> Any:
        found = [
            (f"{title}: {one.card.title_of(one.label)}", _name(one))
            for title, one in zip(readings, now, strict=True)
            if one
        ]
        return gr.Radio([("No reading", NO_READING), *found], value=NO_READING, visible=bool(found))

    states = [one.chosen for one in readings.values()]
    gr.on([state.change for state in states], offer, states, using, **QUIET)
    return [mode, where, years, sites, using]


def _keeping(clerk: Clerk, answers: gr.State) -> None:
    with gr.Row(elem_classes="lb-questions"):
        up = gr.Button("Helpful", size="sm", min_width=0)
        down = gr.Button("Not helpful", size="sm", min_width=0)
        save = gr.Button("Export", size="sm", min_width=0)
    kept = gr.HTML()
    up.click(partial(clerk.thumb, thumb="up"), answers, kept, **QUIET)
    down.click(partial(clerk.thumb, thumb="down"), answers, kept, **QUIET)
    save.click(export, answers, kept, **QUIET)


def _documents(visit: gr.State) -> None:
    with gr.Accordion("Documents of your own", open=False):
        file = gr.File(
            label="PDF, HTML, Markdown, Word or text", file_count="multiple", height=110,
            file_types=[".pdf", ".html", ".htm", ".md", ".txt", ".docx"],
        )  # fmt: skip
        held = gr.HTML(pieces.note("Documents stay on this machine, are yours alone, and go when you close the page."))
        remove = gr.Button("Remove my documents", size="sm", min_width=0)
    file.upload(put_on_shelf, [file, visit], [file, held], **QUIET)
    remove.click(clear_shelf, visit, held, **QUIET)


def _attaching(readings: Mapping[str, ImageTab]) -> None:
    """An image to ask about: a button a tab sends it there to be read."""
    with gr.Accordion("Ask about an image", open=False):
        gr.HTML(pieces.note("The image is read on its tab; its findings can then be used here."))
        box = gr.File(label="Image or DICOM file", height=110, elem_classes="lb-hand-over")
        with gr.Row(elem_classes="lb-questions"):
            for title, tab in readings.items():
                button = gr.Button(f"Read as {title}", size="sm", min_width=0, elem_classes="lb-handing")
                tab.read_from(button.click, box)
