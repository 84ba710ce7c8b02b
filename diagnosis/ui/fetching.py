"""Models whose weights somebody else publishes: what would be fetched, from where, and a button for each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

import gradio as gr

from diagnosis.cards import ModelCard
from diagnosis.errors import UserError
from diagnosis.fetching import Consent, NotAgreed, fetch, is_fetchable
from diagnosis.fetching import Progress as Fetched
from diagnosis.models import Models
from diagnosis.ui import pieces

AGREE = "A pickle can hold more than numbers. I agree that it is opened, once, in a process of its own."
EVENTS: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


@dataclass(frozen=True)
class Porter:
    """Fetches the weights of models for all visitors of the page."""

    models: Models

    def run(self, card: ModelCard, agreed: bool, sha256: str) -> Iterator[tuple[str, Any]]:
        """(what is being done, the box for a digest that must be confirmed)."""
        try:
            consent = Consent(pickle=agreed, sha256=sha256.strip() or None)
            for step in fetch(card, consent, self.models.further or self.models.folder):
                yield _progress(step), gr.skip()
        except NotAgreed as error:
            yield pieces.problem(error), gr.Textbox(visible=True) if error.sha256 else gr.skip()
            return
        except UserError as error:
            yield pieces.problem(error), gr.skip()
            return
        self.models.reload()
        told = "is here. Open the page again: it is offered where its images are read."
        yield f'<p class="lb-same">{escape(card.title)} {told}</p>', gr.skip()


def fetch_panel(models: Models) -> list[Callable[..., Any]]:
    """Build it inside the current Blocks; returns what tells that a fetch has ended. Nothing where no card is ready."""
    if not models.ready:
        return []
    gr.HTML('<section class="lb-model"><h3>Models that others publish</h3></section>', elem_classes="lb-models")
    return [_row(Porter(models), card) for card in models.ready.values()]


def _row(porter: Porter, card: ModelCard) -> Callable[..., Any]:
    with gr.Column(elem_classes="lb-ready"):
        gr.HTML(_about(card))
        pickled = card.download is not None and card.download.format == "pickle"
        agree = gr.Checkbox(label=AGREE, visible=pickled)
        digest = gr.Textbox(label="The sha256 that you compared with its source", visible=False)
        name = f"Fetch {card.title}" if is_fetchable(card) else f"Look for the file of {card.title}"
        button = gr.Button(name, size="sm", elem_classes="lb-slim")
        doing = gr.HTML()
    run = button.click(
        partial(porter.run, card), [agree, digest], [doing, digest], trigger_mode="once",
        concurrency_id="fetching", concurrency_limit=4, **EVENTS,
    )  # fmt: skip
    run.failure(partial(pieces.fault, "Fetching", "Press the button again"), None, doing, **EVENTS)
    return run.success


def _about(card: ModelCard) -> str:
    """What the model is for, and what would come from where."""
    known = f"{len(card.labels)} {'findings' if card.independent else 'classes'}"
    told = card.download.told if card.download else "no file is named"
    note = f"{escape(card.architecture)}, {known}. Licence: {escape(card.licence)}. To fetch: {escape(told)}."
    return f'<h4>{escape(card.title)}</h4><p>{escape(card.intended_use)}</p><p class="lb-note">{note}</p>'


def _progress(step: Fetched) -> str:
    known = f' max="{step.whole}" value="{step.done}"' if step.whole else ""
    bar = f"<label>{escape(step.words)}<progress{known}></progress></label>"
    return f'<div class="lb-progress" role="status">{bar}</div>'
