import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import log_loss

from diagnosis.training.calibrate import fit_temperature


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
