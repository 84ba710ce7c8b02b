"""Below a reading: the cases nearest to its image, their vote, and whether it agrees with the model."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from diagnosis.errors import UserError
from diagnosis.reading import Reading
from diagnosis.ui import KEEP_SECONDS, QUIET, States, Tray
from diagnosis.ui.pieces import fault, problem
from retrieval.search import Searcher
from retrieval.shared import Asked, Cases
from retrieval.ui import pieces
from retrieval.ui.finder import LOADING, source_picture

TITLE = "Find similar cases"


@dataclass(frozen=True)
class Witness:
    """What happens when the cases are asked. It keeps nothing of a visitor."""

    cases: Cases

    def ask(self, reading: Reading | None, tray: Tray) -> Iterator[tuple[Any, ...]]:
        """(reading with what the cases say, panel, digest of the study that it is about, button)."""
        if reading is None:
            yield (gr.skip(),) * 4
            return
        what = "Searching" if self.cases.ready else LOADING
        yield gr.skip(), pieces.doing(what), gr.skip(), gr.skip()
        try:
            asked = self.cases.second_opinion(reading)
            panel = _panel(asked, reading, self.cases.searcher())
        except UserError as error:
            yield gr.skip(), self._if_wanted(problem(error), reading, tray), gr.skip(), gr.skip()
            return
        if tray.study is not None and tray.study != reading.study:
            yield gr.skip(), "", gr.skip(), gr.skip()
            return
        yield reading.beside(asked.drafts), panel, reading.study.digest, gr.Button(visible=False)

    @staticmethod
    def _if_wanted(panel: str, reading: Reading, tray: Tray) -> str:
        return panel if tray.study is None or tray.study == reading.study else ""


LIKENESS = f"{pieces.COSINE} The cases' labels are what their sources say."


def _panel(asked: Asked, reading: Reading, searcher: Searcher) -> str:
    """What is said of the vote, the vote itself, and the voters."""
    said = [draft.statement for draft in asked.drafts]
    if asked.opinion is None:
        shown = pieces.nothing(" ".join(said))
    else:
        titles = {label.name: label.title for label in reading.card.labels}
        near = searcher.compare(reading.study, asked.opinion.cases)
        listed = pieces.cards(near, searcher.manifest.datasets, source_picture, strip=True)
        shown = pieces.vote(asked.opinion, titles, said, reading.prediction.present) + pieces.note(LIKENESS) + listed
    return f'<section class="lb-neighbours"><h3>Similar cases</h3>{shown}</section>'


def neighbours_panel(states: States, cases: Cases) -> None:
    """Build it inside the current Blocks."""
    shown = gr.State("", time_to_live=KEEP_SECONDS)  # digest of the study whose neighbours stand there
    button = gr.Button(TITLE, visible=False, size="sm", elem_classes="lb-9")
    panel = gr.HTML(elem_classes="lb-9")
    outputs = [states.reading, panel, shown, button]
    event = button.click(
        Witness(cases).ask, [states.reading, states.tray], outputs, concurrency_id="similar", **QUIET
    )  # fmt: skip
    event.failure(partial(fault, "The search", "Press the button again"), None, panel, **QUIET)

    def follow(reading: Reading | None, digest: str) -> tuple[Any, ...]:
        """(panel, digest, button): nothing of one image stands beside another, or beside a reading that begins anew."""
        if reading is None or reading.pending is not None:
            return "", "", gr.Button(visible=False)
        if reading.study.digest == digest:
            return gr.skip(), gr.skip(), gr.skip()
        return "", "", gr.Button(visible=True)

    states.chosen.change(follow, [states.chosen, shown], [panel, shown, button], **QUIET)
