"""Erase a part of the image and read again: painted on the large picture, or chosen from a list."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from diagnosis.attribution import METHODS
from diagnosis.errors import BadRequest, UserError
from diagnosis.laboratory import Erasure, erase
from diagnosis.models import Models
from diagnosis.painting import strokes_of
from diagnosis.preprocess import seen_by
from diagnosis.reading import Reading
from diagnosis.regions import Region, marked_by, of_strokes, of_zone
from diagnosis.ui import erased_pieces, map_pieces, pieces
from diagnosis.ui.testing import entered
from diagnosis.ui.tray import States, Tray
from diagnosis.ui.zone_pieces import drawn
from diagnosis.whatif import LARGEST, PATCHES, SMALLEST

WORK = "erasing"
MAP, ZONE = "map:", "zone:"
NOT_READ = BadRequest("There is no whole reading yet.", "Put an image in, and wait until its maps are ready.")
PAINTING = Path(__file__).with_name("painting.js").read_text("utf-8")
"""Lets the large picture be painted on, and sends the strokes to Python."""
TOOLS = """<div class="lb-paint" role="group" aria-label="Paint on the large picture">
<p class="lb-note">Paint on the large picture what is to be erased, or choose a part by its name.</p>
<p class="lb-note" data-paint="waits" role="status" hidden>Erasing waits until all maps of the image are there.</p>
<div class="lb-paint-tools">
<button type="button" data-paint="brush" aria-pressed="true">Brush</button>
<button type="button" data-paint="box" aria-pressed="false">Rectangle</button>
<label>Size, %
<input type="range" data-paint="size" min="2" max="40" step="1" value="14"><output>14</output></label>
<button type="button" data-paint="undo" disabled>Undo</button>
<button type="button" data-paint="clear" disabled>Clear</button>
<button type="button" data-paint="erase" disabled>Erase what is painted</button>
</div></div>"""

Chosen = Callable[[Reading], Region]


@dataclass(frozen=True)
class Eraser:
    """Keeps nothing of a visitor: whatever is theirs comes in and goes out, or lies in their tray."""

    models: Models

    def painted(self, event: gr.EventData, reading: Reading | None, tray: Tray) -> Iterator[str]:
        """Erase what was painted."""
        yield from self._run(reading, tray, lambda whole: of_strokes(whole, strokes_of(event.strokes)))

    def chosen(self, what: str | None, reading: Reading | None, tray: Tray) -> Iterator[str]:
        """Erase a zone or what a map marks."""
        yield from self._run(reading, tray, lambda whole: region_of(whole, what or ""))

    def _run(self, reading: Reading | None, tray: Tray, choose: Chosen) -> Iterator[str]:
        """The panel: what is being done, then what came of it, until another image or part is wanted."""
        run = tray.begin(WORK)
        try:
            if reading is None or reading.pending is not None or not tray.holds(reading):
                raise NOT_READ
            tray.erasing = (reading.study.digest, reading.label)
            region = choose(reading)
            patches = f"and with {PATCHES} patches of the same shape erased"
            yield map_pieces.doing(f"Reading the image without {region.what}, {patches}")
            found = erase(self.models.classifier(reading.card.name), reading, region)
        except UserError as error:
            yield pieces.problem(error) if tray.wants(WORK, run) else gr.skip()
            return
        if not tray.wants(WORK, run):
            yield gr.skip()
            return
        tray.keep(found)
        yield _drawn(reading, tray, found)


def _drawn(reading: Reading, tray: Tray, found: Erasure) -> str:
    tray.drawn = found
    return erased_pieces.result(reading, found)


def region_of(reading: Reading, what: str) -> Region:
    """What a choice from the list stands for. Raises BadRequest for what is not there."""
    if what.startswith(MAP) and reading.map(what.removeprefix(MAP)):
        return marked_by(reading, what.removeprefix(MAP))
    zone = reading.zones.named(what.removeprefix(ZONE)) if reading.zones and what.startswith(ZONE) else None
    if zone is None:
        raise BadRequest("No part of the image is chosen.", "Choose one from the list.")
    return of_zone(zone)


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


def follow(reading: Reading | None, tray: Tray, what: str | None) -> tuple[Any, Any, Any]:
    """(panel, list, button) for the reading on the page: nothing of one image or class stands beside another."""
    if reading is None:
        return "", gr.skip(), gr.skip()
    offered = choices(reading)
    values = [value for _, value in offered]
    whole = reading.pending is None
    first = values[0] if values and whole else None
    chosen = gr.Dropdown(choices=offered, value=what if what in values else first)
    return _panel(reading, tray), chosen, gr.Button(interactive=whole)


def _panel(reading: Reading, tray: Tray) -> Any:
    """What stands there, where it is about this reading; what a conversation erased meanwhile; else nothing."""
    about = (reading.study.digest, reading.label)
    last = tray.erasure if tray.holds(reading) else None
    if last is not None and last is not tray.drawn and (last.study, last.label) == about:
        tray.erasing = about
        return _drawn(reading, tray, last)
    if tray.holds(reading) and tray.erasing == about:
        return gr.skip()
    tray.begin(WORK)  # ends what runs for another image or class
    return ""


def erase_panel(eraser: Eraser, stage: gr.HTML, states: States, events: dict[str, Any]) -> None:
    """Build it inside the current Blocks.

    Args:
        stage: holds the large picture; made with ``PAINTING``.
    """
    with gr.Accordion("Erase a part, and read again", open=False, elem_classes=["lb-4", "lb-erase"]):
        gr.HTML(TOOLS)
        with gr.Row(elem_classes="lb-write"):
            what = gr.Dropdown([], label="Part of the image", scale=4, min_width=200)
            button = gr.Button("Erase this part", min_width=110, scale=1)
    shown = gr.HTML(elem_classes="lb-4")
    at_once = {"concurrency_id": "model", "trigger_mode": "multiple", **events}
    held = [states.chosen, states.tray]
    for stream in (
        stage.select(eraser.painted, held, shown, **at_once),
        button.click(eraser.chosen, [what, *held], shown, **at_once),
    ):
        stream.failure(lambda: pieces.fault("Erasing", "Try another part"), None, shown, **events)
        stream.then(entered, [states.reading, states.tray], states.reading, **events)
    states.chosen.change(follow, [*held, what], [shown, what, button], **events)
