"""Runs that were cut off: what they go on with, and what they refuse to go on with."""

from pathlib import Path

import pytest
import torch

from diagnosis.cards import file_digest
from diagnosis.errors import BadRequest
from diagnosis.synthesis.autoencoder import Autoencoder
from diagnosis.synthesis.cards import load_autoencoder_card, load_generator_card
from diagnosis.synthesis.training.autoencoder import AutoencoderTrainer
from diagnosis.synthesis.training.generator import GeneratorTrainer
from diagnosis.synthesis.training.images import read_images
from diagnosis.synthesis.training.latents import latents_of
from diagnosis.synthesis.training.recipe import Adversary, load_autoencoder_recipe, load_generator_recipe
from diagnosis.synthesis.training.run import Run
from tests.diagnosis.synthesis.discs import Place, rows


class CutOff(Run):
    """Cut off once its second round is kept."""

    def _save(self, row: dict[str, float]) -> None:
        super()._save(row)
        if self.round == 2:
            raise KeyboardInterrupt


class CutGenerator(CutOff, GeneratorTrainer):
    pass


class CutAutoencoder(CutOff, AutoencoderTrainer):
    pass


def trainer(place: Place, run: Path, kind: type[GeneratorTrainer] = GeneratorTrainer) -> GeneratorTrainer:
    """The tiny family's trainer, with rounds of 4 updates."""
    card = load_generator_card(place.weights / "synthesis", "tiny-discs")
    recipe = load_generator_recipe("tiny-discs", place.recipes).model_copy(update={"rounds": 3, "round_updates": 4})
    autoencoder = Autoencoder.load(place.weights / "synthesis", "tiny")
    train_set, val_set = (
        latents_of(
            read_images(recipe.datasets, part, card.size, 1, place.data, place.weights), card, recipe, autoencoder
        )
        for part in ("train", "val")
    )
    return kind(card, recipe, autoencoder, train_set, val_set, run)


def test_a_run_that_was_cut_off_ends_as_if_it_had_not_been(place: Place, tmp_path: Path) -> None:
    whole = trainer(place, tmp_path / "whole")
    whole.fit()
    with pytest.raises(KeyboardInterrupt):
        trainer(place, tmp_path / "cut", CutGenerator).fit()
    resumed = trainer(place, tmp_path / "cut")
    assert resumed.round == 2
    resumed.fit()
    assert all(
        torch.equal(one, other)
        for one, other in zip(whole.average.shadow_params, resumed.average.shadow_params, strict=True)
    )
    assert [row["loss"] for row in rows(tmp_path / "cut")] == [row["loss"] for row in rows(tmp_path / "whole")]


def autoencoder_trainer(
    place: Place, run: Path, kind: type[AutoencoderTrainer] = AutoencoderTrainer
) -> AutoencoderTrainer:
    """The tiny autoencoder's trainer, with rounds of 3 updates and an adversary in the last two of three."""
    card = load_autoencoder_card(place.weights / "synthesis", "tiny")
    recipe = load_autoencoder_recipe("tiny", place.recipes)
    recipe = recipe.model_copy(
        update={"rounds": 3, "round_updates": 3, "adversary": Adversary(after_round=1, weight=1.0)}
    )
    train_set, val_set = (
        read_images(recipe.datasets, part, recipe.size, 1, place.data, place.weights) for part in ("train", "val")
    )
    return kind(card, recipe, train_set, val_set, run)


def test_an_autoencoder_that_was_cut_off_ends_as_if_it_had_not_been(place: Place, tmp_path: Path) -> None:
    """Cut off after a round with the adversary, which learns on from what it had learned."""
    whole = autoencoder_trainer(place, tmp_path / "whole")
    whole.fit()
    with pytest.raises(KeyboardInterrupt):
        autoencoder_trainer(place, tmp_path / "cut", CutAutoencoder).fit()
    resumed = autoencoder_trainer(place, tmp_path / "cut")
    assert resumed.round == 2
    resumed.fit()
    for one, other in zip(
        [*whole.average.shadow_params, *whole.adversary.parameters()],
        [*resumed.average.shadow_params, *resumed.adversary.parameters()],
        strict=True,
    ):
        assert torch.equal(one, other)
    told, again = rows(tmp_path / "whole"), rows(tmp_path / "cut")
    assert "adversary" not in told[0] and told[2]["adversary"] > 0
    assert [(row["loss"], row.get("adversary")) for row in told] == [
        (row["loss"], row.get("adversary")) for row in again
    ]


def test_the_run_of_another_network_is_refused(place: Place, tmp_path: Path) -> None:
    (tmp_path / "last.pt").write_bytes((place.runs / "tiny/last.pt").read_bytes())
    with pytest.raises(BadRequest, match=r"card\.name tiny, now tiny-discs"):
        trainer(place, tmp_path)


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.parametrize("name", ["tiny", "tiny-discs"])
def test_a_run_goes_on_with_nothing_but_what_it_was_begun_with(
    copied: Place, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = "train-autoencoder" if name == "tiny" else "train"
    weights, account = (copied.weights / "synthesis" / f"{name}.{end}" for end in ("safetensors", "toml"))
    recipe, run = copied.recipes / f"{name}.toml", copied.runs / name
    before = file_digest(weights), account.read_text("utf-8"), (run / "run.json").read_text("utf-8")
    for path, old, new, told in (
        (recipe, "learning_rate = 3e-3", "learning_rate = 1e-3", "recipe.learning_rate 0.003, now 0.001"),
        (recipe, "seed = 3", "seed = 4", "recipe.seed 3, now 4"),
        (copied.data / "discs/manifest.csv", "train-0,train", "train-0,test", "manifests.discs"),
    ):
        kept = path.read_text("utf-8")
        change(path, old, new)
        assert copied.train(command, name) == BadRequest.exit_code
        error = capsys.readouterr().err
        assert told in error and "remove this one to start again" in error
        path.write_text(kept, "utf-8")
    assert (file_digest(weights), account.read_text("utf-8"), (run / "run.json").read_text("utf-8")) == before


def test_a_run_does_not_go_on_with_images_that_have_changed(copied: Place, capsys: pytest.CaptureFixture[str]) -> None:
    image = copied.data / "discs/images/train0.png"
    image.write_bytes((copied.data / "discs/images/train2.png").read_bytes())
    for command, name in (("train-autoencoder", "tiny"), ("export", "tiny"), ("train", "tiny-discs")):
        assert copied.train(command, name) == BadRequest.exit_code
        assert "pixels" in capsys.readouterr().err
    for kept in (copied.runs / "tiny-discs").glob("*.safetensors"):
        kept.unlink()  # the run itself refuses them too
    assert copied.train("train", "tiny-discs") == BadRequest.exit_code
    assert "pixels" in capsys.readouterr().err


def test_a_run_may_go_on_for_longer_and_counts_its_updates(copied: Place) -> None:
    change(copied.recipes / "tiny-discs.toml", "rounds = 4", "rounds = 5")
    assert copied.train("train", "tiny-discs") == 0
    card = load_generator_card(copied.weights / "synthesis", "tiny-discs")
    assert card.trained and (card.trained.updates, card.trained.rounds) == (200, ((0, 4), (4, 5)))
    change(copied.recipes / "tiny-discs.toml", "rounds = 5", "rounds = 4")
    assert copied.train("train", "tiny-discs") == 0
    card = load_generator_card(copied.weights / "synthesis", "tiny-discs")
    assert card.trained and card.trained.updates == 200


def test_what_is_exported_is_told_from_what_was_kept(copied: Place) -> None:
    account = load_generator_card(copied.weights / "synthesis", "tiny-discs").trained
    change(copied.recipes / "tiny-discs.toml", "seed = 3", "seed = 4")
    change(copied.recipes / "tiny-discs.toml", "round_updates = 40", "round_updates = 50")
    change(copied.data / "discs/manifest.csv", "train-0,train", "train-0,test")
    assert copied.train("export", "tiny-discs") == 0
    assert load_generator_card(copied.weights / "synthesis", "tiny-discs").trained == account


def test_nothing_is_exported_into_a_card_of_other_classes(copied: Place, capsys: pytest.CaptureFixture[str]) -> None:
    card = copied.weights / "synthesis/tiny-discs.toml"
    text = card.read_text("utf-8")
    for old, new in (("on_left", "other"), ("on_right", "on_left"), ("other", "on_right")):
        text = text.replace(f'label = "{old}"', f'label = "{new}"')
    card.write_text(text, "utf-8")
    assert copied.train("export", "tiny-discs") == BadRequest.exit_code
    assert "card.classes ['discs/on_left'" in capsys.readouterr().err


def test_a_run_that_does_not_say_what_it_was_begun_with_is_refused(
    copied: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    path = copied.runs / "tiny-discs/last.pt"
    state = torch.load(path, weights_only=True)
    torch.save({name: part for name, part in state.items() if name != "origin"}, path)
    assert copied.train("train", "tiny-discs") == BadRequest.exit_code
    assert "does not say what it was made from" in capsys.readouterr().err


@pytest.mark.skipif(not torch.cuda.is_available(), reason="asks a GPU's generator")
def test_a_run_keeps_the_chance_of_its_gpu_too(place: Place, tmp_path: Path) -> None:
    run = trainer(place, tmp_path)
    run.folder.mkdir(exist_ok=True)
    run._save({"epoch": 0})
    drawn = torch.rand(4, device="cuda")
    torch.cuda.manual_seed_all(99)
    trainer(place, tmp_path)
    assert torch.equal(torch.rand(4, device="cuda"), drawn)
