"""The words beside a reading, and the conversation below it."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import gradio as gr

from agents.explain import explain
from agents.followup import ask
from agents.llm import LanguageModel
from agents.narrate import narrate
from agents.turns import Turn
from agents.types import Explanation, Length, Reader
from agents.ui import pieces
from diagnosis.errors import UserError
from diagnosis.reading import Reading
from diagnosis.ui import KEEP_SECONDS, QUIET
from diagnosis.ui.pieces import problem

READERS = [("Patient", "patient"), ("Student", "student"), ("Clinician", "clinician")]
LENGTHS = [("Short", "short"), ("Full", "full")]
LANGUAGES = [
    ("English", "en"), ("Deutsch", "de"), ("Español", "es"), ("Français", "fr"), ("Italiano", "it"),
    ("Nederlands", "nl"), ("Português", "pt"),
]  # fmt: skip
QUESTIONS = ("How sure is it?", "Do the two methods agree?", "How good is the model?", "What can it not do?")


@dataclass(frozen=True)
class Writer:
    """What the panels do. It keeps nothing of a visitor: whatever is theirs comes in and goes out."""

    model: LanguageModel | None

    def tell(self, reading: Reading | None, reader: Reader, length: Length) -> tuple[Any, ...]:
        """(explanation, words, ledger, no report) by template, at once."""
        if reading is None:
            return None, "", "", ""
        told = narrate(reading, reader, length)
        return told, pieces.explanation(told, reading), pieces.ledger(told.ledger), ""

    def write(
        self, reading: Reading | None, reader: Reader, length: Length, language: str
    ) -> Iterator[tuple[Any, ...]]:
        """(explanation, words, ledger, no report) by the language model, growing.

        Leaving the loop early closes the connection.
        """
        if reading is None or reading.pending is not None:
            yield gr.skip(), '<p class="lb-note">Wait until the maps are ready.</p>', gr.skip(), ""
            return
        cancel = threading.Event()
        try:
            for told in explain(reading, self.model, reader=reader, length=length, language=language, cancel=cancel):
                yield told, pieces.explanation(told, reading), pieces.ledger(told.ledger), ""
        except UserError as error:
            yield gr.skip(), problem(error), gr.skip(), ""
        finally:
            cancel.set()

    def report(self, reading: Reading | None, told: Explanation | None) -> str:
        """The reading and its words as files to keep; no copy stays here."""
        if reading is None or told is None:
            return '<p class="lb-note">Put in an image first.</p>'
        from agents.report.files import report_files  # its libraries take a second to import

        try:
            return pieces.report(report_files(reading, told, datetime.now(UTC)), reading)
        except UserError as error:
            return problem(error)

    def answer(self, question: str, reading: Reading | None, turns: tuple[Turn, ...]) -> Iterator[tuple[Any, ...]]:
        """(turns, conversation, question box), growing with each step and sentence."""
        if reading is None:
            yield turns, '<p class="lb-note">Put in an image first.</p>', gr.skip()
            return
        cancel = threading.Event()
        try:
            for turn in ask(question, reading, self.model, turns, cancel=cancel):
                said = (*turns, turn)
                yield said, pieces.conversation(said), ""
        except UserError as error:
            yield turns, pieces.conversation(turns) + problem(error), gr.skip()
        finally:
            cancel.set()


def words_panel(chosen: gr.State, writer: Writer) -> None:
    """The reading in words: by template whenever ``chosen`` (a Reading about one class) changes, and on request by the
    language model."""
    with gr.Row(visible=False, elem_classes=["lb-controls", "lb-7"]) as row:
        reader = gr.Radio(READERS, value="patient", label="Written for", min_width=340)
        length = gr.Radio(LENGTHS, value="full", label="Length", min_width=340)
    text = gr.HTML(elem_classes="lb-7")
    sent = gr.HTML(elem_classes="lb-7")
    told = gr.State(None, time_to_live=KEEP_SECONDS)
    make = gr.Button("Make a report", visible=False, size="sm", elem_classes="lb-9")
    files = gr.HTML(elem_classes="lb-9")
    shown = [told, text, sent, files]
    again = [chosen.change, reader.input, length.input]
    gr.on(again, writer.tell, [chosen, reader, length], shown, trigger_mode="always_last", **QUIET)
    make.click(writer.report, [chosen, told], files, **{**QUIET, "show_progress": "minimal"})
    chosen.change(
        lambda reading: (gr.Row(visible=reading is not None), gr.Button(visible=bool(reading and not reading.pending))),
        chosen, [row, make], **QUIET,
    )  # fmt: skip
    if writer.model is None:
        return
    with gr.Row(elem_classes="lb-7"):
        language = gr.Dropdown(LANGUAGES, value="en", label="Language", allow_custom_value=True, min_width=120)
        write = gr.Button(f"Write with {writer.model.name}", variant="primary", min_width=120)
        stop = gr.Button("Stop", min_width=80)
    gr.HTML(
        f'<p class="lb-note">Sends the findings, {"and the overlays, " if writer.model.vision else "and no pixel, "}'
        f"to {writer.model.host}.</p>",
        elem_classes="lb-7",
    )
    stream = write.click(writer.write, [chosen, reader, length, language], shown, **QUIET)
    stop.click(None, cancels=[stream])


def ask_panel(chosen: gr.State, writer: Writer) -> None:
    """A conversation about the reading in ``chosen``; it starts afresh with every image."""
    turns = gr.State(())
    with gr.Column(visible=False, elem_classes="lb-ask") as panel:
        gr.HTML("<h3>Ask about this reading</h3>")
        with gr.Row(elem_classes="lb-questions"):
            offered = [gr.Button(question, size="sm", min_width=0) for question in QUESTIONS]
        question = gr.Textbox(
            label="Your question", placeholder="Why not normal? What about the lower left?", submit_btn="Ask", lines=1
        )
        log = gr.HTML(pieces.conversation(()))
    outputs = [turns, log, question]
    question.submit(writer.answer, [question, chosen, turns], outputs, **QUIET)
    for button in offered:
        button.click(writer.answer, [button, chosen, turns], outputs, **QUIET)

    def begin(reading: Reading | None, said: tuple[Turn, ...]) -> tuple[Any, Any, Any]:
        kept = tuple(turn for turn in said if reading is not None and turn.reading.study == reading.study)
        return gr.Column(visible=reading is not None), kept, pieces.conversation(kept)

    chosen.change(begin, [chosen, turns], [panel, turns, log], **QUIET)
