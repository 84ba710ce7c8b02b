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
    as_they_are, restored = (one.yardstick for one in knowing.real.beside)
    assert np.array_equal(as_they_are.distances, judge.real.beside[0].yardstick.distances)
    assert not as_they_are.by_class and judge.real.beside[0].yardstick.by_class and restored.by_class
    assert restored.whole[0] < as_they_are.whole[0]  # the autoencoder makes them more alike
    assert not knowing.near([film(1000 + at) for at in range(6)], labels).all(axis=1).any()


def test_what_the_autoencoder_takes_away_makes_no_copy(card: ModelCard, weights: Path, films: Path, kept: Path) -> None:
    """Films of strangers as it gives them back are alike, and as unlike those of ``train`` as these are each other."""
    learned = Learned.find(weights, card, nowhere)
    assert learned.restorer is not None
    knowing = Judge.load(card, weights, films, kept, learned)
    strangers = list(learned.restorer.restored((film(1000 + at) for at in range(12)), card.input))
    near = knowing.near(strangers, [LABELS[at % 2] for at in range(12)])
    views, labels = knowing.viewer.see(strangers), [LABELS[at % 2] for at in range(12)]
    assert (knowing.real.distances(views)[1] <= knowing.real.limits(labels)[0]).mean() > 2 * near.mean()
    assert near.mean() < 0.3


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
    assert list(knowing.real.manifests) == ["chest-xray", OTHER]
    assert [len(one.searched) for one in knowing.real.beside] == [2, 2]
    copies, labels = [film(300 + at) for at in range(4)], [LABELS[at % 2] for at in range(4)]
    assert knowing.near(copies, labels).all() and not judge.near(copies, labels).any(axis=1).all()
    first, *_ = knowing.real.beside
    assert np.array_equal(first.yardstick.distances, judge.real.beside[0].yardstick.distances)
    with pytest.raises(Missing, match="manifest"):
        Judge.load(card, weights, films, kept, Learned.find(weights, card, lambda name: tmp_path / "gone"))
