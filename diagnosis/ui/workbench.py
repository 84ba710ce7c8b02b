"""The part of a tab where a visitor chooses methods, has them tested, and erases what a map marks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from diagnosis.attribution import DEFAULTS, METHODS
from diagnosis.cards import ModelCard
from diagnosis.errors import BadRequest, UserError
from diagnosis.mapping import Wanted, explain
from diagnosis.models import Models
from diagnosis.reading import Reading
from diagnosis.ui import map_pieces, pieces
from diagnosis.ui.choosing import class_list

NO_READING = BadRequest("There is no reading yet.", "Put an image in first.")
NO_METHOD = BadRequest("No method is chosen.", "Choose one or more.")
NOTHING = "nothing"


@dataclass(frozen=True)
class Workbench:
    """Keeps nothing of a visitor: whatever is theirs comes in and goes out."""

    models: Models
    shap_evaluations: int

    def run(self, reading: Reading | None, methods: list[str], against: str, erase: bool) -> Iterator[str]:
        """The side-by-side view, growing; an error in words where something is missing."""
        try:
            if reading is None:
                raise NO_READING
            if not methods:
                raise NO_METHOD
            wanted = Wanted(
                tuple(methods),
                label=reading.label,
                against=None if against in (NOTHING, reading.label) else against,
                checks=True,
                erase=methods[0] if erase else None,
                options={"shap": {"evaluations": self.shap_evaluations}},
            )
            for maps in explain(reading.study, self.models.classifier(reading.card.name), wanted):
                yield map_pieces.side_by_side(maps)
        except UserError as error:
            yield pieces.problem(error)


def against_of(card: ModelCard) -> list[tuple[str, str]]:
    """What a class can be set against: nothing, or any class of the model."""
    return [("Nothing", NOTHING), *((label.title, label.name) for label in card.labels)]


def follow(reading: Reading | None, against: str) -> Any:
    """The list of classes of the model that made the reading on the page."""
    if reading is None:
        return gr.skip()
    offered = against_of(reading.card)
    return gr.Dropdown(choices=offered, value=against if against in dict(offered).values() else NOTHING)


def workbench(bench: Workbench, card: ModelCard, chosen: gr.State, events: dict[str, Any]) -> None:
    """Build the part inside the current Blocks.

    Args:
        chosen: the state that holds the reading about the class that the visitor chose.
        events: how events are run, as the rest of the tab runs them.
    """
    with gr.Accordion("Test and compare methods", open=False, elem_classes="lb-8"):
        names = [(METHODS[name].title, name) for name in METHODS]
        methods = gr.CheckboxGroup(names, value=[*DEFAULTS[:1], "grad-cam++", "saliency"], label="Methods")
        with gr.Row():
            against = class_list(against_of(card), value=NOTHING, label="Why this class and not …")
            erase = gr.Checkbox(label="Also erase what the first map marks, and read again", min_width=200)
        button = gr.Button("Test and compare", variant="primary")
        note = "Slow on this machine: Score-CAM and SHAP, up to a minute. The others take seconds."
        gr.HTML(f'<p class="lb-note">{note}</p>')
    shown = gr.HTML(elem_classes="lb-8")  # outside: an empty part hides the block around it
    stream = button.click(bench.run, [chosen, methods, against, erase], shown, concurrency_id="model", **events)
    stream.failure(lambda: pieces.fault("The comparison", "Choose fewer methods and try again"), None, shown, **events)
    chosen.change(follow, [chosen, against], against, **events)
