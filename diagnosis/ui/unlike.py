"""What stands on a tab when an image is not one that the model is made for: the gate's refusal, or its caution."""

from collections.abc import Mapping
from html import escape

from diagnosis.cards import ModelCard
from diagnosis.errors import Refused
from diagnosis.reading import Reading
from diagnosis.render import data_uri, film, picture_size
from diagnosis.study import Study
from diagnosis.tabs import Tab

CAPTION = "Not read: no score, no map."


def message(refused: Refused, tabs: tuple[Tab, ...], cards: Mapping[str, ModelCard]) -> str:
    """What the image looks like, the numbers behind it, and a button to the tab of the model that such images are for.

    The button is for ``page.js``, which opens the tab, chooses the model, and puts in the file that the visitor chose
    last.
    """
    told = f"<strong>{escape(refused.problem)}</strong> {escape(refused.remedy)}"
    if refused.suggestion and refused.suggestion in cards:
        told += f" Such images are for {escape(cards[refused.suggestion].title)}."
    return f'<div class="lb-problem lb-refused" role="alert">{told}{_button(refused.suggestion, tabs, cards)}</div>'


def caution(reading: Reading) -> str:
    """Why the gate warns of an image that was read; nothing otherwise."""
    if reading.gate is None or reading.gate.verdict != "caution":
        return ""
    words = f"<strong>Not like the model's images</strong><p>{escape(reading.gate.reason)}</p>"
    return f'<div class="lb-caution" role="note">{words}</div>'


def stage(study: Study, told: str = "") -> str:
    """The image that was not read, alone; ``told`` is what is known of where it comes from."""
    height, width = picture_size(study)
    words = f"The image that was not read, {study.size[1]} by {study.size[0]} pixels"
    picture = f'<img class="lb-film" alt="{words}" src="{data_uri(film(study))}">'
    framed = f'<div class="lb-picture" style="--w:{width};--h:{height}">{picture}</div>'
    caption = f'<figcaption><p class="lb-note">{CAPTION} {escape(told)}</p></figcaption>'
    return f'<figure class="lb-figure"><div class="lb-stage">{framed}</div>{caption}</figure>'


def _button(model: str | None, tabs: tuple[Tab, ...], cards: Mapping[str, ModelCard]) -> str:
    """Nothing where no tab has the model."""
    if model is None or model not in cards:
        return ""
    tab = next((tab for tab in tabs if cards[model].anatomy == tab.anatomy or model in tab.models), None)
    if tab is None:
        return ""
    label = f"Read it as {escape(cards[model].title)}"
    return (
        f'<p><button type="button" class="lb-over-there" data-tab="{escape(tab.title, quote=True)}" '
        f'data-model="{escape(model, quote=True)}">{label}</button></p>'
    )
