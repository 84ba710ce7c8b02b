"""Maps computed beforehand: a click on an example is answered at once, with what these very weights made of it.

Gate, scores and zones take a moment and are computed whenever an image is read; SHAP takes many. A file keeps the maps
as they were computed, bit for bit, with everything that they depend on. Where any of that is another now, the file
answers nothing, and the image is read as any other.
"""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from diagnosis.attribution import DEFAULTS, AttributionMap
from diagnosis.attribution.maps import Cost
from diagnosis.cards import InputSpec, ModelCard
from diagnosis.errors import BadRequest
from diagnosis.reading import Reading
from diagnosis.study import Study
from diagnosis.written import Strict

FORMAT = "lightbox-kept/1"
FOLDER = "readings"  # of the folder of examples
ABOUT = "about"  # the array that holds a file's record as text
_UNREADABLE = (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error)


class Origin(Strict):
    """All that maps depend on; ``evaluations`` are those of a SHAP map."""

    form: str = FORMAT
    study: str
    model: str
    weights_sha256: str
    architecture: str
    cam_layer: str
    input: InputSpec
    labels: tuple[str, ...]
    untrained_outputs: tuple[int, ...]
    evaluations: int

    @classmethod
    def of(cls, study: Study, card: ModelCard, evaluations: int) -> Self | None:
        """None for a model whose weights nothing identifies."""
        if card.weights is None:
            return None
        return cls(
            study=study.digest,
            model=card.reference,
            weights_sha256=card.weights.sha256,
            architecture=card.architecture,
            cam_layer=card.cam_layer,
            input=card.input,
            labels=card.label_names,
            untrained_outputs=card.untrained_outputs,
            evaluations=evaluations,
        )


class KeptMap(Strict):
    """What is known of a map besides its cells; see :class:`diagnosis.attribution.AttributionMap`."""

    label: str
    unit: str
    checks: dict[str, float]
    params: dict[str, str | int | float]
    seconds: float
    seed: int | None
    forward: int
    backward: int


class KeptReading(Strict):
    """The record of a file: ``maps`` by method, in the order of the first axis of the method's array."""

    origin: Origin
    maps: dict[str, tuple[KeptMap, ...]]


@dataclass(frozen=True)
class Kept:
    """A folder of kept maps, a file an image and model. It need not exist."""

    folder: Path

    def maps(self, study: Study, card: ModelCard, evaluations: int) -> tuple[AttributionMap, ...]:
        """The maps of every class that a reading would compute now; none where no file holds these very ones."""
        origin = Origin.of(study, card, evaluations)
        if origin is None or not (path := self.path(study, card)).is_file():
            return ()
        try:
            return _maps_in(path, origin, study)
        except _UNREADABLE:
            return ()

    def keep(self, reading: Reading, evaluations: int) -> Path:
        """Write the maps of a whole reading; returns the file. Raises BadRequest where that cannot be done."""
        origin = Origin.of(reading.study, reading.card, evaluations)
        if origin is None or reading.pending is not None:
            raise BadRequest(f"{reading.card.name} has no whole reading to keep.", "Read the image to the end first.")
        arrays = _arrays_of(reading, origin)
        path = self.path(reading.study, reading.card)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with path.with_name(path.name + ".partial").open("wb") as stream:
                np.savez_compressed(stream, **arrays)
            return Path(stream.name).replace(path)
        except OSError as error:
            raise BadRequest(f"Cannot write to {self.folder}: {error.strerror}.", "Make it writable.") from error

    def path(self, study: Study, card: ModelCard) -> Path:
        """Where the maps of a study by a model are kept, if they are."""
        return self.folder / f"{card.name}-{study.digest}.npz"


def _arrays_of(reading: Reading, origin: Origin) -> dict[str, Any]:
    """The cells (L, h, w) of each method, and the record as UTF-8."""
    by_method = {method: [one for one in reading.maps if one.method == method] for method in DEFAULTS}
    about = KeptReading(origin=origin, maps={method: tuple(map(_record_of, own)) for method, own in by_method.items()})
    cells = {method: np.stack([one.cells for one in own]) for method, own in by_method.items()}
    return {**cells, ABOUT: np.frombuffer(about.model_dump_json().encode(), dtype=np.uint8)}


def _record_of(one: AttributionMap) -> KeptMap:
    return KeptMap(
        label=one.label,
        unit=one.unit,
        checks=dict(one.checks),
        params=dict(one.params),
        seconds=one.seconds,
        seed=one.seed,
        forward=one.cost.forward,
        backward=one.cost.backward,
    )


def _maps_in(path: Path, origin: Origin, study: Study) -> tuple[AttributionMap, ...]:
    """The maps of a file; none where they are of another origin. Raises one of ``_UNREADABLE``."""
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
        about = KeptReading.model_validate_json(file[ABOUT].tobytes())
        if about.origin != origin:
            return ()
        return tuple(
            _map_of(one, method, cells, study, origin.input)
            for method, maps in about.maps.items()
            for one, cells in zip(maps, file[method], strict=True)
        )


def _map_of(one: KeptMap, method: str, cells: np.ndarray, study: Study, spec: InputSpec) -> AttributionMap:
    return AttributionMap(
        label=one.label,
        method=method,
        cells=cells,
        unit=one.unit,
        study_size=study.size,
        input=spec,
        checks=one.checks,
        params=one.params,
        seconds=one.seconds,
        seed=one.seed,
        cost=Cost(one.forward, one.backward),
    )
