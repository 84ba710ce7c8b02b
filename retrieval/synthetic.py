"""Synthetic images as cases of a library: a set of their own, of nobody, which has no vote and is in no measurement.

They join a library that is there already; nothing of its real cases is computed again.
"""

import base64
import io
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from diagnosis.cards import file_digest
from diagnosis.errors import BadRequest, Missing
from diagnosis.readers import read_study
from diagnosis.render import film
from diagnosis.study import Study
from diagnosis.synthesis.accepted import load_accepted
from diagnosis.synthesis.images import SYNTHETIC as KIND
from diagnosis.synthesis.shipped import REMEDY as PUT_BACK
from diagnosis.synthesis.shipped import load_shipped
from retrieval.build import embed_studies, seal, swap, write_files
from retrieval.encoder import Encoder
from retrieval.library import VECTORS, Manifest, Origin, Record, map_tensor, read_manifest, read_records
from retrieval.patches import PatchMaps
from retrieval.search import check_encoder
from retrieval.sources import hashed, sources
from retrieval.types import MADE_BY, PICTURE, SYNTHETIC, Case

ORIGIN = Origin(title="Synthetic images (made by Lightbox's generators)", licence="Apache-2.0", group="nobody")
LARGEST = 4096  # bytes of a small picture
_SIDES, _QUALITIES = (128, 96, 64, 32), (80, 65, 50, 35)
_SAMPLED = "Give a folder that `python -m diagnosis.synthesis sample` wrote."
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Made:
    """A synthetic image in a file, and all it takes to make it again.

    Attributes:
        model, label: whose class it was made for, by the model's own names.
        generator: sha256 of the weights that made it.
    """

    path: Path
    model: str
    label: str
    seed: int
    steps: int
    guidance: float
    generator: str

    @property
    def id(self) -> str:
        """The same for the same image, in whatever file it lies."""
        recipe = f"{self.model}/{self.label}/{self.generator}/{self.seed}/{self.steps}/{self.guidance:g}"
        return f"{SYNTHETIC}:{hashed(recipe)[:12]}"

    def record(self, study: Study) -> Record:
        """It as a case, with a small picture; it has no patient."""
        facts = {"kind": SYNTHETIC, **_kind_of_image(self.model, self.label)}
        facts[MADE_BY] = f"Lightbox generator {self.generator[:8]}, seed {self.seed}"
        case = Case(self.id, (self.label,), SYNTHETIC, ORIGIN.licence, facts)
        return Record(case, None, study.digest, small_picture(study))


def _kind_of_image(model: str, label: str) -> dict[str, str]:
    """Modality and region, those of the set that the model learned from; nothing of a set that is not known."""
    source = sources().get(model.replace("-", "_"))
    if source is None:
        return {}
    facts = {key: value for key, value in source.facts.items() if key in ("modality", "region")}
    regions = [region for start, region in source.regions.items() if label.startswith(start)]
    return facts | ({"region": regions[0]} if regions else {})


def shipped_images(examples: Path) -> list[Made]:
    """Those that come with the app, as ``examples/synthetic.json`` lists them; none where there is no such list.

    Raises:
        Missing: a file of the list is not there.
        BadRequest: the list is wrong, or a file is not the one that it describes.
    """
    found = []
    for one in load_shipped(examples):
        path = examples / one.file
        if not path.is_file():
            raise Missing(f"There is no file {one.file} in {examples}.", PUT_BACK)
        if file_digest(path) != one.sha256:
            raise BadRequest(f"{one.file} is not the file that the list of synthetic images describes.", PUT_BACK)
        found.append(Made(path, one.model, one.label, one.seed, one.steps, one.guidance, one.generator))
    return found


def sampled_images(folder: Path, weights: Path) -> list[Made]:
    """The PNG files in ``folder/<model>/<class>`` that were judged and that nothing speaks against.

    Each says itself that it is synthetic, and how it was made.

    Args:
        weights: folder of the weights in use; what others judged is not taken.

    Raises:
        Missing: there are none.
        BadRequest: a file does not say so, or those of a model were not judged, as :func:`load_accepted`.
    """
    models = sorted({path.parent.parent for path in folder.glob("*/*/*.png")})
    if not models:
        raise Missing(f"There are no PNG files in the folders MODEL/CLASS of {folder}.", _SAMPLED)
    found = [_sampled(path) for model in models for path in load_accepted(model, weights)]
    if not found:
        raise Missing(f"Of the images in {folder} that were judged none was accepted.", "Make more, or train longer.")
    return found


def _sampled(path: Path) -> Made:
    try:
        with Image.open(path) as image:
            said = image.info
        if said["Kind"] != KIND:
            raise KeyError("Kind")
        seed, steps, guidance = int(said["Seed"]), int(said["Steps"]), float(said["Guidance"])
        return Made(path, said["Model"], said["Class"], seed, steps, guidance, said["Weights"])
    except (OSError, KeyError, ValueError) as error:
        raise BadRequest(f"{path.name} does not say that it is synthetic and how it was made.", _SAMPLED) from error


def add_synthetic(
    folder: Path, encoder: Encoder, images: Sequence[Made], progress: Progress = lambda line: None
) -> Manifest:
    """Make these the library's synthetic cases, in the place of those that it has; of an image twice, the first.

    The real cases, the index of which is made anew, and what was measured of them stay as they are.

    Raises:
        Missing: there is no library, or no image.
        BadRequest: the library is damaged or of another encoder, or an image is the copy of a real one.
        BadImage: an image cannot be read.
    """
    manifest = read_manifest(folder)
    check_encoder(manifest, encoder)
    if not images:
        raise Missing("There are no synthetic images.", "Name a folder of them with --synthetic.")
    records = list(read_records(folder, manifest))
    real = [row for row, record in enumerate(records) if not record.case.synthetic]
    kept = [records[row] for row in real]
    made, studies = _read(images, {record.image: record.id for record in kept if record.image})
    progress(f"embedding {len(made):,} synthetic images")
    old = PatchMaps.open(folder)
    vectors, maps, _ = embed_studies(studies, encoder, old is not None)
    origins = {name: origin for name, origin in manifest.datasets.items() if name != SYNTHETIC}
    origins[SYNTHETIC] = ORIGIN.model_copy(update={"cases": len(made)})
    work = folder.with_name(folder.name + ".adding")
    shutil.rmtree(work, ignore_errors=True)
    (work / "new").mkdir(parents=True)
    whole = np.concatenate([map_tensor(folder / VECTORS, "vectors")[real], vectors])
    joined = old.joined(real, maps) if old is not None and maps is not None else None
    index = write_files(work / "new", [*kept, *made], origins, whole, joined, progress)
    told = hashed("\n".join(f"{record.id} {record.image}" for record in made))
    changed = {"cases": len(whole), "datasets": origins, "index": index, "inputs": manifest.inputs | {SYNTHETIC: told}}
    manifest = seal(work / "new", manifest.model_copy(update=changed))
    swap(work / "new", folder)
    shutil.rmtree(work)
    return manifest


def _read(images: Sequence[Made], real: dict[str, str]) -> tuple[list[Record], list[Study]]:
    """The records and studies of the images, each once. Args: real, the ids of real cases by their images' digests."""
    records: dict[str, tuple[Record, Study]] = {}
    seen: set[str] = set()
    for one in images:
        study = read_study(one.path)
        if study.digest in real:
            problem = f"{one.path.name} has the same pixels as the real case {real[study.digest]}."
            raise BadRequest(problem, "Take it away: a copy of a real image is not synthetic.")
        if one.id not in records and study.digest not in seen:
            records[one.id] = one.record(study), study
            seen.add(study.digest)
    return [record for record, _ in records.values()], [study for _, study in records.values()]


def small_picture(study: Study) -> str:
    """A ``data:`` address of at most ``LARGEST`` bytes of WebP, as large and as good as fits."""
    for side in _SIDES:
        picture = film(study, side)
        for quality in _QUALITIES:
            stream = io.BytesIO()
            picture.save(stream, "WEBP", quality=quality, method=6)
            if len(stream.getvalue()) <= LARGEST:
                return PICTURE + base64.b64encode(stream.getvalue()).decode()
    raise BadRequest(f"No picture of {LARGEST} bytes can be made of this image.", "Leave it out.")
