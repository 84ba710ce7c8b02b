"""A folder of class folders of one's own → manifest, card and recipe, ready to train."""

import logging
import re
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import tomlkit
from sklearn.model_selection import StratifiedGroupKFold

from diagnosis.cards import Kind
from diagnosis.errors import BadImage, BadRequest, Missing
from diagnosis.networks import build_network, last_layer
from diagnosis.readers import read_study
from diagnosis.training.recipe import Augmentation, Recipe, Stage, Start

log = logging.getLogger(__name__)
TEST_FOLDS, VAL_FOLDS = 5, 6  # a fifth of the images is for the test, a sixth of the rest for val
AVERAGED = 10  # last steps that the averaged weights stand for, about, where there are few
LEAST_GROUPS = 3  # of each class, so that every split can have one
ENCODER = Path(__file__).parents[2] / "weights/encoder/open_clip_model.safetensors"
ALONE = (
    "It is not known which images belong together (same patient, same slide): like images may lie on both sides of the "
    "split, and the figures are then too good."
)


@dataclass(frozen=True)
class OwnImage:
    """One image of a class folder. ``channels`` is 1 for grey; ``mean`` and ``square`` are of its pixels in 0..1."""

    path: Path
    label: str
    group: str
    channels: int
    mean: float
    square: float


@dataclass(frozen=True)
class OwnModel:
    """What a person says of a model for a folder of their own.

    ``anatomy`` says what its images show, and thereby which tab offers it: by default histology where they have
    colours, else chest films.
    """

    name: str
    architecture: str
    size: int
    epochs: int
    anatomy: Kind | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        if not re.fullmatch("[a-z0-9-]+", self.name):
            raise BadRequest(f"{self.name!r} is no name for a model.", "Use small letters, digits and hyphens.")


def start_own(own: OwnModel, folder: Path, separator: str | None, run: Path, card: Path) -> Path:
    """Write manifest and recipe to ``run`` and the ``card``; what a run that was cut off has written is kept.

    Args:
        separator: as in :func:`read_folders`.

    Returns:
        The folder of the manifest.

    Raises Missing or BadRequest for a folder that cannot be learned from, and for a card of that name.
    """
    data, recipe = run / folder.resolve().name, run / f"{own.name}.toml"
    if recipe.is_file() and card.is_file():
        log.info("going on with %s; other options than --threads are those of its start", run)
        return data
    if card.is_file():
        raise BadRequest(f"{card} is there already.", "Choose another --name, or remove the card.")
    images = read_folders(folder, separator)
    if not separator:
        log.warning("%s --group-until names what they have in common.", ALONE)
    write_manifest(images, data, own.seed)
    write_card(own, images, data.name, separator is not None, card)
    write_recipe(recipe_of(own, images, data.name), recipe)
    return data


def read_folders(folder: Path, separator: str | None) -> list[OwnImage]:
    """Every image in ``folder/<class>/…``, read once; other files are left out.

    Args:
        separator: images whose names agree up to this sign are one group; None makes each image its own.

    Raises Missing without such folders, BadRequest for fewer than two classes and for a class with too few groups.
    """
    if not folder.is_dir():
        raise Missing(f"There is no folder {folder}.", "Name one with a folder of images for each class.")
    files = sorted(path for path in folder.glob("*/**/*") if path.is_file() and not path.name.startswith("."))
    with ThreadPoolExecutor(4) as pool:
        read = pool.map(lambda path: _read(path, path.relative_to(folder).parts[0], separator), files)
    images = [image for image in read if image]
    groups: dict[str, set[str]] = defaultdict(set)
    for image in images:
        groups[image.label].add(image.group)
    if len(groups) < 2:
        raise BadRequest(f"{folder} has images of {len(groups)} class(es).", "Make a folder for each of two or more.")
    for label, own in groups.items():
        if len(own) < LEAST_GROUPS:
            raise BadRequest(f"{label} has {len(own)} group(s) of images.", f"Each class needs {LEAST_GROUPS} or more.")
    return images


def _read(path: Path, label: str, separator: str | None) -> OwnImage | None:
    try:
        pixels = read_study(path).pixels
    except BadImage:
        return None
    group = path.stem.split(separator)[0] if separator else f"{label}/{path.name}"
    return OwnImage(path, label, group, pixels.shape[2], float(pixels.mean()), float((pixels**2).mean()))


def write_manifest(images: list[OwnImage], folder: Path, seed: int) -> None:
    """``folder/manifest.csv`` with the images where they are, split by groups and stratified by class.

    Raises BadRequest where the groups are so uneven that a split lacks a class.
    """
    table = pd.DataFrame(
        {
            "path": [image.path.resolve().as_posix() for image in images],
            "label": [image.label for image in images],
            "group": [image.group for image in images],
            "split": "train",
        }
    )
    for split, folds in (("test", TEST_FOLDS), ("val", VAL_FOLDS)):
        left = table[table["split"] == "train"]
        table.loc[left.index[_one_fold(left, folds, seed)], "split"] = split
    for split, own in table.groupby("split"):
        if lacking := {image.label for image in images} - {*own["label"]}:
            problem = f"The groups are so uneven that {split} would have no image of {min(lacking)}."
            raise BadRequest(problem, "Add images of more groups to it.")
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / "manifest.csv", index=False)


def _one_fold(table: pd.DataFrame, folds: int, seed: int) -> np.ndarray:
    """int64 (M,): the rows of one fold of about 1/``folds`` of a table, fewer folds where a class has few groups."""
    folds = min(folds, int(table.groupby("label")["group"].nunique().min()))
    splitter = StratifiedGroupKFold(max(2, folds), shuffle=True, random_state=seed)
    return next(part for _, part in splitter.split(table, table["label"], table["group"]) if len(part))


def recipe_of(own: OwnModel, images: list[OwnImage], dataset: str) -> Recipe:
    """Flips, mild turns and the encoder's trunk to start from, where it is there and fits the architecture."""
    fits = own.architecture == "resnet18" and ENCODER.is_file()
    batch = min(32, max(2, len(images) // 8))
    steps = own.epochs * (len(images) // batch)
    return Recipe(
        dataset=dataset,
        start=Start(file=ENCODER, prefix="visual.trunk.", fit_head=True) if fits else None,
        seed=own.seed,
        batch_size=batch,
        learning_rate=5e-4,
        weight_decay=0.05,
        warmup_epochs=1,
        label_smoothing=0.1,
        balance_classes=True,
        average_decay=min(0.98, max(0.0, 1 - AVERAGED / steps)),
        stages=(Stage(size=own.size, epochs=own.epochs),),
        augmentation=Augmentation(
            horizontal_flip=True, degrees=10, translate=0.05, scale=(0.9, 1.1), brightness=0.15, contrast=0.15
        ),
    )


def write_recipe(recipe: Recipe, path: Path) -> None:
    """As the TOML that :func:`diagnosis.training.recipe.load_recipe` reads."""
    path.write_text(tomlkit.dumps(recipe.model_dump(mode="json", exclude_none=True)), encoding="utf-8")


def write_card(own: OwnModel, images: list[OwnImage], dataset: str, grouped: bool, path: Path) -> None:
    """The card of a model for ``images``, without weights."""
    labels = sorted({image.label for image in images})
    channels = max(image.channels for image in images)
    mean = float(np.mean([image.mean for image in images]))
    std = max(0.01, float(np.mean([image.square for image in images]) - mean**2) ** 0.5)
    document = {
        "name": own.name,
        "version": "1",
        "title": _title(own.name),
        "task": "single-label",
        "architecture": own.architecture,
        "cam_layer": last_layer(build_network(own.architecture, channels, len(labels)), own.architecture),
        "places": "quadrants",
        "anatomy": own.anatomy or ("histology" if channels == 3 else "chest-film"),
        "score_kind": "uncalibrated score",
        "temperature": 1.0,
        "licence": "That of the images it was trained on",
        "intended_use": f"Teaching and research: images like those of the folder {dataset}.",
        "out_of_scope": "Diagnosis, triage, screening or choice of treatment for anybody; every other kind of image.",
        "training_data": f"{len(images)} images of {len(labels)} classes in the folder {dataset}, split by "
        + ("the groups that their names tell." if grouped else "image."),
        "group": "groups" if grouped else "images",
        "limitations": [
            *(() if grouped else (ALONE,)),
            f"It must choose one of {len(labels)} answers; for anything else the answer is meaningless.",
        ],
        "references": ["Trained by python -m diagnosis.training train-folder"],
        "input": {
            "size": own.size,
            "channels": channels,
            "resize": "squash",
            "mean": [round(mean, 3)] * channels,
            "std": [round(std, 3)] * channels,
            "modalities": [],
        },
        "labels": [
            {"name": label, "title": _title(label), "description": f"As in the folder {label}."} for label in labels
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(tomlkit.dumps(document), encoding="utf-8")


def _title(name: str) -> str:
    words = re.sub("[-_]+", " ", name).strip()
    return words[:1].upper() + words[1:]
