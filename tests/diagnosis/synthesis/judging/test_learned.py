"""What else could have been copied: images of the family's other models, and each image as the autoencoder shows it."""

from pathlib import Path

import numpy as np
import pytest

from diagnosis.cards import ModelCard
from diagnosis.errors import Missing
from diagnosis.readers import read_study
from diagnosis.synthesis.judging.disguises import RESTORED
from diagnosis.synthesis.judging.judge import Judge
from diagnosis.synthesis.judging.learned import Learned
from diagnosis.training.dataset import rows_of
from tests.diagnosis.synthesis.judging.films import LABELS, film, write_set

OTHER = "other-films"


def nowhere(model: str) -> Path:
    raise AssertionError(f"nobody learned from {model}")


def test_a_copy_that_went_through_the_autoencoder_is_found_out(
    card: ModelCard, weights: Path, films: Path, kept: Path, judge: Judge
) -> None:
    learned = Learned.find(weights, card, nowhere)
    assert learned.restorer is not None and learned.others == ()
    knowing = Judge.load(card, weights, films, kept, learned)
    rows = rows_of(films, "train", card)[:6]
    labels = [row.label for row in rows]
    for noise in RESTORED.values():
        copies = list(learned.restorer.restored((read_study(row.path) for row in rows), card.input, noise))
        assert copies == list(learned.restorer.restored((read_study(row.path) for row in rows), card.input, noise))
        assert not judge.near(copies, labels).any(axis=1).all()
        assert knowing.near(copies, labels).any(axis=1).all()
    assert np.array_equal(knowing.real.yardstick.distances, judge.real.yardstick.distances)
    assert not knowing.near([film(1000 + at) for at in range(6)], labels).all(axis=1).any()


def test_an_autoencoder_without_weights_restores_nothing(card: ModelCard, weights: Path, judge: Judge) -> None:
    path = weights / "synthesis/tiny.toml"
    path.write_text(path.read_text("utf-8").partition("[weights]")[0], "utf-8")
    assert Learned.find(weights, card, nowhere).restorer is None
    none = Learned.find(weights / "nowhere", card, nowhere)
    assert none.others == () and none.restorer is None


def test_a_copy_of_what_was_learned_for_another_model_is_found_out(
    card: ModelCard, weights: Path, films: Path, kept: Path, judge: Judge, tmp_path: Path
) -> None:
    text = (weights / "chest-xray.toml").read_text("utf-8")
    (weights / f"{OTHER}.toml").write_text(text.replace('name = "chest-xray"', f'name = "{OTHER}"', 1), "utf-8")
    path = weights / "synthesis/tiny-discs.toml"
    path.write_text(path.read_text("utf-8").replace('"chest-xray"', f'"{OTHER}"', 1), "utf-8")
    learned = Learned.find(weights, card, {OTHER: write_set(tmp_path / OTHER, 4, 0, 2, first=300)}.__getitem__)
    knowing = Judge.load(card, weights, films, kept, learned)
    assert list(knowing.real.manifests) == ["chest-xray", OTHER] and len(knowing.real.searched) == 4
    copies, labels = [film(300 + at) for at in range(4)], [LABELS[at % 2] for at in range(4)]
    assert knowing.near(copies, labels).all() and not judge.near(copies, labels).any(axis=1).all()
    assert np.array_equal(knowing.real.yardstick.distances, judge.real.yardstick.distances)
    with pytest.raises(Missing, match="manifest"):
        Judge.load(card, weights, films, kept, Learned.find(weights, card, lambda name: tmp_path / "gone"))
