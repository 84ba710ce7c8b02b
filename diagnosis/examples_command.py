"""``python -m diagnosis examples``: keep the maps of the page's examples, so that a click is answered at once."""

from collections.abc import Iterator

from diagnosis.cards import ModelCard
from diagnosis.errors import Missing, Refused
from diagnosis.examples import Example
from diagnosis.kept import Kept
from diagnosis.models import Models
from diagnosis.readers import read_study
from diagnosis.reading import read
from diagnosis.tabs import Tab


def wanted(tabs: tuple[Tab, ...], models: Models) -> list[tuple[Example, ModelCard]]:
    """Each example with each model that it is offered for. Raises Missing where a tab with examples has no model."""
    there = [tab for tab in tabs if tab.examples]
    return [(one, card) for tab in there for card in tab.offered(models.cards) for one in tab.examples_for(card.name)]


def run(tabs: tuple[Tab, ...], models: Models, kept: Kept, evaluations: int) -> Iterator[str]:
    """Read every example by every model that it is for, but where that is kept already; tells of each in a line.

    A model without weights and an image that the gate refuses are told and left out. What is kept of images that are no
    examples any more is removed. Raises UserError.
    """
    ours = set()
    for example, card in wanted(tabs, models):
        ours.add(kept.path(study := read_study(example.file), card))
        about = f"{card.name:12} {example.name}"
        try:
            classifier = models.classifier(card.name)
            if kept.maps(study, classifier.card, evaluations):
                yield f"{about}: kept already"
                continue
            *_, whole = read(study, classifier, gate=models.check, shap_evaluations=evaluations)
        except (Missing, Refused) as error:
            yield f"{about}: left out. {error.problem}"
            continue
        yield f"{about}: {kept.keep(whole, evaluations).stat().st_size / 1000:.1f} kB"
    for path in sorted({*kept.folder.glob("*.npz")} - ours):
        path.unlink()
        yield f"{path.name}: of no example, removed"
