"""Why is a question so easy? What tells its two sides apart that is not disease, and what the model makes of parts.

    .venv/bin/python -m benchmarks.shortcuts chest-xray [--write]

Simple classifiers see the size, the border, the corners, the grey levels or the outside of the body alone: fitted on
train, measured on test. The model itself is shown the lungs alone and all but the lungs, or what lies off the body. For
chest films, the films of another collection are read too. ``--write`` keeps all of it beside the card.
"""

import argparse
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from benchmarks.covid_cases import films_of_covid_cases
from benchmarks.probes import WORDS, features_of, probe, separation
from diagnosis import records
from diagnosis.anatomy.body import body_of
from diagnosis.anatomy.cards import FOLDER
from diagnosis.anatomy.segmenter import Segmenter
from diagnosis.cards import ModelCard
from diagnosis.classifier import Classifier
from diagnosis.errors import UserError
from diagnosis.model_facts import plain
from diagnosis.models import Models
from diagnosis.preprocess import preprocess
from diagnosis.readers import read_study
from diagnosis.scores import scores_of
from diagnosis.shortcuts import Outside, Separation, Shortcuts, shortcuts_path
from diagnosis.study import Study
from diagnosis.training.dataset import Row, manifest_digest, rows_of
from diagnosis.training.evaluate import LIBRARIES, logits_of_rows, measurable
from diagnosis.training.statistics import sides
from settings import load_settings

FOLDERS = {"chest-xray": "chest_xray", "chest-ct": "chest_ct"}
BATCH = 16
Mask = Callable[[Study], np.ndarray]  # bool (H, W)


def main() -> int:
    """Returns the exit code: 0 when done, 2 for bad input, 3 where something is missing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shortcuts", description=__doc__.splitlines()[0])
    parser.add_argument("model", choices=FOLDERS)
    parser.add_argument("--data", type=Path, help="folder of the image sets; default: $LIGHTBOX_DATA")
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    parser.add_argument("--images", type=int, help="of train and of test, at most; default: all")
    parser.add_argument("--write", action="store_true", help="write MODEL.shortcuts.json to the weights folder")
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        classifier = Models(options.weights).classifier(options.model)
        found = measured(classifier, options.data or load_settings().data, options.weights, options.images)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print(told(found))
    if options.write:
        records.write(found, shortcuts_path(classifier.card, options.weights))
    return 0


def measured(classifier: Classifier, data: Path, weights: Path, most: int | None = None) -> Shortcuts:
    """Everything for the first question of a card.

    Args:
        data: folder of all sets; ``weights``: of the cards.
        most: images of train and of test, spread evenly over the manifest; None for all.
    """
    card, folder = classifier.card, data / FOLDERS[classifier.card.name]
    train, test = (_spread(_asked(rows_of(folder, split, card), card), most) for split in ("train", "test"))
    lungs = card.anatomy == "chest-film"
    parts = _parts_of_films(weights) if lungs else {"off the body": lambda study: ~body_of(study.pixels.mean(axis=2))}
    return Shortcuts(
        model=card.reference,
        weights_sha256=measurable(card).sha256,
        dataset=folder.name,
        manifest_sha256=manifest_digest(folder),
        question=card.contrasts[0].name,
        probes=tuple(_probes(train, test, card)),
        parts=tuple(_parts(classifier, test, parts)),
        outside=_outside(classifier, data / "covid_cases") if lungs else None,
        command=shlex.join(
            ["python", "-m", "benchmarks.shortcuts", card.name, *(("--images", str(most)) if most else ())]
        ),
        libraries={name: version(name) for name in (*LIBRARIES, "scikit-learn")},
    )


def _asked(rows: Sequence[Row], card: ModelCard) -> list[Row]:
    """The rows of either side of the card's first question."""
    asked = {*card.contrasts[0].positive, *card.contrasts[0].negative}
    return [row for row in rows if row.label in asked]


def _spread(rows: list[Row], most: int | None) -> list[Row]:
    """At most so many rows, evenly from first to last."""
    return (
        rows if most is None else [rows[at] for at in np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int)]
    )


def _truth(rows: Sequence[Row], card: ModelCard) -> tuple[np.ndarray, np.ndarray]:
    """bool (N,) whether a row is on the positive side, and its group."""
    positive = np.array([row.label in card.contrasts[0].positive for row in rows])
    return positive, np.array([row.group for row in rows])


def _probes(train: list[Row], test: list[Row], card: ModelCard) -> Iterator[Separation]:
    seen, unseen = (features_of([row.path for row in rows]) for rows in (train, test))
    for name in WORDS:
        yield probe(name, (seen[name], *_truth(train, card)), (unseen[name], *_truth(test, card)))


def _parts_of_films(weights: Path) -> dict[str, Mask]:
    segmenter = Segmenter.load(weights / FOLDER)

    @cache
    def lungs(study: Study) -> np.ndarray:
        return segmenter.lungs(study).max(axis=0) > segmenter.card.threshold

    return {"the lungs alone": lungs, "all but the lungs": lambda study: ~lungs(study)}


def _parts(classifier: Classifier, rows: list[Row], parts: dict[str, Mask]) -> Iterator[Separation]:
    """The model on whole images, and with everything but one part replaced by the grey that it takes for 0."""
    positive, groups = _truth(rows, classifier.card)
    whole = _favour(logits_of_rows(classifier, rows), classifier.card)
    yield separation("the whole image", "the model", whole, positive, groups)
    for name, mask in parts.items():
        logits = [
            classifier.logits(torch.stack([_shown(row.path, mask, classifier.card) for row in rows[at : at + BATCH]]))
            for at in range(0, len(rows), BATCH)
        ]
        scores = _favour(torch.cat(logits).numpy(), classifier.card)
        yield separation(name, "the model, the rest even grey", scores, positive, groups)


def _shown(path: Path, mask: Mask, card: ModelCard) -> torch.Tensor:
    study = read_study(path)
    ground = np.float32(card.input.mean[0])
    return preprocess(replace(study, pixels=np.where(mask(study)[..., None], study.pixels, ground)), card.input)


def _favour(logits: np.ndarray, card: ModelCard) -> np.ndarray:
    """(N,) the positive side's share in the scores of both sides of the card's first question."""
    scores = scores_of(logits, card)
    for_it, against = (scores[:, own].sum(1) for own in sides(card.contrasts[0], card))
    return for_it / np.maximum(for_it + against, np.finfo(np.float64).tiny)


def _outside(classifier: Classifier, folder: Path) -> Outside:
    card = classifier.card
    films = films_of_covid_cases(folder)
    scores = scores_of(logits_of_rows(classifier, [film.row for film in films]), card)
    kinds = np.array([film.kind for film in films])
    groups = np.array([film.row.group for film in films])
    normal, bacterial, viral = (
        scores[:, card.index(name)] for name in ("normal", "bacterial_pneumonia", "viral_pneumonia")
    )
    asked = kinds != "no finding"
    both = np.isin(kinds, ["viral", "bacterial"])
    share = viral / np.maximum(viral + bacterial, np.finfo(np.float64).tiny)
    answers = np.array(card.label_names)[scores.argmax(1)]
    return Outside(
        dataset=folder.name,
        manifest_sha256=manifest_digest(folder),
        stated={
            kind: _counts([film.row.label for film in films if film.kind == kind]) for kind in dict.fromkeys(kinds)
        },
        answers={kind: _counts(answers[kinds == kind].tolist()) for kind in dict.fromkeys(kinds)},
        separations=(
            separation("pneumonia against no finding", "the model", 1 - normal, asked, groups),
            separation("viral against bacterial", "the model", share[both], kinds[both] == "viral", groups[both]),
        ),
    )


def _counts(names: list[str]) -> dict[str, int]:
    return {name: names.count(name) for name in sorted(set(names))}


def told(found: Shortcuts) -> str:
    """The record as tables."""
    lines = [f"{found.model} on {found.dataset}, {found.question}: AUC on test", ""]
    lines += [_line(one) for one in (*found.probes, *found.parts)]
    if found.outside:
        lines += ["", f"{found.outside.dataset}, films of other hospitals"]
        lines += [_line(one) for one in found.outside.separations]
        lines += [f"{kind}: {answers}" for kind, answers in found.outside.answers.items()]
    return "\n".join(lines)


def _line(one: Separation) -> str:
    return f"{one.name:28} {plain(one.auc)}  {one.images} images; {one.how}"


if __name__ == "__main__":
    sys.exit(main())
