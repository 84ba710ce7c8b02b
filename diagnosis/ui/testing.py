"""The tests of the maps on the page, beside chance: run by themselves or by a button, and entered into the reading."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from diagnosis.attribution import METHODS, AttributionMap
from diagnosis.checks import Trust, Yardstick, check
from diagnosis.errors import UserError
from diagnosis.models import Models
from diagnosis.reading import Reading
from diagnosis.trusted import tested
from diagnosis.ui import map_pieces, pieces
from diagnosis.ui.tray import States, Tray

WORK = "tests"
Trusts = Mapping[tuple[str, str], Trust]


@dataclass(frozen=True)
class Tester:
    """Keeps nothing of a visitor: whatever is theirs comes in and goes out, or lies in their tray.

    Attributes:
        by_itself: whether tests begin as soon as all maps are there; else a button begins them.
    """

    models: Models
    by_itself: bool

    def follow(self, reading: Reading | None, tray: Tray) -> Iterator[tuple[Any, Any]]:
        """(panel, button) for the reading on the page, tested where that begins by itself."""
        yield from self._run(reading, tray, self.by_itself)

    def run(self, reading: Reading | None, tray: Tray) -> Iterator[tuple[Any, Any]]:
        """(panel, button), growing until another image or class is wanted."""
        yield from self._run(reading, tray, True)

    def _run(self, reading: Reading | None, tray: Tray, begins: bool) -> Iterator[tuple[Any, Any]]:
        run = tray.begin(WORK)
        if reading is None or reading.pending is not None or not tray.holds(reading):
            yield "", gr.Button(visible=False)
            return
        waiting = untested(reading, tray.trusts)
        yield panel(reading, tray.trusts), gr.Button(visible=bool(waiting) and not begins)
        if not waiting or not begins:
            return
        try:
            for trusts, doing in self._tests(reading, waiting, tray):
                if not tray.wants(WORK, run):
                    yield gr.skip(), gr.skip()
                    return
                yield panel(reading, trusts, doing), gr.skip()
        except UserError as error:
            yield pieces.problem(error), gr.skip()

    def _tests(
        self, reading: Reading, waiting: list[AttributionMap], tray: Tray
    ) -> Iterator[tuple[dict[tuple[str, str], Trust], str]]:
        """(what is known, what is being tested), step by step; finished tests stay in the tray."""
        done, kept = dict(tray.trusts), tray.trusts
        yield done, f"Testing {METHODS[waiting[0].method].title}"
        yardstick = tray.take_yardstick() or Yardstick(self.models.classifier(reading.card.name), reading.study)
        for one in waiting:
            doing = f"Testing {METHODS[one.method].title} against random maps"
            for trust in check(one, yardstick):
                done = {**done, (one.label, one.method): trust}
                yield done, doing
            kept[one.label, one.method] = done[one.label, one.method]
        if tray.trusts is kept:
            tray.yardstick = yardstick
        yield done, ""


def untested(reading: Reading, trusts: Trusts) -> list[AttributionMap]:
    """The maps of the explained class that have a place to test, and no test yet."""
    own = [one for one in reading.maps if one.label == reading.label and not one.is_flat]
    return [one for one in own if (one.label, one.method) not in trusts]


def entered(reading: Reading | None, tray: Tray) -> Any:
    """The reading with everything that was tested and erased; nothing changes where it knows all that."""
    if reading is None or not tray.holds(reading):
        return gr.skip()
    drafts = [draft for trust in tray.trusts.values() for draft in tested(reading.card, trust)]
    told = reading.tested((*drafts, *tray.erased))
    return gr.skip() if told.tests == reading.tests else told


def badge(trusts: Trusts, label: str, method: str) -> str:
    """The badge of a tested map; nothing for one that was not tested."""
    trust = trusts.get((label, method))
    return map_pieces.sign(trust) if trust else ""


def panel(reading: Reading, trusts: Trusts, doing: str = "") -> str:
    """Each map's badge, with its curves and tests behind a click."""
    own = [one for one in reading.maps if one.label == reading.label and (one.label, one.method) in trusts]
    if not own and not doing:
        return ""
    tiles = "".join(_tile(reading, one, trusts[one.label, one.method]) for one in own)
    note = "Tested on this image: against random maps, a shuffled model, and faint noise."
    return (
        f'<section class="lb-tests"><h3>How far to trust these maps</h3><p class="lb-note">{note}</p>'
        f'<div class="lb-tested">{tiles}</div>{map_pieces.doing(doing)}</section>'
    )


def _tile(reading: Reading, one: AttributionMap, trust: Trust) -> str:
    told = "".join(f"<li>{escape(draft.statement)}</li>" for draft in tested(reading.card, trust))
    curves = map_pieces.curves(trust.curves, trust.low, trust.high) if trust.curves else ""
    return (
        f"<div><p><strong>{METHODS[one.method].title}</strong> {map_pieces.badge(one, trust, True)}</p>"
        f"<details><summary>Curves and tests</summary>{curves}<ul>{told}</ul></details></div>"
    )


def trust_panel(tester: Tester, states: States, events: dict[str, Any]) -> None:
    """Build it inside the current Blocks."""
    shown = gr.HTML(elem_classes="lb-8")
    button = gr.Button("Test these maps", visible=False, size="sm", elem_classes=["lb-8", "lb-slim"])
    for listen, function in ((states.chosen.change, tester.follow), (button.click, tester.run)):
        stream = listen(
            function,
            [states.chosen, states.tray],
            [shown, button],
            concurrency_id="model",
            trigger_mode="multiple",
            **events,
        )
        stream.failure(lambda: pieces.fault("The test", "Choose the class again"), None, shown, **events)
        stream.then(entered, [states.reading, states.tray], states.reading, **events)
