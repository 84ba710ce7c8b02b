"""The models in a folder, each loaded once and when it is first needed."""

import threading
from pathlib import Path

from diagnosis.anatomy.service import Anatomy
from diagnosis.cards import ModelCard, load_cards
from diagnosis.classifier import Classifier
from diagnosis.errors import BadRequest, Missing, UserError
from diagnosis.findings import Figure, Performance
from diagnosis.training.evaluate import Evaluation, load_metrics, metrics_path
from diagnosis.training.metrics import Interval


class Models:
    """Cards, classifiers and test records of the models in ``folder``. Safe to share between threads.

    Raises BadRequest when a card cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cards = load_cards(folder)
        self._classifiers: dict[str, Classifier] = {}
        self._loading = threading.Lock()
        self.anatomy = Anatomy(folder)

    def card(self, name: str) -> ModelCard:
        """Raises BadRequest for an unknown model, Missing when there is no model at all."""
        if not self.cards:
            raise Missing(f"There are no model cards in {self.folder}.", "Name the right folder with LIGHTBOX_WEIGHTS.")
        if name not in self.cards:
            raise BadRequest(f"There is no model {name!r}.", f"Use one of: {', '.join(self.cards)}.")
        return self.cards[name]

    def classifier(self, name: str) -> Classifier:
        """The one copy of a model. Raises Missing or BadRequest as :func:`diagnosis.cards.load_weights` does."""
        card = self.card(name)
        with self._loading:
            if name not in self._classifiers:
                self._classifiers[name] = Classifier.load(card, self.folder)
            return self._classifiers[name]

    def record(self, name: str) -> Performance | None:
        """How well a model did on its test split; None where there is no evaluation of these very weights."""
        card = self.card(name)
        try:
            evaluation = load_metrics(metrics_path(card, self.folder), card)
        except UserError:
            return None
        return _record(evaluation)


def _record(evaluation: Evaluation) -> Performance | None:
    overall = _percent(evaluation.balanced_accuracy)
    recall = {one.label: _percent(one.recall) for one in evaluation.classes}
    if evaluation.split != "test" or overall is None:
        return None
    measured = {label: result for label, result in recall.items() if result is not None}
    return Performance(evaluation.images, evaluation.groups, overall, measured)


def _percent(interval: Interval) -> Figure | None:
    if interval.value is None or interval.low is None or interval.high is None:
        return None
    return Figure(100 * interval.value, 100 * interval.low, 100 * interval.high)
