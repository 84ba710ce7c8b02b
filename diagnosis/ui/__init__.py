"""One tab of the page: an image in, a reading out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import Dependency

from diagnosis.attribution import DEFAULTS, METHODS
from diagnosis.cards import ModelCard
from diagnosis.errors import BadRequest, Refused, UserError
from diagnosis.kept import Kept
from diagnosis.models import Models
from diagnosis.notices import SYNTHETIC_NOTICE
from diagnosis.readers import read_study
from diagnosis.reading import Reading, read
from diagnosis.tabs import Tab
from diagnosis.ui import choosing, pieces, strip, unlike
from diagnosis.ui.erasing import PAINTING, Eraser, erase_panel
from diagnosis.ui.map_files import map_files
from diagnosis.ui.testing import Tester, badge, trust_panel
from diagnosis.ui.tray import States, Tray
from diagnosis.ui.workbench import Workbench, workbench

WORK = "reading"
NOTHING = BadRequest("There is no image.", "Choose one first.")
ANOTHER = BadRequest("This example was made for another model.", "Choose one of those that are shown now.")
KEEP_SECONDS = 3000  # a visitor's state is forgotten after this time without a visit
Panel = Callable[[gr.State], None]
Under = Callable[[States], None]
__all__ = ["KEEP_SECONDS", "QUIET", "Built", "Desk", "States", "Tray", "reading_tab"]
FOLLOWING = (gr.skip(),) * 5  # what is redrawn whenever the reading changes
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": 4}


@dataclass(frozen=True)
class Desk:
    """What happens on a tab. It keeps nothing of a visitor: whatever is theirs comes in and goes out."""

    tab: Tab
    models: Models
    shap_evaluations: int
    test_maps: bool = True
    tabs: tuple[Tab, ...] = ()  # all tabs, where an image that this one does not read may be put in
    kept: Kept | None = None  # maps that were computed beforehand

    def open_upload(self, tray: Tray, model: str, path: str | None) -> tuple[Any, ...]:
        if path is None:
            return tray, None, gr.skip(), pieces.problem(NOTHING)
        return self._open(tray, model, Path(path))

    def open_example(self, event: gr.EventData, tray: Tray, model: str) -> tuple[Any, ...]:
        """As :meth:`open_upload`, of an example that is for the model."""
        known = {one.name: one for one in self.tab.examples_for(model)}
        if (example := known.get(event.example)) is None:
            return tray, None, gr.skip(), pieces.problem(ANOTHER)
        return self._open(tray, model, example.file, f"Example: {example.caption}.")

    def choose(self, tray: Tray, model: str) -> tuple[Any, ...]:
        """(tray, file box, progress, no message, what the model is for, its examples): it reads the image that lies
        there."""
        about = choosing.made_for(self.models.card(model)), strip.drawn(self.tab.examples_for(model))
        if tray.study is None:
            return tray, gr.skip(), gr.skip(), "", *about
        tray.put(tray.study, model, tray.told)
        return tray, gr.skip(), pieces.waiting(), "", *about

    def _open(self, tray: Tray, model: str, path: Path, told: str = "") -> tuple[Any, ...]:
        """(tray, empty file box, progress, no message); for what is no image, the message alone: no reading stops."""
        try:
            study = read_study(path)
            tray.put(study, model, f"{told} {SYNTHETIC_NOTICE}".strip() if study.synthetic else told)
            return tray, None, pieces.waiting(), ""
        except UserError as error:
            return tray, None, gr.skip(), pieces.problem(error)

    def read(self, tray: Tray) -> Iterator[tuple[Any, ...]]:
        """(reading, its class, controls, progress, message, large picture, and the chosen reading with its scores, maps
        and facts), stage by stage, until others are wanted.

        All from the picture on follows the reading, but for an image that the gate does not let by: that one is shown
        alone, and nothing of an earlier reading stands beside the refusal.
        """
        study, name = tray.take(), tray.model
        yield (gr.skip(),) * 10  # Gradio empties the outputs of a generator that yields nothing
        if study is None or name is None:
            return  # a bad file: what runs for the last image goes on
        run = tray.begin(WORK)
        try:
            classifier, record = self.models.classifier(name), self.models.record(name)
            shown = -1  # maps on the page; the reading is sent again only when there are more
            for reading in read(
                study,
                classifier,
                record=record,
                anatomy=self.models.anatomy,
                gate=self.models.check,
                shap_evaluations=self.shap_evaluations,
                kept=self.kept.maps(study, classifier.card, self.shap_evaluations) if self.kept else (),
            ):
                if not tray.wants(WORK, run):
                    yield (gr.skip(),) * 10  # Gradio sends the last output once more at the end, over the newer reading
                    return
                first, fresh = shown < 0, len(reading.maps) > shown
                shown = len(reading.maps)
                yield (
                    reading if fresh else gr.skip(),
                    choosing.classes(reading) if first else gr.skip(),
                    gr.Row(visible=True) if first else gr.skip(),
                    pieces.progress(reading.pending),
                    "" if first else gr.skip(),
                    *FOLLOWING,
                )
        except Refused as refused:
            told = unlike.message(refused, self.tabs, self.models.cards)
            yield None, gr.skip(), gr.Row(visible=False), "", told, unlike.stage(study, tray.told), None, "", "", ""
        except UserError as error:
            yield gr.skip(), gr.skip(), gr.skip(), "", pieces.problem(error), *FOLLOWING

    def follow(self, reading: Reading | None, method: str, tray: Tray) -> tuple[Any, ...]:
        """(reading, stage, scores, maps, facts) of a new reading: about the class that was chosen for its image, and
        about its own where none was. The list of classes is not asked: it may still stand at that of another reading.
        """
        while True:
            asked = tray.asked
            drawn = self._drawn(reading, asked, method, tray)
            if asked == tray.asked:  # nothing was chosen meanwhile
                return drawn

    def show(self, reading: Reading | None, label: str, method: str, tray: Tray) -> tuple[Any, ...]:
        """The same about the class and by the method that the visitor chose."""
        if tray.holds(reading):
            tray.asked = label
        return self._drawn(reading, label, method, tray)

    def _drawn(self, reading: Reading | None, label: str | None, method: str, tray: Tray) -> tuple[Any, ...]:
        """Without a reading nothing is left of an earlier one but the stage, which shows what was refused."""
        if reading is None:
            return None, gr.skip(), "", "", ""
        about = reading.about(label if label in reading.card.label_names else reading.label)
        mark, told = (badge(tray.trusts, about.label, method), tray.told) if tray.holds(reading) else ("", "")
        stage = pieces.stage(about, method, mark, told)
        return about, stage, pieces.scores(about), pieces.maps(about), pieces.facts(about)


@dataclass(frozen=True)
class Built:
    """A tab that stands, for what else is on the page.

    Attributes:
        chosen: the state that holds the reading about the class that the visitor chose, or None before there is one.
        read_from: (event of a component, file box) → the image in the box is read on this tab when the event comes.
    """

    chosen: gr.State
    read_from: Callable[[Callable[..., Dependency], gr.File], None]


def reading_tab(desk: Desk, beside: Panel, below: Under, under: Under = lambda _: None) -> Built | None:
    """Build a tab inside the current Blocks. Classes ``lb-1`` … ``lb-9`` give the order on a narrow screen.

    Args:
        beside: builds what stands beside the image, given the state that holds the reading about the class that the
            visitor chose, or None before there is one.
        under, below: build what stands under the maps, and below everything.

    Returns:
        None where no model for the tab is there, which the tab then says.
    """
    tab = desk.tab
    try:
        cards = tab.offered(desk.models.cards)
    except UserError as error:
        gr.HTML(pieces.problem(error))
        return None
    tray = gr.State(Tray(), time_to_live=KEEP_SECONDS)
    reading, chosen = (gr.State(None, time_to_live=KEEP_SECONDS) for _ in range(2))
    with gr.Row(elem_classes="lb-tab"):
        with gr.Column(scale=7, min_width=320):
            stage = gr.HTML(pieces.empty_stage(tab.invitation), elem_classes=["lb-4", "lb-large"], js_on_load=PAINTING)
            states = States(tray, reading, chosen)
            erase_panel(Eraser(desk.models), stage, states, QUIET)
            controls, label, method = _controls(cards[0])
            maps = gr.HTML(elem_classes="lb-8")
            trust_panel(Tester(desk.models, desk.test_maps), states, QUIET)
            map_files(chosen, QUIET)
            bench = Workbench(desk.models, desk.shap_evaluations)
            workbench(bench, cards[0], chosen, QUIET)
            under(states)
        with gr.Column(scale=5, min_width=320):
            gr.HTML(f'<p class="lb-lead">{escape(tab.sentence)}</p>', elem_classes="lb-1")
            model, made_for = choosing.model_choice(lambda: tab.offered(desk.models.cards), QUIET)
            hint = "Drop, paste or choose an image"
            file = gr.File(label=hint, show_label=False, height=120, elem_classes=["lb-drop", "lb-2"])
            message = gr.HTML(elem_classes="lb-2")
            examples = strip.example_strip(tab.examples, tab.examples_for(cards[0].name))
            scores, doing = (gr.HTML(elem_classes="lb-5") for _ in range(2))
            beside(chosen)
            facts = gr.HTML(elem_classes="lb-9")
    below(states)

    shown = [chosen, stage, scores, maps, facts]
    in_turn = {"trigger_mode": "always_last", **QUIET}
    reading.change(desk.follow, [reading, method, tray], shown, **in_turn)
    gr.on([label.input, method.input], desk.show, [reading, label, method, tray], shown, **in_turn)
    into, at_once = [tray, file, doing, message], {"trigger_mode": "multiple", **QUIET}

    def begin(event: Dependency) -> None:
        outputs = [reading, label, controls, doing, message, stage, chosen, scores, maps, facts]
        stream = event.then(desk.read, tray, outputs, concurrency_id="model", **at_once)
        stream.failure(lambda: ("", pieces.fault()), None, [doing, message], **QUIET)

    def read_from(listen: Callable[..., Dependency], box: gr.File) -> None:
        begin(listen(desk.open_upload, [tray, model, box], [tray, box, doing, message], **at_once))

    read_from(file.upload, file)
    begin(examples.select(desk.open_example, [tray, model], into, **at_once))
    begin(model.input(desk.choose, [tray, model], [*into, made_for, examples], **at_once))
    return Built(chosen, read_from)


def _controls(card: ModelCard) -> tuple[gr.Row, gr.Dropdown, gr.Radio]:
    """Which class is explained, which map lies on the image, and how strongly; hidden until there is a reading."""
    with gr.Row(visible=False, elem_classes=["lb-controls", "lb-6"]) as row:
        label = choosing.class_list(choosing.titles(card), label="Class explained", scale=4)
        methods = [(METHODS[name].title, name) for name in DEFAULTS]
        method = gr.Radio(
            [*methods, ("None", "none")], value="grad-cam", label="Map on the image", scale=5, min_width=300
        )
        opacity = gr.Slider(0, 100, 60, step=5, label="Opacity, %", buttons=[], scale=3, min_width=160)
    opacity.input(
        None, opacity, js="(percent) => document.documentElement.style.setProperty('--lb-opacity', percent / 100)"
    )
    return row, label, method
