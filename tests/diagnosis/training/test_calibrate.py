from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import log_loss

from diagnosis.cards import ModelCard
from diagnosis.errors import BadRequest, Missing
from diagnosis.training.calibrate import calibrate_on_folds, fit, fit_temperature, held_out_scores
from tests.diagnosis.training.squares import write_card


def drawn(temperature: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and targets that follow softmax(logits / temperature)."""
    random = np.random.default_rng(7)
    logits = 3 * random.normal(size=(count, 4))
    chances = softmax(logits / temperature, axis=1)
    return logits, (random.random((count, 1)) > chances.cumsum(1)).sum(1).clip(max=3)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_finds_the_temperature_that_made_the_targets(temperature: float) -> None:
    assert fit_temperature(*drawn(temperature, 20_000)) == pytest.approx(temperature, rel=0.04)


def test_no_other_temperature_has_less_loss() -> None:
    logits, targets = drawn(1.7, 200)
    best = fit_temperature(logits, targets)
    assert best is not None
    losses = [log_loss(targets, softmax(logits / t, axis=1)) for t in (best, best * 1.02, best / 1.02, 1.0, 10.0)]
    assert losses[0] == min(losses)


def test_without_an_error_there_is_nothing_to_fit() -> None:
    logits = np.array([[2.0, 1.0], [0.5, 3.0], [1.0, 0.9]])
    assert fit_temperature(logits, logits.argmax(1)) is None


def test_an_image_has_no_part_in_its_own_score() -> None:
    """Each group's scores are those at the temperature that the other groups alone fit."""
    logits, targets = drawn(1.7, 90)
    groups = np.arange(90) % 3
    scores = held_out_scores(logits, targets, groups)
    for group in range(3):
        own = groups == group
        expected = softmax(logits[own] / fit_temperature(logits[~own], targets[~own]), axis=1)
        assert np.allclose(scores[own], expected)
    alone = held_out_scores(logits, targets, np.zeros(90))
    assert np.allclose(alone, softmax(logits / fit_temperature(logits, targets), axis=1))


@pytest.fixture
def card(tmp_path: Path) -> ModelCard:
    return write_card(tmp_path)


def folds(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **arrays)
    return path


def test_logits_of_folds_calibrate_as_those_of_val_do(card: ModelCard, tmp_path: Path) -> None:
    logits, targets = drawn(1.7, 300)
    logits, targets = logits[:, :3], targets % 3
    groups = np.array([f"patient {i // 2}" for i in range(300)])
    path = folds(tmp_path / "folds.npz", logits=logits, targets=targets, groups=groups, paths=groups)
    found = calibrate_on_folds(path, card)
    by_val = fit(logits, targets, groups, "val")
    assert (found.confidence.source, by_val.confidence.source) == ("folds", "val")
    assert found.temperature == by_val.temperature
    assert found.confidence.model_copy(update={"source": "val"}) == by_val.confidence
    assert (found.confidence.images, found.confidence.groups) == (300, 150)


def test_folds_that_are_not_the_card_s_are_refused(card: ModelCard, tmp_path: Path) -> None:
    targets = np.zeros(4, dtype=int)
    with pytest.raises(Missing, match=r"no .*absent\.npz.* Run `python -m diagnosis\.training crossvalidate squares`"):
        calibrate_on_folds(tmp_path / "absent.npz", card)
    with pytest.raises(BadRequest, match="does not hold logits of folds"):
        calibrate_on_folds(folds(tmp_path / "a.npz", logits=np.zeros((4, 3))), card)
    (tmp_path / "b.npz").write_bytes(b"PK no archive")
    with pytest.raises(BadRequest, match="does not hold logits of folds"):
        calibrate_on_folds(tmp_path / "b.npz", card)
    with pytest.raises(BadRequest, match=r"holds logits \(4, 5\); squares has 3 labels"):
        calibrate_on_folds(folds(tmp_path / "c.npz", logits=np.zeros((4, 5)), targets=targets, groups=targets), card)
