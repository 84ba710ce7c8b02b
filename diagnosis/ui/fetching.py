"""Models whose weights somebody else publishes: what would be fetched, and from where.

A button fetches what needs nobody's consent. A pickle, and a file whose digest nobody publishes, need that of whoever
runs this page: for them the page tells the command, since a visitor may be anybody.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

import gradio as gr

from diagnosis.cards import ModelCard
from diagnosis.errors import UserError
from diagnosis.fetching import Consent, fetch, is_fetchable
from diagnosis.fetching import Progress as Fetched
from diagnosis.models import Models
from diagnosis.ui import pieces

PICKLE = "It is a pickle, a kind of file that can hold more than numbers."
UNKNOWN = "No sha256 is published for it: the one found must be compared with its source."
HIDDEN = "LIGHTBOX_WEIGHTS"  # what a visitor reads for the server's own folder
BY_WHOM = "Whoever runs this page brings it here by a command, and then starts the page again:"
EVENTS: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


@dataclass(frozen=True)
class Porter:
    """Fetches the weights of models for all visitors of the page."""

    models: Models

    def run(self, card: ModelCard) -> Iterator[str]:
        """What is being done, and what came of it. Nothing is consented to."""
        folder = self.models.further or self.models.folder
        try:
            for step in fetch(card, Consent(), folder):
                yield _progress(step)
        except UserError as error:
            yield pieces.problem(error).replace(escape(str(folder)), HIDDEN)
            return
        self.models.reload()
        told = "is here. Open the page again: it is offered where its images are read."
        yield f'<p class="lb-same">{escape(card.title)} {told}</p>'


def fetch_panel(models: Models) -> list[Callable[..., Any]]:
    """Build it inside the current Blocks; returns what tells that a fetch has ended. Nothing where no card is ready."""
    if not models.ready:
        return []
    gr.HTML('<section class="lb-model"><h3>Models that others publish</h3></section>', elem_classes="lb-models")
    rows = [_row(Porter(models), card) for card in models.ready.values()]
    return [fetched for fetched in rows if fetched is not None]


def _row(porter: Porter, card: ModelCard) -> Callable[..., Any] | None:
    """What tells that its fetch has ended; None where the page fetches nothing."""
    with gr.Column(elem_classes="lb-ready"):
        gr.HTML(about(card))
        if by_command(card):
            return None
        button = gr.Button(f"Fetch {card.title}", size="sm", elem_classes="lb-slim")
        doing = gr.HTML()
    run = button.click(
        partial(porter.run, card), None, doing, trigger_mode="once",
        concurrency_id="fetching", concurrency_limit=4, **EVENTS,
    )  # fmt: skip
    run.failure(partial(pieces.fault, "Fetching", "Press the button again"), None, doing, **EVENTS)
    return run.success


def by_command(card: ModelCard) -> tuple[str, str] | None:
    """Why the page does not fetch a model, and the command that does; None where a button fetches it."""
    source = card.download
    if source is None or (is_fetchable(card) and source.sha256 and source.format != "pickle"):
        return None
    by_hand = f"Put it as {source.file} into the folder that LIGHTBOX_WEIGHTS names."
    pickled, unknown = source.format == "pickle", source.sha256 is None
    why = [PICKLE] * pickled + [UNKNOWN] * unknown + [by_hand] * (not is_fetchable(card))
    return " ".join(why), f"python -m diagnosis weights fetch {card.name}{' --trust-pickle' if pickled else ''}"


def about(card: ModelCard) -> str:
    """What the model is for, and what would come from where, or by which command."""
    known = f"{len(card.labels)} {'findings' if card.independent else 'classes'}"
    told = card.download.told if card.download else "no file is named"
    note = f"{escape(card.architecture)}, {known}. Licence: {escape(card.licence)}. To fetch: {escape(told)}."
    shown = f'<h4>{escape(card.title)}</h4><p>{escape(card.intended_use)}</p><p class="lb-note">{note}</p>'
    if (asked := by_command(card)) is None:
        return shown
    why, command = asked
    return f'{shown}<p class="lb-note">{escape(why)} {BY_WHOM} <code>{escape(command)}</code></p>'


def _progress(step: Fetched) -> str:
    known = f' max="{step.whole}" value="{step.done}"' if step.whole else ""
    bar = f"<label>{escape(step.words)}<progress{known}></progress></label>"
    return f'<div class="lb-progress" role="status">{bar}</div>'
