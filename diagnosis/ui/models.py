"""The tab Models: what each model is, how good it was measured to be, and measuring that again."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from diagnosis.errors import BadRequest, UserError
from diagnosis.model_facts import model_facts
from diagnosis.models import Models
from diagnosis.training.remeasure import Progress, remeasure
from diagnosis.ui import model_pieces, pieces
from diagnosis.ui.fetching import fetch_panel

GONE = BadRequest("The archive was deleted, as all uploads are within minutes.", "Put it in again.")
NO_IMAGES = BadRequest("No images are named.", "Put in a zip archive first.")
EVENTS: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
IN_TURN: dict[str, Any] = {"concurrency_id": "models", "concurrency_limit": 1, **EVENTS}  # the last one stays
ALONE: dict[str, Any] = {"concurrency_id": "measuring", "concurrency_limit": 1, **EVENTS}
LEAD = "What each model is, how good it was measured to be, and when not to trust it."
FORMATS = (
    "A manifest.csv (path, label, group, split) beside the images, or a folder of images for each class, named as the "
    "class. Archives are deleted within minutes."
)


@dataclass(frozen=True)
class Shelf:
    """What happens on the tab. It keeps nothing of a visitor: whatever is theirs comes in and goes out.

    Attributes:
        local: whether the page serves this machine alone, so that a visitor may name folders of it.
    """

    models: Models
    local: bool

    @property
    def choices(self) -> list[tuple[str, str]]:
        """(title, name) of each model that is there."""
        return [(card.title, card.name) for card in self.models.cards.values()]

    def open(self, name: str | None) -> tuple[Any, str, str]:
        """(the list of models, the page about one, what could not be loaded), as things are now; loads no network."""
        wrong = model_pieces.not_loaded(self.models.problems.values())
        if name in self.models.cards:
            return gr.Radio(choices=self.choices), self.show(name), wrong  # no value: another may be chosen by now
        first = next(iter(self.models.cards), None)
        return gr.Radio(choices=self.choices, value=first), self.show(first), wrong

    def show(self, name: str | None) -> str:
        """The page about a model."""
        try:
            card = self.models.card(name or "")
            return model_pieces.page(model_facts(card, self.models.folder_of(card.name)))
        except UserError as error:
            return pieces.problem(error)

    def measure(
        self, name: str | None, upload: str | None, typed: str, split: str, request: gr.Request | None = None
    ) -> Iterator[str]:
        """The progress, then the figures of these images beside those that ship."""
        try:
            card = self.models.card(name or "")
            place = self._place(upload, typed, request)
            classifier = self.models.classifier(card.name)
            for step in remeasure(classifier, place, split.strip() or "test"):
                if isinstance(step, Progress):
                    yield model_pieces.measuring(step.done, step.total)
                else:
                    facts = model_facts(card, self.models.folder_of(card.name))
                    yield model_pieces.measured_again(facts, step)
        except UserError as error:
            yield pieces.problem(error)

    def _place(self, upload: str | None, typed: str, request: gr.Request | None) -> Path:
        """What to measure on; a folder of this machine only where the page serves it alone, and through no proxy."""
        if upload is not None and not Path(upload).is_file():
            raise GONE
        if upload is not None:
            return Path(upload)
        forwarded = request is not None and "x-forwarded-for" in request.headers
        if not self.local or forwarded or not typed.strip():
            raise NO_IMAGES
        return Path(typed.strip()).expanduser()


def models_tab(models: Models, *, local: bool) -> None:
    """Build it inside the current Blocks. Nothing is read before it is opened.

    Args:
        local: as :class:`Shelf` has it.
    """
    shelf = Shelf(models, local)
    with gr.Tab("Models") as tab:
        gr.HTML(f'<p class="lb-lead">{LEAD}</p>')
        chosen = gr.Radio(shelf.choices, value=next(iter(models.cards), None), label="Model", elem_classes="lb-choice")
        page = gr.HTML(elem_classes="lb-models")
        _measuring(shelf, chosen)
        fetched = fetch_panel(models)
        wrong = gr.HTML(elem_classes="lb-models")
    for listen in (tab.select, *fetched):
        listen(shelf.open, chosen, [chosen, page, wrong], **IN_TURN)
    chosen.input(shelf.show, chosen, page, trigger_mode="always_last", **IN_TURN)


def _measuring(shelf: Shelf, chosen: gr.Radio) -> None:
    """The part where a visitor has the figures computed again."""
    with gr.Accordion("Measure it again on labelled images", open=False, elem_classes="lb-measure"):
        gr.HTML(f'<p class="lb-note">{FORMATS}</p>')
        with gr.Row():
            file = gr.File(label="A zip archive", file_types=[".zip"], height=110, scale=2, min_width=260)
            with gr.Column(scale=3, min_width=260):
                typed = gr.Textbox(
                    label="Or a folder on this machine", placeholder="~/images/chest-films", visible=shelf.local
                )
                split = gr.Textbox("test", label="Rows of the manifest whose split is", max_lines=1)
        with gr.Row(elem_classes="lb-questions"):
            button = gr.Button("Measure", variant="primary", size="sm", min_width=140)
            stop = gr.Button("Stop", size="sm", min_width=80)
        shown = gr.HTML(elem_classes="lb-models")
    run = button.click(shelf.measure, [chosen, file, typed, split], shown, trigger_mode="once", **ALONE)
    run.failure(partial(pieces.fault, "Measuring", "Press the button again"), None, shown, **EVENTS)
    for listen in (stop.click, chosen.input):
        listen(lambda: "", None, shown, cancels=[run], **EVENTS)
