"""Erase a part of the image and read again: by a click on the large picture, or chosen from a list."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np

from diagnosis.attribution import METHODS, AttributionMap, Target
from diagnosis.errors import BadRequest, UserError
from diagnosis.models import Models
from diagnosis.preprocess import seen_by
from diagnosis.reading import Reading
from diagnosis.trusted import retested
from diagnosis.ui import erased_pieces, map_pieces, pieces
from diagnosis.ui.testing import entered
from diagnosis.ui.tray import States, Tray
from diagnosis.ui.zone_pieces import drawn
from diagnosis.whatif import LARGEST, SMALLEST, Retest, disc, erase_and_read, marked

WORK = "erasing"
METHOD = "grad-cam"  # of the map of what is left: the one that takes a fraction of a second
RADIUS = 0.08  # of the longer side: about a fiftieth of a square image
MAP, ZONE = "map:", "zone:"
NOT_READ = BadRequest("There is no whole reading yet.", "Put an image in, and wait until its maps are ready.")
CLICKS = """element.addEventListener("click", (event) => {
  const picture = event.target.closest(".lb-picture");
  const open = element.closest(".lb-tab").querySelector(".lb-erase-here");
  if (!picture || !open || open.offsetParent === null) return;
  const box = picture.getBoundingClientRect();
  trigger("select", {row: (event.clientY - box.top) / box.height, column: (event.clientX - box.left) / box.width});
});"""
"""Tells Python where the large picture was clicked, as fractions of its height and width, while erasing is open."""


Region = Callable[[Reading], tuple[np.ndarray, str]]


@dataclass(frozen=True)
class Eraser:
    """Keeps nothing of a visitor: whatever is theirs comes in and goes out, or lies in their tray."""

    models: Models
    model: str

    def at(self, event: gr.EventData, reading: Reading | None, tray: Tray) -> Iterator[str]:
        """Erase a disc about the place that was clicked."""
        row, column = (min(1.0, max(0.0, float(value))) for value in (event.row, event.column))
        where = f"the disc {100 * column:.0f} % from the left and {100 * row:.0f} % from the top"
        yield from self._run(reading, tray, lambda whole: (disc(whole.study.size, row, column, RADIUS), where))

    def chosen(self, what: str | None, reading: Reading | None, tray: Tray) -> Iterator[str]:
        """Erase a zone or what a map marks."""
        yield from self._run(reading, tray, lambda whole: region_of(whole, what or ""))

    def _run(self, reading: Reading | None, tray: Tray, region: Region) -> Iterator[str]:
        """The panel: what is being done, then what came of it, until another image or part is wanted."""
        run = tray.begin(WORK)
        try:
            if reading is None or reading.pending is not None or not tray.holds(reading):
                raise NOT_READ
            tray.erased_for = (reading.study.digest, reading.label)
            mask, what = region(reading)
            yield map_pieces.doing(f"Reading the image without {what}, and with 20 patches of the same shape erased")
            classifier = self.models.classifier(self.model)
            found = erase_and_read(classifier, reading.study, mask)
            after = METHODS[METHOD].maps(classifier, found.study, targets=[Target(reading.label)])[0]
        except UserError as error:
            yield pieces.problem(error) if tray.wants(WORK, run) else gr.skip()
            return
        if not tray.wants(WORK, run):
            yield gr.skip()
            return
        yield self._kept(reading, tray, found, after, what)

    @staticmethod
    def _kept(reading: Reading, tray: Tray, found: Retest, after: AttributionMap, what: str) -> str:
        drafts = tuple(retested(reading.card, reading.label, found, what))
        tray.erased = (*tray.erased, *drafts)
        return erased_pieces.result(reading, found, after, what, drafts)


def region_of(reading: Reading, what: str) -> tuple[np.ndarray, str]:
    """(bool (H, W), its name in words) of a choice from the list. Raises BadRequest for what is not there."""
    if what.startswith(MAP) and (one := reading.map(what.removeprefix(MAP))):
        return marked(one), f"what {METHODS[one.method].title} marks"
    zone = reading.zones.named(what.removeprefix(ZONE)) if reading.zones and what.startswith(ZONE) else None
    if zone is None:
        raise BadRequest("No part of the image is chosen.", "Choose one from the list.")
    return zone.mask, f"the {zone.name}"


def choices(reading: Reading) -> list[tuple[str, str]]:
    """What can be erased by name: what each map marks, and the zones that are neither too small nor too large."""
    own = [one for one in reading.maps if one.label == reading.label and not one.is_flat]
    offered = [(f"What {METHODS[one.method].title} marks", MAP + one.method) for one in own]
    zones = reading.zones
    if zones is None or not zones.certain:
        return offered
    seen = seen_by(reading.study.size, reading.card.input)
    room = [zone for zone in drawn(zones) if SMALLEST <= float((zone.mask & seen).sum() / seen.sum()) <= LARGEST]
    return offered + [(zone.name[:1].upper() + zone.name[1:], ZONE + zone.name) for zone in room]


def follow(reading: Reading | None, tray: Tray, what: str | None) -> tuple[Any, Any]:
    """(panel, list) for the reading on the page: nothing of one image or class stands beside another."""
    if reading is None:
        return "", gr.skip()
    offered = choices(reading)
    values = [value for _, value in offered]
    first = values[0] if values and reading.pending is None else None
    box = gr.Dropdown(choices=offered, value=what if what in values else first)
    if tray.holds(reading) and tray.erased_for == (reading.study.digest, reading.label):
        return gr.skip(), box
    tray.begin(WORK)  # ends what runs for another image or class
    return "", box


def erase_panel(eraser: Eraser, stage: gr.HTML, states: States, events: dict[str, Any]) -> None:
    """Build it inside the current Blocks.

    Args:
        stage: holds the large picture; made with ``CLICKS``.
    """
    with gr.Accordion("Erase a part, and read again", open=False, elem_classes=["lb-6", "lb-erase"]):
        gr.HTML('<p class="lb-note lb-erase-here">Click a place on the large picture, or choose a part.</p>')
        with gr.Row(elem_classes="lb-write"):
            what = gr.Dropdown([], label="Part of the image", scale=4, min_width=200)
            button = gr.Button("Erase it", variant="primary", min_width=110, scale=1)
    shown = gr.HTML(elem_classes="lb-6")
    at_once = {"concurrency_id": "model", "trigger_mode": "multiple", **events}
    held = [states.chosen, states.tray]
    for stream in (
        stage.select(eraser.at, held, shown, **at_once),
        button.click(eraser.chosen, [what, *held], shown, **at_once),
    ):
        stream.failure(lambda: pieces.fault("Erasing", "Try another part"), None, shown, **events)
        stream.then(entered, [states.reading, states.tray], states.reading, **events)
    states.chosen.change(follow, [*held, what], [shown, what], **events)
