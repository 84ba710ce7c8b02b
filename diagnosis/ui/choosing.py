"""Which model reads the images of a tab, and which of its classes is explained."""

from collections.abc import Callable
from html import escape
from typing import Any

import gradio as gr

from diagnosis.cards import ModelCard
from diagnosis.reading import Reading


def titles(card: ModelCard) -> list[tuple[str, str]]:
    """(title, name) of each class."""
    return [(label.title, label.name) for label in card.labels]


def class_list(offered: list[tuple[str, str]], **options: Any) -> gr.Dropdown:
    """A list of classes, which change with the model: what is chosen is looked at where it is used, not by Gradio,
    which holds it against the newer list while a redraw for the older one is under way."""
    return gr.Dropdown(offered, allow_custom_value=True, min_width=200, **options)


def classes(reading: Reading) -> Any:
    """The list of the classes of the model that made a reading, at the one that it explains."""
    return gr.Dropdown(choices=titles(reading.card), value=reading.label)


def made_for(card: ModelCard) -> str:
    """What the model is for and what it tells apart, as its card says."""
    told = ", ".join(escape(label.title) for label in card.labels)
    verb = "It scores each by itself" if card.independent else "It compares"
    return f'<p class="lb-note"><b>{escape(card.title)}.</b> {escape(card.intended_use)} {verb}: {told}.</p>'


def model_choice(offered: Callable[[], list[ModelCard]], events: dict[str, Any]) -> tuple[gr.Radio, gr.HTML]:
    """A choice among the models of a tab, hidden where there is one only, and what the chosen one is for.

    Args:
        offered: the models that are there now; asked again whenever the page is opened, as some may have been fetched.
        events: how events are run, as the rest of the tab runs them.
    """
    cards = offered()
    chosen = gr.Radio(**_offered(offered()), value=cards[0].name, label="Model", elem_classes=["lb-1", "lb-choice"])
    gr.on(None, lambda: gr.Radio(**_offered(offered())), None, chosen, **events)  # whenever the page is opened
    return chosen, gr.HTML(made_for(cards[0]), elem_classes=["lb-1", "lb-made-for"])


def _offered(cards: list[ModelCard]) -> dict[str, Any]:
    return {"choices": [(card.title, card.name) for card in cards], "visible": len(cards) > 1}
