"""The tab Synthetic images: how they were made and why, what was measured of them, and a panel that makes more."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from diagnosis.cards import ModelCard
from diagnosis.errors import BadRequest, UserError
from diagnosis.gate.card import FOLDER as GATE
from diagnosis.gate.card import load_gate_card
from diagnosis.models import Models
from diagnosis.synthesis.generator import SEEDS, Generator
from diagnosis.synthesis.images import SyntheticImage
from diagnosis.synthesis.judging.record import JudgingRecord, checked, load_judging
from diagnosis.tabs import Tab
from diagnosis.ui import pieces, synthetic_pieces

MOST = 4  # images of one request: each takes seconds
UNCOMPARED = (
    "Images made here were not compared with real ones; those that come with Lightbox were. The same class and seed "
    "make the same image again, by the same generator on the same machine."
)
JUDGED = "judged"  # folder of the records, beside the generators' cards
EVENTS: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
MAKING: dict[str, Any] = {"concurrency_id": "synthesis", "concurrency_limit": 1, "trigger_mode": "once", **EVENTS}


@dataclass(frozen=True)
class Studio:
    """What happens on the tab. It keeps nothing of a visitor; a generator is loaded when somebody first asks for it.

    Attributes:
        tabs: where an image that was made can be read.
    """

    models: Models
    generator: Generator
    tabs: tuple[Tab, ...]

    @property
    def offered(self) -> list[ModelCard]:
        """The models that are here and whose classes can be made. Raises BadRequest for a bad card of a generator."""
        ready = self.generator.ready
        return [card for name, card in self.models.cards.items() if name in ready]

    def measured(self) -> Iterator[JudgingRecord | UserError]:
        """What was measured of synthetic images by the weights that are here, and why other figures are not shown."""
        for path in sorted((self.generator.folder / JUDGED).glob("*.json")):
            try:
                record = load_judging(path)
                card = self.models.card(record.model.partition("@")[0])
                gate = load_gate_card(self.models.folder / GATE)
                yield checked(record, card, self.generator.card(card.name), gate)
            except UserError as error:
                yield error

    def classes(self, model: str) -> gr.Dropdown:
        """The list of what can be made of a model."""
        titles = [(one.title, one.label) for one in self.generator.classes(model)]
        return gr.Dropdown(choices=titles, value=titles[0][1])

    def make(self, model: str | None, label: str | None, count: float, seed: float | None) -> Iterator[str]:
        """The images so far and what is being done, growing; an error in words where something is missing."""
        made: list[SyntheticImage] = []
        try:
            if seed is None or seed != int(seed):
                raise BadRequest("The seed is no whole number.", f"Give 0 to {SEEDS - MOST:,}.")
            if not 1 <= count <= MOST:
                raise BadRequest(f"The number of images is {count:g}.", f"Give 1 to {MOST}.")
            card = self.models.card(model or "")
            place = next((tab.title for tab in self.tabs if card.anatomy == tab.anatomy), None)
            yield synthetic_pieces.row(made, int(count), place)
            for image in self.generator.stream(card.name, label or "", int(count), int(seed)):
                made.append(image)
                yield synthetic_pieces.row(made, int(count), place)
        except UserError as error:
            yield pieces.problem(error)


def synthetic_tab(models: Models, tabs: tuple[Tab, ...], weights: Path) -> None:
    """Build it inside the current Blocks.

    Args:
        weights: the folder of weights, whose subfolder ``synthesis`` has the generators.
    """
    studio = Studio(models, Generator(weights), tabs)
    with gr.Tab("Synthetic images") as tab:
        gr.HTML(synthetic_pieces.story(any(one.model for each in tabs for one in each.examples)))
        figures = gr.HTML()
        tab.select(lambda: synthetic_pieces.figures([*studio.measured()], models.cards), None, figures, **EVENTS)
        try:
            offered = studio.offered
        except UserError as error:
            gr.HTML(pieces.problem(error))
            return
        if offered:
            _panel(studio, offered)
        else:
            gr.HTML(synthetic_pieces.NO_WEIGHTS)


def _panel(studio: Studio, offered: list[ModelCard]) -> None:
    """Model, class, how many and seed → images, one by one."""
    first = studio.generator.classes(offered[0].name)
    gr.HTML(f'<h3>Make some</h3><p class="lb-note">{UNCOMPARED}</p>', elem_classes="lb-models")
    with gr.Row():
        names = [(card.title, card.name) for card in offered]
        model = gr.Dropdown(names, value=offered[0].name, label="Model", min_width=200, scale=2)
        titles = [(one.title, one.label) for one in first]
        label = gr.Dropdown(
            titles, value=first[0].label, label="Class", allow_custom_value=True, min_width=200, scale=2
        )
        count = gr.Slider(1, MOST, 2, step=1, label="How many", buttons=[], min_width=160)
        seed = gr.Number(1, label="Seed of the first", precision=0, minimum=0, maximum=SEEDS - MOST, min_width=140)
        button = gr.Button("Make", variant="primary", min_width=100)
    shown = gr.HTML(elem_classes="lb-models")
    model.input(studio.classes, model, label, **EVENTS)
    run = button.click(studio.make, [model, label, count, seed], shown, **MAKING)
    run.failure(partial(pieces.fault, "Making images", "Press the button again"), None, shown, **EVENTS)
