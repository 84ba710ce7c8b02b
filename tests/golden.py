"""``python -m tests.golden MODEL …``: writes down what the bundled models make of two phantoms each.

Run it when a model gets new weights, and only then: test_golden.py compares every later version of the program with
what stands in ``golden/``. Without a name it does so for every model whose weights are there.
"""

import json
import sys
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from diagnosis.classifier import Classifier
from diagnosis.models import Models
from diagnosis.phantoms import ZONES, draw_chest, draw_tissue
from diagnosis.study import Study
from settings import ROOT

FOLDER = Path(__file__).parent / "golden"
WEIGHTS = ROOT / "weights"


class Golden(BaseModel):
    """Logits by phantom, in the order of ``labels``, of the weights with this digest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    weights_sha256: str
    labels: tuple[str, ...]
    logits: dict[str, tuple[float, ...]]


def phantoms(model: str) -> dict[str, Study]:
    """Two studies for a model: what it was made for, drawn; neither is square to the network's input."""
    if model == "chest-xray":
        return {
            "clear": Study(draw_chest(seed=11, size=384).pixels),
            "opacity": Study(draw_chest(seed=12, size=384, opacity=ZONES[0]).pixels),
        }
    return {
        "benign-glands": Study(draw_tissue("benign-glands", seed=11, size=320).pixels),
        "cell-sheet": Study(draw_tissue("cell-sheet", seed=12, size=320).pixels),
    }


def golden(classifier: Classifier) -> Golden:
    """What a classifier makes of its phantoms now."""
    card = classifier.card
    assert card.weights is not None
    logits = {name: classifier.predict(study).logits for name, study in phantoms(card.name).items()}
    return Golden(
        model=card.reference,
        weights_sha256=card.weights.sha256,
        labels=card.label_names,
        logits={name: tuple(round(float(logit), 5) for logit in values) for name, values in logits.items()},
    )


def path_of(model: str) -> Path:
    return FOLDER / f"{model}.json"


def main(names: list[str]) -> None:
    models = Models(WEIGHTS)
    FOLDER.mkdir(exist_ok=True)
    for name in names or [name for name, card in models.cards.items() if card.weights]:
        found = golden(models.classifier(name))
        path_of(name).write_text(json.dumps(found.model_dump(mode="json"), indent=2) + "\n", encoding="utf-8")
        sys.stdout.write(f"{path_of(name)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
