"""The models in folders, each loaded once and when it is first needed."""

import threading
from collections.abc import Mapping
from pathlib import Path

from diagnosis.anatomy.service import Anatomy
from diagnosis.cards import ModelCard, load_card, verified_file
from diagnosis.classifier import Classifier
from diagnosis.errors import BadRequest, Missing, UserError
from diagnosis.findings import Figure, MixedPerformance, Performance
from diagnosis.gate import Gate, GateResult, unchecked
from diagnosis.study import Study
from diagnosis.training.evaluate import Evaluation, load_metrics, metrics_path
from diagnosis.training.metrics import Interval

READY = "ready"  # subfolder: cards of models whose weights somebody else publishes


class Models:
    """Cards, classifiers and test records of models. Safe to share between threads.

    ``cards`` are those of the models that are here, by name; ``ready`` those whose weights can be fetched. A card that
    cannot be read stops no other: ``problems`` tells of it, by the path of its file.

    Args:
        folder: the models that come with the app, its anatomy, and in ``ready`` the cards of those that can be fetched.
        further: a folder of more models, which need not exist. What it holds is read like the rest; a model that has
            the name of another is refused.
    """

    def __init__(self, folder: Path, further: Path | None = None) -> None:
        self.folder, self.further = folder, further
        self.cards: dict[str, ModelCard] = {}
        self.ready: dict[str, ModelCard] = {}
        self.problems: dict[Path, UserError] = {}
        self._folders: dict[str, Path] = {}
        self._classifiers: dict[str, Classifier] = {}
        self._loading = threading.Lock()
        self.anatomy = Anatomy(folder)
        self._gate: Gate | None = None
        self.reload()

    def reload(self) -> None:
        """Read the cards again, e.g. after a fetch. A model whose card is another than before is loaded anew."""
        problems: dict[Path, UserError] = {}
        folders: dict[str, Path] = {}
        cards: dict[str, ModelCard] = {}
        for folder in dict.fromkeys(each for each in (self.folder, self.further) if each is not None):
            found = _cards_in(folder, folders, problems)
            cards |= found
            folders |= dict.fromkeys(found, folder)
        ready = _cards_in(self.folder / READY, folders, {}) | {
            name: cards.pop(name) for name in list(cards) if _lacks_download(cards[name], folders[name])
        }
        for name in [name for name in cards if folders[name] == self.further != self.folder]:
            try:
                verified_file(cards[name], folders[name])
            except UserError as error:
                problems[folders[name] / f"{name}.toml"] = error
                del cards[name]
        with self._loading:
            same = {name for name, card in cards.items() if self.cards.get(name) == card}
            self._classifiers = {name: kept for name, kept in self._classifiers.items() if name in same}
            self.cards, self.ready, self._folders, self.problems = cards, ready, folders, problems

    def card(self, name: str) -> ModelCard:
        """Raises BadRequest for an unknown model, Missing when there is no model at all."""
        if name in self.cards:
            return self.cards[name]
        for path, problem in self.problems.items():
            if path.stem == name:
                raise problem
        if name in self.ready:
            raise Missing(f"The weights of {name} are not here.", f"Run `python -m diagnosis weights fetch {name}`.")
        if not self.cards:
            bare = f"There are no model cards in {self.folder.name}."
            raise Missing(bare, "Name the right folder with LIGHTBOX_BUNDLED.")
        raise BadRequest(f"There is no model {name!r}.", f"Use one of: {', '.join(self.cards)}.")

    def folder_of(self, name: str) -> Path:
        """Where a model's card, weights and metrics lie. Raises as :meth:`card`."""
        return self._folders[self.card(name).name]

    def classifier(self, name: str) -> Classifier:
        """The one copy of a model. Raises Missing or BadRequest as :func:`diagnosis.cards.load_weights` does."""
        card, folder = self.card(name), self.folder_of(name)
        with self._loading:
            if name not in self._classifiers:
                self._classifiers[name] = Classifier.load(card, folder)
            return self._classifiers[name]

    def check(self, study: Study, card: ModelCard) -> GateResult:
        """Whether a model may read a study. Without the gate's files all are read, with a caution that says so."""
        try:
            return self.gate().check(study, card)
        except UserError as error:
            return unchecked(str(error))

    def gate(self) -> Gate:
        """The one gate of all models. Raises Missing or BadRequest as :meth:`diagnosis.gate.Gate.load` does."""
        with self._loading:
            if self._gate is None:
                self._gate = Gate.load(self.folder)
            return self._gate

    def record(self, name: str) -> Performance | None:
        """How well a model did on its test split; None where there is no evaluation of these very weights."""
        card = self.card(name)
        try:
            evaluation = load_metrics(metrics_path(card, self.folder_of(name)), card)
        except UserError:
            return None
        return _record(evaluation)


def _cards_in(folder: Path, taken: Mapping[str, Path], problems: dict[Path, UserError]) -> dict[str, ModelCard]:
    """The cards of a folder by name, in the order of their files; what is wrong with the others goes to ``problems``.

    Args:
        taken: names that are used already, and where.
    """
    cards: dict[str, ModelCard] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            card = load_card(path)
        except UserError as error:
            problems[path] = error
            continue
        if (first := taken.get(card.name) or (folder if card.name in cards else None)) is None:
            cards[card.name] = card
        else:
            problem = f"{path.name} is not used: there is a model {card.name!r} in the folder {first.name} already."
            problems[path] = BadRequest(problem, "Give it another name.")
    return cards


def _lacks_download(card: ModelCard, folder: Path) -> bool:
    """Whether a card's weights are somebody else's, and are not here yet."""
    return card.download is not None and not (card.weights and (folder / card.weights.file).is_file())


def _record(evaluation: Evaluation) -> Performance | None:
    whole = evaluation.groups
    rarest = min([whole, *(one.groups or whole for one in evaluation.classes if one.support)])
    overall = _percent(evaluation.balanced_accuracy, rarest)
    recall = {one.label: _percent(one.recall, one.groups or whole) for one in evaluation.classes}
    if evaluation.split != "test" or overall is None:
        return None
    measured = {label: result for label, result in recall.items() if result is not None}
    sets = evaluation.conformal
    return Performance(
        evaluation.images,
        whole,
        overall,
        measured,
        _mixed(evaluation),
        _percent(sets.coverage, whole) if sets else None,
        sets.size.value if sets else None,
    )


def _mixed(evaluation: Evaluation) -> MixedPerformance | None:
    mixed = evaluation.mixed_groups
    overall = _percent(mixed.balanced_accuracy, mixed.groups) if mixed else None
    return MixedPerformance(mixed.images, mixed.groups, overall) if mixed and overall else None


def _percent(figure: Interval, groups: int) -> Figure | None:
    if figure.value is None:
        return None
    ends = None if figure.low is None or figure.high is None else (100 * figure.low, 100 * figure.high)
    return Figure(100 * figure.value, ends, groups)
