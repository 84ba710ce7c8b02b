"""The tab of similar cases, and the panel of neighbours below a reading."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import gradio as gr
from gradio.events import Dependency

from diagnosis.examples import Example
from diagnosis.ui import KEEP_SECONDS, QUIET
from diagnosis.ui.pieces import fault
from retrieval.query import KINDS, WITH
from retrieval.shared import Cases
from retrieval.ui import pieces
from retrieval.ui.finder import NOTHING_YET, Finder, stage
from retrieval.ui.neighbours import neighbours_panel
from retrieval.ui.own import CLICKS, STORED, own_section
from retrieval.ui.visit import AGES, CHOSEN, COUNTS, Visit

__all__ = ["neighbours_panel", "similar_tab"]

LEAD = (
    "Put in an image, words, or both, and see public cases like it: what is known of them, where they come from, and "
    "which parts match."
)
SENTENCES = (
    "viral pneumonia in a child",
    "adenocarcinoma of the colon, histology",
    "brain MRI with a meningioma",
    "normal chest X-ray",
)
ADDRESS = (
    "Pictures come from the cases' own sites, loaded by your browser: such a site sees that someone looked at a "
    "picture of it. Nothing of your image or words is sent there."
)
RANKED = (
    "Only cases that fit are ranked. A case that does not say an age or a sex fits none; "
    f"{AGES[0]} to {AGES[1]} years is no filter."
)
MADE = "Images of nobody, made by a generator. They never vote on a reading."
SYNTHETIC_BOX = len(CHOSEN) + len(AGES)  # where that choice stands among the filters
INTO_VIEW = "() => document.querySelector('.lb-match')?.scrollIntoView({ behavior: 'smooth', block: 'nearest' })"
SEARCHING: dict[str, Any] = {**QUIET, "concurrency_id": "similar", "trigger_mode": "multiple"}
WEIGHING: dict[str, Any] = {**QUIET, "concurrency_id": "weight", "concurrency_limit": 1}
"""One after the other: of two that run at once, the one that knows less could end last."""


def similar_tab(cases: Cases, examples: Sequence[Example], opened: Callable[..., Dependency]) -> None:
    """Build the tab inside the current Blocks.

    Args:
        examples: images to click.
        opened: the event that the tab is opened.
    """
    finder = Finder(cases)
    visit = gr.State(Visit(), time_to_live=KEEP_SECONDS)
    key = gr.BrowserState(None, storage_key=STORED, secret=STORED)  # one name for all: a restart finds it again
    with gr.Row(elem_classes=["lb-tab", "lb-similar"]):
        with gr.Column(scale=5, min_width=320):
            gr.HTML(f'<p class="lb-lead">{LEAD}</p>')
            hint = "Drop, paste or choose an image"
            file = gr.File(label=hint, show_label=False, height=110, elem_classes="lb-drop")
            shown = gr.HTML(stage(Visit()))
            remove = gr.Button("Remove the image", visible=False, size="sm", min_width=0, elem_classes="lb-slim")
            words, search, offered, pictures = _query(examples)
            weight = gr.Slider(
                0, 100, 50, step=5, label="Weight of the image beside the words, %", buttons=[], visible=False
            )
            filters = _filters()
            own_section(cases, visit, key)
        with gr.Column(scale=7, min_width=320):
            message = gr.HTML()
            leaning = gr.HTML(js_on_load=CLICKS)
            match = gr.HTML(js_on_load=CLICKS)
            found = gr.HTML(NOTHING_YET, js_on_load=CLICKS)
    inputs, outputs = [visit, key, words, weight, *filters], [message, leaning, found, match]
    put = [file, shown, remove, *outputs]

    def searching(listen: Callable[..., Dependency], act: Callable[..., Any] = finder.search) -> None:
        event = listen(act, inputs, outputs, **SEARCHING)
        event.failure(partial(fault, "The search", "Search again"), None, message, **QUIET)
        event.then(finder.weigh, [visit, words], weight, **WEIGHING)

    searching(search.click)
    searching(words.submit)
    searching(file.upload(finder.open_upload, [visit, file], put, **QUIET).then, finder.search_new)
    for button, example in zip(pictures, examples, strict=True):
        searching(button.click(partial(finder.open, example.file), visit, put, **QUIET).then, finder.search_new)
    for button, sentence in zip(offered, SENTENCES, strict=True):
        searching(button.click(lambda sentence=sentence: sentence, None, words, **QUIET).then)
    remove.click(finder.remove, visit, put, **QUIET).then(finder.weigh, [visit, words], weight, **WEIGHING)
    words.change(finder.weigh, [visit, words], weight, trigger_mode="always_last", **WEIGHING)
    for part in (found, leaning, match):
        acted = part.select(finder.act, inputs, outputs, **SEARCHING)
        acted.then(None, None, None, js=INTO_VIEW)
        acted.failure(partial(fault, "That", "Try again"), None, message, **QUIET)
    offered_by = [message, *filters[: len(CHOSEN)], filters[SYNTHETIC_BOX]]
    opened(finder.choices, [visit, key], offered_by, concurrency_id="similar", **QUIET)


def _query(examples: Sequence[Example]) -> tuple[gr.Textbox, gr.Button, list[gr.Button], list[gr.Button]]:
    """Words, the button, and examples of both kinds."""
    with gr.Row(elem_classes="lb-write"):
        words = gr.Textbox(label="Words", placeholder=SENTENCES[0], lines=1, max_lines=3, scale=5, min_width=200)
        search = gr.Button("Search", variant="primary", scale=1, min_width=96)
    with gr.Row(elem_classes="lb-questions"):
        offered = [gr.Button(sentence, size="sm", min_width=0) for sentence in SENTENCES]
    pictures: list[gr.Button] = []
    if examples:
        gr.set_static_paths([one.picture for one in examples])
        with gr.Row(elem_classes="lb-examples"):
            pictures = [gr.Button(one.caption, icon=one.picture, elem_classes="lb-example") for one in examples]
    return words, search, offered, pictures


def _filters() -> list[Any]:
    """A box for each of ``CHOSEN``, an age range, synthetic cases, how many results, whether pictures are loaded."""
    with gr.Accordion("Filters", open=False):
        gr.HTML(pieces.note(RANKED))
        with gr.Row():
            chosen = [
                gr.Dropdown([], multiselect=True, value=[], label=pieces.term(name), filterable=True, min_width=170)
                for name in CHOSEN
            ]
        with gr.Row():
            youngest = gr.Slider(*AGES, AGES[0], step=1, label="Age from, years", buttons=[], min_width=170)
            oldest = gr.Slider(*AGES, AGES[1], step=1, label="Age to, years", buttons=[], min_width=170)
        synthetic = gr.Radio(list(KINDS), value=WITH, label="Synthetic cases", info=MADE, visible=False)
        count = gr.Dropdown(list(COUNTS), value=COUNTS[0], label="Results", min_width=90)
    live = gr.Checkbox(True, label="Load pictures from the cases' own sites")
    gr.HTML(pieces.note(ADDRESS))
    return [*chosen, youngest, oldest, synthetic, count, live]
