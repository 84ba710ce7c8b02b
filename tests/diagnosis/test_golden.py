"""The same weights and the same image give the same logits, on every machine and in every version of the program."""

import pytest

from diagnosis.cards import load_card
from diagnosis.classifier import Classifier
from tests.golden import WEIGHTS, Golden, golden, path_of

TOLERANCE = 1e-3  # logits: float32 sums in another order, on another processor, differ by about 1e-5; scores by 1e-4


@pytest.mark.parametrize("model", ["chest-xray", "lung-colon"])
def test_logits_are_as_they_were_written_down(model: str) -> None:
    card = load_card(WEIGHTS / f"{model}.toml")
    if card.weights is None or not (WEIGHTS / card.weights.file).is_file():
        pytest.skip(f"the weights of {model} are not in {WEIGHTS}")
    kept = Golden.model_validate_json(path_of(model).read_bytes())
    assert kept.weights_sha256 == card.weights.sha256, "new weights: run python -m tests.golden"
    found = golden(Classifier.load(card, WEIGHTS))
    assert (found.model, found.labels, found.logits.keys()) == (kept.model, kept.labels, kept.logits.keys())
    for name, logits in kept.logits.items():
        assert found.logits[name] == pytest.approx(logits, abs=TOLERANCE), name
    first, second = kept.logits.values()
    assert max(abs(a - b) for a, b in zip(first, second, strict=True)) > 10 * TOLERANCE  # the two images differ
