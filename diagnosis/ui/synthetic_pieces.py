"""The parts of the tab Synthetic images as HTML. Pure functions: values in, a string out."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from diagnosis.cards import ModelCard
from diagnosis.errors import UserError
from diagnosis.synthesis.images import NOTICE, SYNTHETIC, SyntheticImage, save_png
from diagnosis.synthesis.judging.record import UNSEEN, JudgingRecord, Plausible, Share

HOW = (
    "A synthetic image shows nobody: a small network made it out of noise, for one class, after it had learned from the "
    "training images of the public sets alone."
)
WHY = "They are there because a patient's image cannot be given to everyone to click, to keep and to learn with."
LIMITS = (
    "The class is what an image was made for, not a diagnosis; none comes with Lightbox before it was compared with the "
    "images it learned from. In pixels, structure and an encoder's features it keeps the distance that 99 in 100 of these keep "
    "to those of other patients, slides or clusters."
)
COMMAND = "python -m diagnosis.synthesis train chest-xray"
NO_WEIGHTS = (
    '<p class="lb-note">None can be made here yet: no generator has weights. Each is trained by a command, such as '
    f"<code>{COMMAND}</code>.</p>"
)


def story(shipped: bool) -> str:
    """How such images are made and why; and where some are shipped, what they are not."""
    return f'<p class="lb-lead">{" ".join((HOW, WHY, LIMITS) if shipped else (HOW, WHY))}</p>'


def figures(records: Sequence[JudgingRecord | UserError], cards: Mapping[str, ModelCard]) -> str:
    """What was measured, a line a model, or why that is not shown; nothing without records."""
    if not records:
        return ""
    told = (
        f"Not shown: {escape(str(one))}" if isinstance(one, UserError) else _measured(one, cards) for one in records
    )
    lines = "".join(f"<li>{line}</li>" for line in told)
    return f'<section class="lb-block"><h3>What was measured</h3><ul class="lb-said">{lines}</ul></section>'


def row(made: Sequence[SyntheticImage], count: int, place: str | None) -> str:
    """The images so far, and what is being done.

    Args:
        place: title of the tab where they can be read; None where there is none.
    """
    shown = "".join(_figure(one, place) for one in made)
    return f'<div class="lb-made-row">{shown}</div>{_doing(len(made), count)}'


def _measured(record: JudgingRecord, cards: Mapping[str, ModelCard]) -> str:
    title = escape(cards[record.model.partition("@")[0]].title)
    whole: Plausible = next(one for one in record.before if one.label is None)
    near = "; ".join(f"{one.space}: {_share(one.rejected)}" for one in record.spaces)
    unseen = next(one.rejected for one in record.detections if one.what == UNSEEN)
    return (
        f"<b>{title}.</b> Of {record.images} images that were made, the model gives {_share(whole.agreed)} its highest score "
        f"for the class they were made for; the gate lets {_share(whole.passed)} pass. Too near to a real image "
        f"to be shipped: {escape(near)}. Of real images that the generator never saw, {_share(unseen)} are so near."
    )


def _share(share: Share) -> str:
    """In percent, with its 95 % interval."""
    value = f"{100 * share.count / share.images:.1f} %" if share.images else "none"
    return (
        value
        if share.low is None or share.high is None
        else f"{value} ({100 * share.low:.1f}–{100 * share.high:.1f} %)"
    )


def _doing(done: int, count: int) -> str:
    if done == count:
        return ""
    words = f"Making image {done + 1} of {count}"
    bar = f'<label>{words}<progress max="{count}" value="{done}"></progress></label>'
    return f'<div class="lb-progress" role="status">{bar}</div>'


def _figure(image: SyntheticImage, place: str | None) -> str:
    """The image, what it is, and a button for ``page.js`` that puts it in where it is read."""
    with TemporaryDirectory() as folder:
        path = save_png(image, Path(folder))
        content = base64.b64encode(path.read_bytes()).decode()
    told = f"{escape(image.title)}, {SYNTHETIC}, seed {image.seed}"
    button = (
        f'<button type="button" class="lb-over-there" data-tab="{escape(place, quote=True)}" '
        f'data-model="{escape(image.model, quote=True)}" data-file="{escape(path.name, quote=True)}">Read this image</button>'
        if place
        else ""
    )
    return (
        f'<figure class="lb-made" title="{NOTICE}"><img alt="{escape(told, quote=True)}" src="data:image/png;base64,{content}">'
        f"<figcaption>{told}</figcaption>{button}</figure>"
    )
