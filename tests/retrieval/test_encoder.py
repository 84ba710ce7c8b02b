"""The encoder over a tiny model with random weights, and over the project's own where it is present."""

import json
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

from diagnosis.errors import BadRequest, Missing
from diagnosis.study import Study
from retrieval.encoder import CONFIG, LOCAL, OURS, WEIGHTS, Encoder
from retrieval.preprocess import normalise
from tests.conftest import ROOT
from tests.retrieval.tiny import write_tiny

RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return Encoder.load(write_tiny(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def ours() -> Encoder:
    folder = ROOT / OURS.removeprefix(LOCAL)
    if not (folder / WEIGHTS).is_file():
        pytest.skip(f"no encoder in {folder}; train it with python -m retrieval.training train")
    return Encoder.load(f"{LOCAL}{folder}")


def test_images_and_words_become_unit_rows_of_one_length(tiny: Encoder) -> None:
    images = [Study(RANDOM.random((40, 50, 1))), RANDOM.random((30, 20, 3)).astype(np.float32)]
    rows, words = tiny.embed_images(images), tiny.embed_texts(["a healthy child", "colon cancer"])
    assert rows.shape == words.shape == (2, 8) and rows.dtype == words.dtype == np.float32
    assert np.allclose(np.linalg.norm(np.concatenate([rows, words]), axis=1), 1, atol=1e-5)
    assert not np.allclose(words[0], words[1], atol=1e-3)


def test_nothing_in_nothing_out(tiny: Encoder) -> None:
    assert tiny.embed_images([]).shape == (0, 8) and tiny.embed_texts([]).shape == (0, 8)


def test_an_embedding_does_not_depend_on_its_neighbours(tiny: Encoder) -> None:
    images = [Study(RANDOM.random((32, 32, 3))) for _ in range(20)]
    together = tiny.embed_images(images)
    assert np.allclose(tiny.embed_images([images[17]])[0], together[17], atol=1e-5)
    texts = ["lung", "a child with no tumour in the brain on mri"]
    assert np.allclose(tiny.embed_texts(texts[:1])[0], tiny.embed_texts(texts)[0], atol=1e-5)


def test_squares_are_what_open_clip_itself_makes_of_the_picture(tiny: Encoder) -> None:
    pixels = RANDOM.integers(0, 256, (70, 90, 3), dtype=np.uint8)
    _, _, transform = open_clip.create_model_and_transforms(
        tiny.name,
        text_cfg=json.loads((folder_of(tiny) / CONFIG).read_text("utf-8"))["model_cfg"]["text_cfg"]
        | {"hf_model_name": str(folder_of(tiny)), "hf_model_pretrained": False},
    )
    expected = transform(Image.fromarray(pixels))
    found = normalise(tiny.squares([Study(pixels / np.float32(255))]), tiny.settings)[0]
    assert torch.allclose(found, expected, atol=1e-5)


def test_patches_average_to_the_image(tiny: Encoder) -> None:
    image = Study(RANDOM.random((64, 64, 3)))
    patches = tiny.embed_patches(image)
    assert patches.shape == (2, 2, 8) and np.allclose(np.linalg.norm(patches, axis=2), 1, atol=1e-5)
    with torch.inference_mode():
        features = tiny.model.visual.trunk.forward_features(normalise(tiny.squares([image]), tiny.settings))
        mean = tiny.model.visual.head(features.mean(dim=(2, 3)))[0].numpy()
    assert np.allclose(mean / np.linalg.norm(mean), tiny.embed_images([image])[0], atol=1e-5)


def test_the_digest_is_of_the_weights_and_the_preprocessing(tiny: Encoder, tmp_path: Path) -> None:
    again = Encoder.load(write_tiny(tmp_path / "again"))
    other = Encoder.load(write_tiny(tmp_path / "other", seed=1))
    assert again.digest == tiny.digest != other.digest
    config = tmp_path / "again" / CONFIG
    config.write_text(config.read_text("utf-8").replace("squash", "longest"), "utf-8")
    assert Encoder.load(again.name).digest != tiny.digest


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("local-dir:/nowhere/at/all", Missing, "is not here"),
        ("hf-hub:microsoft/BiomedCLIP-PubMedBERT_256-vit_base_patch16_224", Missing, "can't be loaded"),
        ("no-such-model", BadRequest, "knows no model 'no-such-model'"),
        ("ViT-B-32:no-such-tag", BadRequest, "laion2b_s34b_b79k"),
        ("RN50:openai", Missing, "can't be loaded"),
    ],
)
def test_what_cannot_be_loaded_is_named_with_a_remedy(name: str, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        Encoder.load(name)


def test_weights_that_do_not_fit_their_configuration_are_refused(tmp_path: Path) -> None:
    name = write_tiny(tmp_path)
    config = tmp_path / CONFIG
    config.write_text(config.read_text("utf-8").replace('"embed_dim": 8', '"embed_dim": 12'), "utf-8")
    with pytest.raises(BadRequest, match="can't be loaded"):
        Encoder.load(name)


def folder_of(encoder: Encoder) -> Path:
    return Path(encoder.name.removeprefix(LOCAL))


def test_ours_is_small_and_read_by_open_clip_alone(ours: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(ours)
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 60e6
    monkeypatch.chdir(ROOT)
    model = open_clip.create_model(OURS).eval()
    tokenizer = open_clip.get_tokenizer(OURS)
    with torch.inference_mode():
        row = torch.nn.functional.normalize(model.encode_text(tokenizer(["brain MRI of a meningioma"])), dim=-1)
    assert np.allclose(row[0].numpy(), ours.embed_texts(["brain MRI of a meningioma"])[0], atol=1e-5)


def test_ours_knows_a_paraphrase_from_another_thing(ours: Encoder) -> None:
    asked, same, other = ours.embed_texts(
        ["a tumour of the pituitary gland", "growth in the hormone gland under the brain", "fat cells in the gut wall"]
    )
    assert asked @ same > asked @ other + 0.2
