"""What else than disease tells the classes of a dataset apart, as measured: ``weights/<model>.shortcuts.json``."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from diagnosis import records
from diagnosis.cards import ModelCard
from diagnosis.errors import BadRequest
from diagnosis.training.metrics import Interval


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Separation(_Frozen):
    """How well one thing tells the positive from the negative side of a question.

    Attributes:
        name: what was looked at, e.g. ``brightness histogram``.
        how: by what, in words.
        auc: area under the ROC curve on ``images`` images, with an interval from a bootstrap over groups.
    """

    name: str
    how: str
    images: int
    auc: Interval


class Outside(_Frozen):
    """The model on films of another collection, none of which it was trained on.

    Attributes:
        dataset, manifest_sha256: the collection.
        stated: what its findings count as, and how many films have each.
        answers: of each kind of finding, how many films got each of the model's labels.
        separations: AUCs of the model's scores between kinds of findings.
    """

    dataset: str
    manifest_sha256: str
    stated: dict[str, dict[str, int]]
    answers: dict[str, dict[str, int]]
    separations: tuple[Separation, ...]


class Shortcuts(_Frozen):
    """All that was measured for one question of one model.

    Attributes:
        question: name of the card's contrast.
        probes: simple classifiers, fitted on ``train``, that see one thing alone, on ``test``.
        parts: the model itself on ``test``, shown a part of each image alone.
        outside: on another collection, or None where there is none.
    """

    model: str
    weights_sha256: str
    dataset: str
    manifest_sha256: str
    question: str
    probes: tuple[Separation, ...]
    parts: tuple[Separation, ...]
    outside: Outside | None
    command: str
    libraries: dict[str, str]


def shortcuts_path(card: ModelCard, folder: Path) -> Path:
    return folder / f"{card.name}.shortcuts.json"


def load_shortcuts(path: Path, card: ModelCard) -> Shortcuts:
    """A record that speaks of the card's weights. Raises Missing where there is none, BadRequest for another's."""
    remedy = f"Run `python -m benchmarks.shortcuts {card.name} --write`."
    found = records.load(Shortcuts, path, "a record of shortcuts", remedy)
    if card.weights is None or found.weights_sha256 != card.weights.sha256:
        raise BadRequest(f"{path.name} was measured on other weights.", remedy)
    return found
