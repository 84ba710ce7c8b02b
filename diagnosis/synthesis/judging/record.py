"""What was measured of made images, as it is kept; :mod:`.measuring` measures it."""

from pathlib import Path

from diagnosis import records
from diagnosis.cards import ModelCard
from diagnosis.errors import BadRequest
from diagnosis.gate.card import GateCard
from diagnosis.gating.record import Verdicts
from diagnosis.synthesis.cards import GeneratorCard
from diagnosis.synthesis.judging.distributions import Distance
from diagnosis.written import Strict

SCHEMA = "lightbox-judging/2"
COPY, UNSEEN = "copy", "image of test"  # what detections of them are called; a copy's disguise comes behind a comma
REMEDY = "Run `python -m diagnosis.synthesis.judging measure FOLDER --model NAME --write FILE`."


class Share(Strict):
    """``count`` of ``images``, and where enough groups are behind it, the 95 % interval (Wilson 1927), 0..1."""

    count: int
    images: int
    low: float | None = None
    high: float | None = None


class Distances(Strict):
    """How near images lie to the nearest real one.

    Attributes:
        percentiles: the 1st, 5th, 25th, 50th, 75th and 95th.
        bins: share of the images in each of the space's bins, 0..1.
    """

    images: int
    percentiles: tuple[float, float, float, float, float, float]
    bins: tuple[float, ...]


class SpaceRecord(Strict):
    """One space.

    Attributes:
        limit: the 1st percentile of ``real``; ``limits``: what each class's images are held to beside those that the
            autoencoder gives back, or beside real ones where there is none.
        edges: of the bins, from 0 up, one more than bins; the last bin holds what lies farther, too.
        made: made images to the nearest real one; ``real``: images of ``train`` to those of other groups.
        rejected: made images up to a limit of theirs.
    """

    space: str
    limit: float
    limits: dict[str, float]
    edges: tuple[float, ...]
    made: Distances
    real: Distances
    rejected: Share


class Detection(Strict):
    """Real images put to the judge: copies from ``train`` in a disguise, or images of ``test``, which are no copies.

    A *restored* image went through the generator's autoencoder, as each image that the generator makes.

    Attributes:
        rejected: in any space; ``by_space``: in each.
    """

    what: str
    rejected: Share
    by_space: dict[str, Share]


class Plausible(Strict):
    """What the model and the gate make of images.

    Attributes:
        label: of the class, or None for all.
        agreed: the model's highest class is the intended one.
        passed: the gate lets the image pass, without a caution.
        score: mean score of the intended class, 0..1; None without images.
    """

    label: str | None
    agreed: Share
    passed: Share
    verdicts: Verdicts
    score: float | None


class Apart(Strict):
    """How far made images lie from real ones as wholes, and real ones of ``train`` from those of ``test``: the floor.

    Attributes:
        label: of the class, or None for all classes that were made, in equal parts.
    """

    label: str | None
    made_train: Distance
    made_test: Distance
    train_test: Distance


class JudgingRecord(Strict):
    """Made images of one model, judged.

    Attributes:
        model: ``name@version``.
        made_sha256: over the files of the made images; ``generators``: sha256 of the weights that made them, as far as
            the files tell.
        autoencoder_sha256: of the weights that restored the real images for the search; None where none were trained.
        dataset: name of the real images' folder; ``manifests``: sha256 of the manifest of each model whose images are
            searched.
        train_images: real images that are searched, those of the generator's further models included.
        yardstick_images: images of ``train`` whose nearest others make the yardstick.
        chosen: images of each class that nothing speaks against.
        thrown: images by reason; one image may have several.
        before, after: of all made images, and of the chosen ones, which the model chose: there it agrees by design.
    """

    schema_name: str = SCHEMA
    model: str
    weights_sha256: str
    encoder_sha256: str
    gate_sha256: str
    autoencoder_sha256: str | None
    dataset: str
    manifests: dict[str, str]
    made_sha256: str
    generators: tuple[str, ...]
    images: int
    train_images: int
    yardstick_images: int
    spaces: tuple[SpaceRecord, ...]
    detections: tuple[Detection, ...]
    chosen: dict[str, int]
    thrown: dict[str, int]
    before: tuple[Plausible, ...]
    after: tuple[Plausible, ...]
    apart: tuple[Apart, ...]
    command: str
    libraries: dict[str, str]
    seconds: float


def load_judging(path: Path) -> JudgingRecord:
    """Raises Missing where there is no such file, BadRequest where it holds something else."""
    return records.load(JudgingRecord, path, "a record of judged images", REMEDY)


def checked(record: JudgingRecord, card: ModelCard, made: GeneratorCard, gate: GateCard) -> JudgingRecord:
    """The record, where it speaks of the model, the generator, the gate and its encoder that are in use.

    Raises BadRequest that names what is another.
    """
    generator = (made.weights.sha256,) if made.weights else ()
    pairs = {
        "model": (record.weights_sha256, card.weights and card.weights.sha256),
        "generator": (record.generators, generator),
        "gate": (record.gate_sha256, gate.weights.sha256),
        "encoder": (record.encoder_sha256, gate.encoder_sha256),
    }
    if other := [what for what, (measured, used) in pairs.items() if measured != used]:
        raise BadRequest(f"What was measured of images for {record.model} is of another {' and '.join(other)}.", REMEDY)
    return record
