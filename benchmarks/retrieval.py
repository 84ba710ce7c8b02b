"""``python -m benchmarks.retrieval``: how well the encoder finds, on ``test``, beside three that have learnt nothing.

- **image → image**: precision@5 by label over the labelled sets. The gallery is the train split of all sets together;
  images of the query's own group are left out. A set's value is the mean over its test images, the headline the mean
  over sets.
- **text → image**: precision@5 of the ``texts`` of descriptions.toml, set aside before the training sentences
  were written; ``new words`` are its harder ones. The gallery is the test split of all labelled sets together (``own
  set``: of the description's set alone).
- **caption → image**: recall@10 of MedPix captions among the MedPix images of ``test``.

Baselines: random vectors; pixels (the image at 32 × 32, its mean taken off); the same architecture with random weights.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.timing import machine, table
from diagnosis.cards import file_digest
from diagnosis.console import tell
from diagnosis.errors import UserError
from retrieval.encoder import OURS, Encoder, load_model
from retrieval.training.corpus import LABELLED, Item, load_squares, read_items
from retrieval.training.measure import macro, precision_at, recall_at
from retrieval.training.texts import case_sentences, held_out
from settings import load_settings

TARGETS = {"image → image": 0.85, "text → image": 0.85, "caption → image": 10.0}  # the last in multiples of chance
DESCRIPTIONS = Path(__file__).parent / "descriptions.toml"
PACKAGES = ("open-clip-torch", "torch", "transformers")
EmbedImages = Callable[[np.ndarray], np.ndarray]
EmbedTexts = Callable[[list[str]], np.ndarray]


@dataclass(frozen=True)
class Scores:
    """Of one encoder: macro means, and the same by set and by class."""

    image_to_image: float
    text_to_image: float
    text_to_image_own_set: float
    text_to_image_new_words: float
    caption_recall: float
    caption_times_chance: float
    image_by_set: dict[str, float]
    image_by_class: dict[str, float]
    text_by_set: dict[str, float]
    text_by_class: dict[str, float]


@dataclass(frozen=True)
class Bench:
    """The images of a measurement, their squares, and which rows are asked and searched."""

    items: list[Item]
    squares: np.ndarray

    def rows(self, split: str, labelled: bool) -> np.ndarray:
        wanted = [item.split == split and bool(item.label) == labelled for item in self.items]
        return np.flatnonzero(wanted)

    def column(self, rows: np.ndarray, name: str) -> np.ndarray:
        return np.array([getattr(self.items[row], name) for row in rows])


def main() -> int:
    """Returns the exit code: 0 when every target is kept, 1 when one is not, 2 or 3 for bad input."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retrieval", description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=OURS, help="as open_clip names it; default: %(default)s")
    parser.add_argument("--data", type=Path, help="folder of the data sets; default: $LIGHTBOX_DATA")
    parser.add_argument("--cache", type=Path, default=Path("runs/encoder"), help="folder for decoded images")
    parser.add_argument("--write", type=Path, help="also write the result to this JSON file")
    parser.add_argument("--json", action="store_true", help="print the result as JSON and nothing else")
    options = parser.parse_args()
    try:
        result = measured(options.model, options.data or load_settings().data, options.cache)
    except UserError as error:
        return tell(error)
    text = json.dumps(result, indent=2, ensure_ascii=False) + "\n"
    if options.write:
        options.write.write_text(text, "utf-8")
    print(text if options.json else told(result))
    return 0 if kept(result) else 1


def measured(name: str, data: Path, cache: Path) -> dict:
    """Everything that is printed, ready for JSON."""
    encoder = Encoder.load(name)
    items = read_items(data)
    bench = Bench(items, load_squares(items, encoder.settings, cache))
    torch.manual_seed(0)
    model, tokenizer, settings = load_model(name, weights=False)
    untrained = Encoder("untrained", model, tokenizer, settings)
    encoders = {
        "encoder": (_images_of(encoder), encoder.embed_texts),
        "untrained": (_images_of(untrained), untrained.embed_texts),
        "pixels": (pixels, lambda texts: random_rows(len(texts), 3 * 32 * 32)),
        "random": (lambda squares: random_rows(len(squares), 256, 1), lambda texts: random_rows(len(texts), 256)),
    }
    return {
        "about": machine(PACKAGES),
        "model": name,
        "digest": encoder.digest,
        "split": "test",
        "manifests": {dataset: file_digest(data / dataset / "manifest.csv") for dataset in (*LABELLED, "medpix_cases")},
        "command": f"python -m benchmarks.retrieval --model {name}",
        "images": len(bench.rows("test", True)),
        "gallery": len(bench.rows("train", True)),
        "scores": {label: asdict(score(bench, *one)) for label, one in encoders.items()},
    }


@dataclass(frozen=True)
class Gallery:
    """The embedded images that sentences look for."""

    rows: np.ndarray
    labels: np.ndarray
    groups: np.ndarray
    sets: np.ndarray

    def of(self, dataset: str) -> "Gallery":
        mine = self.sets == dataset
        return Gallery(self.rows[mine], self.labels[mine], self.groups[mine], self.sets[mine])

    def shares(self, texts: EmbedTexts, described: dict[str, tuple[str, ...]]) -> tuple[np.ndarray, list[str]]:
        """Precision@5 of every description of a class that the gallery has, and the descriptions' classes."""
        asked = [(label, text) for label, some in described.items() if label in set(self.labels) for text in some]
        names = [label for label, _ in asked]
        words = texts([text for _, text in asked])
        return precision_at(words, names, [""] * len(names), self.rows, self.labels, self.groups), names


def score(bench: Bench, images: EmbedImages, texts: EmbedTexts) -> Scores:
    """One encoder on everything."""
    test, train = bench.rows("test", True), bench.rows("train", True)
    labels, groups, sets = (bench.column(test, name) for name in ("label", "group", "dataset"))
    found = Gallery(images(bench.squares[test]), labels, groups, sets)
    kept_rows = images(bench.squares[train])
    shares = precision_at(
        found.rows, labels, groups, kept_rows, bench.column(train, "label"), bench.column(train, "group")
    )
    described = held_out(DESCRIPTIONS)
    words, names = found.shares(texts, described)
    own = [np.mean(found.of(dataset).shares(texts, described)[0]) for dataset in dict.fromkeys(sets)]
    new, new_names = found.shares(texts, held_out(DESCRIPTIONS, "new_words"))
    recall, chance = caption_recall(bench, images, texts)
    by_set, by_words = macro(shares, sets), macro(words, _sets(names))
    return Scores(
        image_to_image=_mean(by_set),
        text_to_image=_mean(by_words),
        text_to_image_own_set=float(np.mean(own)),
        text_to_image_new_words=_mean(macro(new, _sets(new_names))),
        caption_recall=recall,
        caption_times_chance=recall / chance,
        image_by_set=by_set,
        image_by_class=macro(shares, labels),
        text_by_set=by_words,
        text_by_class=macro(words, names),
    )


def caption_recall(bench: Bench, images: EmbedImages, texts: EmbedTexts) -> tuple[float, float]:
    """Recall@10 of MedPix captions among the images of test that have one, and what chance would reach."""
    cases = [row for row in bench.rows("test", False) if bench.items[row].dataset == "medpix_cases"]
    rows = np.array([row for row in cases if bench.items[row].facts["caption"].strip()])
    captions = [case_sentences(bench.items[row])[0] for row in rows]
    return recall_at(texts(captions), images(bench.squares[rows])), 10 / len(rows)


def _sets(labels: list[str]) -> list[str]:
    return [label.split("/")[0] for label in labels]


def kept(result: dict) -> bool:
    """Whether the encoder keeps all targets."""
    ours = result["scores"]["encoder"]
    values = (ours["image_to_image"], ours["text_to_image"], ours["caption_times_chance"])
    return all(value >= target for value, target in zip(values, TARGETS.values(), strict=True))


def told(result: dict) -> str:
    """Tables for people."""
    scores = result["scores"]
    rows = [
        (what, *(f"{one[key]:.3f}" for one in scores.values()), target)
        for what, key, target in (
            ("image → image, precision@5", "image_to_image", "0.85"),
            ("text → image, precision@5", "text_to_image", "0.85"),
            ("  own set", "text_to_image_own_set", ""),
            ("  new words", "text_to_image_new_words", ""),
            ("caption → image, recall@10", "caption_recall", ""),
            ("  times chance", "caption_times_chance", "10"),
        )
    ]
    ours = scores["encoder"]
    parts = [
        [(name.replace("_", " "), f"{value:.3f}", f"{ours[texts][name]:.3f}") for name, value in ours[images].items()]
        for images, texts in (("image_by_set", "text_by_set"), ("image_by_class", "text_by_class"))
    ]
    counts = f"{result['images']} test images against {result['gallery']} train images"
    head = f"{result['model']} {result['digest']}: {counts}"
    heads = ("", "image → image", "text → image")
    return "\n\n".join([head, table(("", *scores, "target"), rows), *(table(heads, part) for part in parts)])


def pixels(squares: np.ndarray) -> np.ndarray:
    """uint8 (N, S, S, 3) → float32 (N, 3072), rows of length 1: the image at 32 × 32 without its mean."""
    small = [
        torch.nn.functional.interpolate(
            torch.from_numpy(chunk).permute(0, 3, 1, 2).float(), (32, 32), mode="bilinear", antialias=True
        ).flatten(1)
        for chunk in np.array_split(squares, max(1, len(squares) // 256))
    ]
    rows = torch.cat(small)
    return torch.nn.functional.normalize(rows - rows.mean(dim=1, keepdim=True), dim=-1).numpy()


def random_rows(count: int, dimensions: int, seed: int = 0) -> np.ndarray:
    """float32 (count, dimensions), rows of length 1, in directions that mean nothing."""
    rows = np.random.default_rng(seed).normal(size=(count, dimensions)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _images_of(encoder: Encoder) -> EmbedImages:
    return lambda squares: encoder.embed_squares(torch.from_numpy(squares))


def _mean(values: dict[str, float]) -> float:
    return float(np.mean(list(values.values())))


if __name__ == "__main__":
    sys.exit(main())
