"""``python -m benchmarks.shap_cells``: does the size of SHAP's smallest cell change the map?

Every variant spends the same evaluations on the same images, the last one four times as many. Maps of the model's first
choice are summed to a grid of 28 × 28 and compared with those of the setting in use.
"""

import argparse
import statistics
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import shap
import torch
from scipy.stats import spearmanr

from benchmarks.timing import table
from diagnosis.attribution import METHODS
from diagnosis.attribution.shap_partition import BATCH, CELLS, chunk_size
from diagnosis.classifier import Classifier
from diagnosis.errors import UserError
from diagnosis.models import Models
from diagnosis.preprocess import normalise, to_square
from diagnosis.readers import read_study
from diagnosis.study import Study
from diagnosis.training.dataset import rows_of

GRID = 28
SIDES = (28, 56, 112)
TOP = 0.1


def main() -> int:
    """Returns the exit code: 0 when done, 2 for bad input, 3 when something is missing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shap_cells", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/lung_colon"), help="folder with manifest.csv")
    parser.add_argument("--model", default="lung-colon")
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    parser.add_argument("--images", type=int, default=5, help="test images, spread over the classes")
    parser.add_argument("--evaluations", type=int, default=500)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        classifier = Models(options.weights).classifier(options.model)
        studies = [read_study(path) for path in images_of(options.data, classifier, options.images)]
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print(compared(classifier, studies, options.evaluations))
    return 0


def images_of(data: Path, classifier: Classifier, count: int, split: str = "test") -> list[Path]:
    """Images of each class in turn. Raises what reading a manifest raises."""
    rows = rows_of(data, split, classifier.card)
    classes = [[row.path for row in rows if row.label == label] for label in classifier.card.label_names]
    in_turn = (path for group in zip(*classes, strict=False) for path in group)
    return list(islice(in_turn, count))


def compared(classifier: Classifier, studies: list[Study], evaluations: int) -> str:
    """A table with a line a variant: rank correlation and overlap of the top tenth with the setting in use."""
    maps: dict[str, list[np.ndarray]] = {}
    for study in studies:
        label = classifier.card.index(classifier.predict(study).top)
        for side in SIDES:
            maps.setdefault(f"{side} × {side} cells", []).append(ours(classifier, study, label, evaluations, side))
        maps.setdefault("shap's own masker, a switch a pixel and channel", []).append(
            pixel_masker(classifier, study, label, evaluations)
        )
        maps.setdefault(f"{CELLS} × {CELLS} cells, {4 * evaluations} evaluations", []).append(
            ours(classifier, study, label, 4 * evaluations, CELLS)
        )
    reference = maps.pop(f"{CELLS} × {CELLS} cells")
    rows = [
        (name, *(spread([of(one, its) for one, its in zip(maps[name], reference, strict=True)]) for of in (ranks, top)))
        for name in maps
    ]
    title = f"{len(studies)} images, {evaluations} evaluations, beside {CELLS} × {CELLS} cells"
    return f"{title}\n\n{table(('masker', 'rank correlation', 'overlap of top tenth'), rows)}"


def ours(classifier: Classifier, study: Study, label: int, evaluations: int, side: int) -> np.ndarray:
    """(GRID, GRID) sums of SHAP's cells in logits."""
    cells = METHODS["shap"].maps(classifier, study, evaluations=evaluations, finest=side)[label].cells
    return summed(cells)


def pixel_masker(classifier: Classifier, study: Study, label: int, evaluations: int) -> np.ndarray:
    """The same with shap's own image masker."""
    spec = classifier.card.input
    image = to_square(study, spec).permute(1, 2, 0).numpy()

    def logits(images: np.ndarray) -> np.ndarray:
        batch = normalise(torch.from_numpy(images).permute(0, 3, 1, 2), spec)
        return torch.cat([classifier.logits(chunk) for chunk in batch.split(chunk_size())]).numpy()

    kernel = spec.size // 7
    explainer = shap.PartitionExplainer(logits, shap.maskers.Image(f"blur({kernel},{kernel})", image.shape))
    explained = explainer(image[None], max_evals=evaluations, batch_size=BATCH, silent=True)
    return summed(explained.values[0, ..., label].sum(axis=-1))


def summed(cells: np.ndarray) -> np.ndarray:
    """(h, w), multiples of GRID → (GRID, GRID)."""
    height, width = cells.shape
    return cells.reshape(GRID, height // GRID, GRID, width // GRID).sum(axis=(1, 3), dtype=np.float64)


def ranks(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's rank correlation of all cells."""
    return float(spearmanr(one.ravel(), other.ravel()).statistic)


def top(one: np.ndarray, other: np.ndarray) -> float:
    """Share of the highest tenth of the cells that two maps have in common, 0..1."""
    count = round(TOP * one.size)
    highest = [set(np.argsort(-cells.ravel(), kind="stable")[:count]) for cells in (one, other)]
    return len(highest[0] & highest[1]) / count


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    sys.exit(main())
