"""The words beside a reading, and the conversation below it."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import gradio as gr

from agents.experiments import NoLaboratory
from agents.explain import explain
from agents.followup import ask, require_question
from agents.ledger import Ledger
from agents.llm import LanguageModel
from agents.narrate import narrate
from agents.tools import Aids, Opinion, no_library
from agents.turns import Turn
from agents.types import Explanation, Length, Reader
from agents.ui import pieces
from diagnosis.errors import UserError
from diagnosis.models import Models
from diagnosis.reading import Reading
from diagnosis.ui import KEEP_SECONDS, QUIET, States, Tray
from diagnosis.ui.bench import Bench
from diagnosis.ui.pieces import fault, problem
from diagnosis.ui.testing import entered

READERS = [("Patient", "patient"), ("Student", "student"), ("Clinician", "clinician")]
LENGTHS = [("Short", "short"), ("Full", "full")]
LANGUAGES = [
    ("English", "en"), ("Deutsch", "de"), ("Español", "es"), ("Français", "fr"), ("Italiano", "it"),
    ("Nederlands", "nl"), ("Português", "pt"),
]  # fmt: skip
QUESTIONS = ("How sure is it?", "Do the two methods agree?", "How good is the model?", "What can it not do?")
OF_LIBRARY = ("Do similar cases agree?",)


@dataclass(eq=False)
class Pen:
    """What writes for one visitor. It changes while words grow, so that words that are no longer wanted see it.

    Attributes:
        cancel: of the words that are being written, None where there are none.
        study: digest of the study that they are about.
        sent: what went to a language model for words about that study.
    """

    cancel: threading.Event | None = None
    study: str = ""
    sent: Ledger = field(default_factory=Ledger)

    def take(self) -> threading.Event:
        """Begin anew; whatever is being written is dropped."""
        self.drop()
        self.cancel = threading.Event()
        return self.cancel

    def stop(self) -> None:
        """End what is being written; its last words are still wanted."""
        if self.cancel is not None:
            self.cancel.set()

    def drop(self) -> None:
        """End what is being written, and want none of it."""
        self.stop()
        self.cancel = None

    def turn_to(self, reading: Reading) -> None:
        """Forget what was sent about another study."""
        if self.study != reading.study.digest:
            self.study, self.sent = reading.study.digest, Ledger()


@dataclass(frozen=True)
class Writer:
    """What the panels do. It keeps nothing of a visitor: whatever is theirs comes in and goes out.

    Attributes:
        opinion: gives what similar cases are called, when that is asked; None where there is no library.
        models: make new tests, when these are asked for; None where a conversation makes none.
    """

    model: LanguageModel | None
    opinion: Opinion | None = None
    models: Models | None = None

    def _aids(self, tray: Tray) -> Aids:
        return Aids(self.opinion or no_library, Bench(self.models.classifier, tray) if self.models else NoLaboratory())

    def _sent(self, pen: Pen) -> str:
        """What was sent for these words; a conversation tells of its own, where there is someone to send it to."""
        return pieces.ledger(pen.sent, " for these words" if self.model is not None else "")

    def tell(self, reading: Reading | None, pen: Pen, reader: Reader, length: Length) -> tuple[Any, ...]:
        """(explanation, words, ledger, no report) by template, at once."""
        pen.drop()
        if reading is None:
            return None, "", "", ""
        pen.turn_to(reading)
        told = narrate(reading, reader, length)
        return told, pieces.explanation(told, reading), self._sent(pen), ""

    def write(
        self, reading: Reading | None, pen: Pen, reader: Reader, length: Length, language: str
    ) -> Iterator[tuple[Any, ...]]:
        """(explanation, words, ledger, no report) by the language model, growing until other words are wanted."""
        if reading is None or reading.pending is not None:
            yield gr.skip(), '<p class="lb-note">Wait until the maps are ready.</p>', gr.skip(), ""
            return
        pen.turn_to(reading)
        before, cancel = pen.sent, pen.take()
        try:
            for told in explain(reading, self.model, reader=reader, length=length, language=language, cancel=cancel):
                if pen.study == reading.study.digest:
                    pen.sent = before + told.ledger
                if pen.cancel is cancel:
                    yield told, pieces.explanation(told, reading), self._sent(pen), ""
            if pen.cancel is not cancel:
                yield (gr.skip(),) * 4  # Gradio sends the last output once more at the end, over the newer words
        except UserError as error:
            told = replace(narrate(reading, reader, length), problem=str(error))
            yield told, pieces.explanation(told, reading), gr.skip(), ""
        finally:
            cancel.set()
            pen.cancel = None if pen.cancel is cancel else pen.cancel

    def report(self, reading: Reading | None, told: Explanation | None, pen: Pen) -> str:
        """The reading and its words as files to keep; no copy stays here."""
        if reading is None or told is None:
            return '<p class="lb-note">Put in an image first.</p>'
        if pen.cancel is not None:
            return '<p class="lb-note">Wait until the words are written.</p>'
        from agents.report.files import report_files  # its libraries take a second to import

        try:
            return pieces.report(report_files(reading, told, datetime.now(UTC)), reading)
        except UserError as error:
            return problem(error)

    def answer(
        self, question: str, language: str, reading: Reading | None, turns: tuple[Turn, ...], pen: Pen, tray: Tray
    ) -> Iterator[tuple[Any, ...]]:
        """(turns, conversation, question box), growing with each step and sentence until another question is asked."""
        if reading is None:
            yield turns, '<p class="lb-note">Put in an image first.</p>', gr.skip()
            return
        cancel = pen.take()
        turns = tuple(turn for turn in turns if turn.done)
        try:
            asked = require_question(question)
            yield turns, pieces.conversation((*turns, Turn(asked, reading))), ""  # at once: the next one may be typed
            aids = self._aids(tray)
            for turn in ask(asked, reading, self.model, turns, language=language, aids=aids, cancel=cancel):
                if pen.cancel is cancel:
                    said = (*turns, turn)
                    yield said, pieces.conversation(said), gr.skip()
            if pen.cancel is not cancel:
                yield (gr.skip(),) * 3  # Gradio sends the last output once more at the end, over the newer answer
        except UserError as error:
            yield turns, pieces.conversation(turns) + problem(error), gr.skip()
        finally:
            cancel.set()
            pen.cancel = None if pen.cancel is cancel else pen.cancel


def words_panel(chosen: gr.State, writer: Writer) -> None:
    """The reading in words: by template whenever ``chosen`` (a Reading about one class) changes, and on request by the
    language model."""
    with gr.Row(visible=False, elem_classes=["lb-controls", "lb-7"]) as row:
        reader = gr.Radio(READERS, value="patient", label="Written for", min_width=340)
        length = gr.Radio(LENGTHS, value="full", label="Length", min_width=340)
    text = gr.HTML(elem_classes="lb-7")
    sent = gr.HTML(elem_classes="lb-7")
    told = gr.State(None, time_to_live=KEEP_SECONDS)
    pen = gr.State(Pen(), time_to_live=KEEP_SECONDS)
    make = gr.Button("Make a report", visible=False, size="sm", elem_classes="lb-9")
    files = gr.HTML(elem_classes="lb-9")
    shown = [told, text, sent, files]
    again = [chosen.change, reader.input, length.input]
    gr.on(again, writer.tell, [chosen, pen, reader, length], shown, trigger_mode="always_last", **QUIET)
    made = make.click(writer.report, [chosen, told, pen], files, **{**QUIET, "show_progress": "minimal"})
    made.failure(partial(fault, "The report", "Press the button again"), None, files, **QUIET)
    with gr.Column(visible=False, elem_classes="lb-7") as anew:
        if writer.model is not None:
            with gr.Row(elem_classes="lb-write"):
                language = _language("Language")
                write = gr.Button("Write with a language model", variant="primary", min_width=210)
                stop = gr.Button("Stop", min_width=80)
            gr.HTML(pieces.addressee(writer.model, "the findings"))
            written = write.click(writer.write, [chosen, pen, reader, length, language], shown, **QUIET)
            written.failure(partial(fault, "Writing", "Press the button again"), None, files, **QUIET)
            stop.click(Pen.stop, pen, None, **QUIET)

    def offer(reading: Reading | None) -> tuple[Any, Any, Any]:
        shown, whole = reading is not None, reading is not None and reading.pending is None
        return gr.Row(visible=shown), gr.Column(visible=shown), gr.Button(visible=whole)

    chosen.change(offer, chosen, [row, anew, make], **QUIET)


def _language(label: str, *, visible: bool = True) -> gr.Dropdown:
    """The visitor's choice of a language; any BCP 47 code can be typed in."""
    return gr.Dropdown(LANGUAGES, value="en", label=label, allow_custom_value=True, min_width=120, visible=visible)


def ask_panel(states: States, writer: Writer) -> None:
    """A conversation about the reading that the visitor looks at; it starts afresh with every image."""
    chosen = states.chosen
    turns, pen = gr.State(()), gr.State(Pen(), time_to_live=KEEP_SECONDS)
    with gr.Column(visible=False, elem_classes="lb-ask") as panel:
        gr.HTML("<h3>Ask about this reading</h3>")
        with gr.Row(elem_classes="lb-questions"):
            questions = QUESTIONS + (OF_LIBRARY if writer.opinion is not None else ())
            offered = [gr.Button(question, size="sm", min_width=0) for question in questions]
            if writer.model is not None:
                gr.Button("Stop the answer", size="sm", min_width=0).click(Pen.stop, pen, None, **QUIET)
        with gr.Row():
            question = gr.Textbox(
                label="Your question", placeholder="Why not normal? What about the lower left?", submit_btn="Ask",
                lines=1, scale=5, min_width=260,
            )  # fmt: skip
            language = _language("Answer in", visible=writer.model is not None)
        if writer.model is not None:
            gr.HTML(
                pieces.addressee(
                    writer.model,
                    "your question as it is typed, the findings and what the tools measured",
                    pictures=False,
                )
            )
        log = gr.HTML(pieces.conversation(()))
    outputs = [turns, log, question]
    for source, listen in ((question, question.submit), *((button, button.click) for button in offered)):
        asked = [source, language, chosen, turns, pen, states.tray]
        event = listen(writer.answer, asked, outputs, trigger_mode="multiple", **QUIET)  # a new one ends the last
        event.failure(partial(fault, "The answer", "Ask again"), None, log, **QUIET)
        event.then(entered, [states.reading, states.tray], states.reading, **QUIET)

    def begin(reading: Reading | None, said: tuple[Turn, ...], pen: Pen) -> tuple[Any, Any, Any]:
        if reading is None or reading.study.digest != pen.study:
            pen.drop()
            pen.study = reading.study.digest if reading is not None else ""
        kept = tuple(turn.over(reading) for turn in said if reading is not None and turn.reading.study == reading.study)
        return gr.Column(visible=reading is not None), kept, pieces.conversation(kept)

    chosen.change(begin, [chosen, turns, pen], [panel, turns, log], **QUIET)
