"""``train-autoencoder`` and ``train``: what they learn, keep and write down."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from diagnosis.errors import BadRequest, Missing
from diagnosis.synthesis.autoencoder import Autoencoder
from diagnosis.synthesis.cards import load_autoencoder_card, load_generator_card
from diagnosis.synthesis.training.adversary import adversary_loss, build_adversary
from diagnosis.synthesis.training.images import even_weights, read_images
from diagnosis.synthesis.training.latents import kept_latents
from diagnosis.synthesis.training.perceptual import Perceptual
from diagnosis.synthesis.training.recipe import load_autoencoder_recipe, load_generator_recipe
from tests.diagnosis.synthesis.discs import SIDE, Place, draw_disc, rows


def test_an_autoencoder_learns_to_restore(place: Place) -> None:
    told = rows(place.runs / "tiny")
    assert [row["epoch"] for row in told] == [1, 2, 3, 4]
    assert told[-1]["difference"] < 0.7 * told[0]["difference"]
    assert told[-1]["val_psnr"] > told[0]["val_psnr"]
    assert "adversary" not in told[1] and told[2]["adversary"] > 0


def test_a_generator_learns(place: Place) -> None:
    told = rows(place.runs / "tiny-discs")
    assert told[-1]["loss"] < 0.5 * told[0]["loss"]
    assert told[-1]["val_loss"] < told[0]["val_loss"]


def test_cards_say_what_the_weights_came_from(place: Place) -> None:
    folder = place.weights / "synthesis"
    card, autoencoder = load_generator_card(folder, "tiny-discs"), load_autoencoder_card(folder, "tiny")
    assert card.trained and card.weights and autoencoder.weights and autoencoder.trained
    assert (card.trained.seed, card.trained.updates, card.trained.images) == (3, 160, 60)
    assert card.trained.autoencoder_sha256 == autoencoder.weights.sha256
    assert {*card.trained.manifests} == {"discs"} and card.trained.rounds is None
    assert autoencoder.trained.updates == 80
    assert "# what the card says of itself" in (folder / "tiny-discs.toml").read_text("utf-8")
    assert all(tensor.dtype == torch.float16 for tensor in load_file(folder / "tiny-discs.safetensors").values())


def test_latents_are_standardised_and_restored(place: Place) -> None:
    autoencoder = Autoencoder.load(place.weights / "synthesis", "tiny")
    random = np.random.default_rng(5)
    discs = np.stack([draw_disc(random, label) for label in ("on_left", "on_right") * 20])
    images = torch.from_numpy(discs)[:, None].float() / 255
    latents = autoencoder.encode(images)
    assert latents.shape == (40, 4, SIDE // 4, SIDE // 4)
    assert torch.allclose(latents.mean(dim=(0, 2, 3)), torch.zeros(4), atol=0.2)
    assert torch.allclose(latents.std(dim=(0, 2, 3)), torch.ones(4), atol=0.2)
    restored = autoencoder.decode(latents)
    assert restored.shape == images.shape
    grey = (images.median() - images).abs().mean()  # no grey misses by less; 0.68 of it after 4 rounds, 0.88 after 1
    assert (restored - images).abs().mean() < 0.8 * grey
    assert (autoencoder.decode(latents.roll(1, 0)) - images).abs().mean() > grey


def test_what_is_exported_is_the_average_and_not_the_last_step(place: Place) -> None:
    state = torch.load(place.runs / "tiny-discs/last.pt", weights_only=True)
    written = load_file(place.weights / "synthesis/tiny-discs.safetensors")
    names = [name for name in state["network"] if name in written]
    average = dict(zip(names, state["average"]["shadow_params"], strict=True))
    assert all(torch.equal(written[name], average[name].half()) for name in names)
    assert not all(torch.equal(written[name], state["network"][name].half()) for name in names)


def test_latents_are_kept_and_are_only_used_for_the_same_images(place: Place, tmp_path: Path) -> None:
    folder = place.weights / "synthesis"
    card, recipe = load_generator_card(folder, "tiny-discs"), load_generator_recipe("tiny-discs", place.recipes)
    images = read_images(recipe.datasets, "val", SIDE, 1, place.data, place.weights)
    autoencoder = Autoencoder.load(folder, "tiny")
    path = tmp_path / "val.safetensors"
    first, second = (kept_latents(images, card, recipe, autoencoder, path) for _ in range(2))
    assert first.values.shape == (2, 16, 4, SIDE // 4, SIDE // 4)
    assert torch.equal(first.values, second.values)
    assert second.mirrored.tolist() == [False, True]
    others = read_images(recipe.datasets, "train", SIDE, 1, place.data, place.weights)
    with pytest.raises(BadRequest, match="images 16, now 60"):
        kept_latents(others, card, recipe, autoencoder, path)
    squares = images.squares.clone()
    squares[0] = 255 - squares[0]
    with pytest.raises(BadRequest, match=r"something else: pixels \w+…, now"):
        kept_latents(replace(images, squares=squares), card, recipe, autoencoder, path)
    for field, told in (("mirror", "True, now False"), ("quarter_turns", "False, now True")):
        other = recipe.model_copy(update={field: not getattr(recipe, field)})
        with pytest.raises(BadRequest, match=rf"recipe\.{field} {told}"):
            kept_latents(images, card, other, autoencoder, path)
    with pytest.raises(BadRequest, match=r"card\.size 32, now 16"):
        kept_latents(images, card.model_copy(update={"size": 16}), recipe, autoencoder, path)
    assert autoencoder.card.weights is not None
    weights = autoencoder.card.weights.model_copy(update={"sha256": "0" * 64})
    autoencoder.card = autoencoder.card.model_copy(update={"weights": weights})
    with pytest.raises(BadRequest, match="seen_through"):
        kept_latents(images, card, recipe, autoencoder, path)


def test_classes_are_drawn_evenly() -> None:
    weights = even_weights([0, 0, 0, 1])
    assert weights[:3].sum() == weights[3:].sum()


def test_the_encoder_tells_alike_from_unlike() -> None:
    recipe = load_autoencoder_recipe("grey")
    measure = Perceptual(recipe.encoder, recipe.prefix)
    random = np.random.default_rng(1)
    left, again, right = (
        torch.from_numpy(draw_disc(random, label))[None, None].float() / 255
        for label in ("on_left", "on_left", "on_right")
    )
    assert measure(left, left) == 0
    assert measure(left, left + 0.01) < measure(left, right)
    assert measure(left.requires_grad_(), again).requires_grad


def test_the_adversary_learns_to_tell_noise_from_an_even_grey() -> None:
    torch.manual_seed(0)
    adversary = build_adversary(1)
    optimiser = torch.optim.AdamW(adversary.parameters(), 1e-2)
    noise, even = torch.rand(4, 1, 32, 32), torch.full((4, 1, 32, 32), 0.5)
    losses = []
    for _ in range(20):
        loss = adversary_loss(adversary(noise), adversary(even))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2


def test_a_family_cannot_be_trained_before_its_autoencoder(
    discs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Place.make(tmp_path, discs).train("train", "tiny-discs") == Missing.exit_code
    assert "train-autoencoder tiny" in capsys.readouterr().err
