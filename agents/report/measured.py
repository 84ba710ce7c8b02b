"""What was measured, as plain values with a schema: the reading's own record and the test figures of the model."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from diagnosis.cards import Fraction, Task
from diagnosis.export import as_record
from diagnosis.findings import Figure, Topic
from diagnosis.reading import Reading

Digest = Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Name = Annotated[str, Field(pattern="^[a-z0-9_-]+$")]


class Strict(BaseModel):
    """Unknown fields are refused: nothing can be slipped into a record."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class StudyRecord(Strict):
    """The image, told by its digest and geometry; see :class:`diagnosis.study.Study`."""

    digest: Digest
    height: int = Field(gt=0)
    width: int = Field(gt=0)
    channels: Literal[1, 3]
    modality: str | None
    view: str | None
    window: tuple[Finite, Finite] | None
    spacing_mm: tuple[Finite, Finite] | None
    spacing_kind: Literal["patient", "detector"] | None
    cautions: tuple[str, ...]


class FindingRecord(Strict):
    """One measured fact; see :class:`diagnosis.findings.Finding`."""

    id: str = Field(pattern="^F[1-9][0-9]*$")
    kind: str
    topic: Topic
    value: Finite | None
    unit: str
    interval: tuple[Finite, Finite] | None
    label: str | None = Field(alias="class")
    method: str | None
    region: str | None
    facts: dict[str, int | Finite | str]
    statement: str


class MapRecord(Strict):
    """One map, told by its checks and by each place's share of its weight, in percent."""

    method: Name
    label: str = Field(alias="class")
    unit: str
    flat: bool
    checks: dict[str, Finite]
    shares: dict[str, Finite]
    params: dict[str, int | Finite | str]
    digest: Digest
    seconds: Finite = Field(ge=0)


class GateRecord(Strict):
    """What the gate found before anything was scored; see :class:`diagnosis.gate.GateResult`."""

    verdict: Literal["pass", "caution", "refuse"]
    modality: str
    suggestion: str | None
    distance: Finite | None
    limit: Finite
    reason: str


class ReadingRecord(Strict):
    """A reading as ``python -m diagnosis read --json`` prints it."""

    schema_: Literal["lightbox-reading/1"] = Field(alias="schema")
    notice: str
    model: str
    weights_sha256: Sha256 | None
    study: StudyRecord
    gate: GateRecord | None = None
    task: Task = "single-label"
    labels: tuple[str, ...]
    scores: tuple[Fraction, ...]
    thresholds: tuple[Fraction, ...] | None = None
    conformal: tuple[str, ...] | None = None
    tier: Literal["high", "moderate", "low"] | None = None
    logits: tuple[Finite, ...]
    score_kind: str
    temperature: float = Field(gt=0)
    label: str
    findings: tuple[FindingRecord, ...]
    maps: tuple[MapRecord, ...]

    @classmethod
    def of(cls, reading: Reading) -> Self:
        return cls.model_validate(as_record(reading))

    def maps_of_label(self) -> tuple[MapRecord, ...]:
        """The maps of the explained class, in the order of the methods."""
        return tuple(one for one in self.maps if one.label == self.label)


class FigureRecord(Strict):
    """A test figure in percent, with the ends of its 95 % interval, where it has one."""

    value: Finite
    low: Finite | None
    high: Finite | None

    @classmethod
    def of(cls, figure: Figure) -> Self:
        low, high = figure.interval or (None, None)
        return cls(value=figure.value, low=low, high=high)


class LabelRecord(Strict):
    """One class of the model, and how many test images of it were recognised, where that was measured."""

    name: str
    title: str
    description: str
    recall: FigureRecord | None


class PerformanceRecord(Strict):
    """The test that the figures come from. ``group`` is the plural of what images of one group have in common."""

    images: int = Field(gt=0)
    groups: int = Field(gt=0)
    group: str
    balanced_accuracy: FigureRecord


class ModelFacts(Strict):
    """What the card and the evaluation say of the model."""

    name: Name
    version: str
    title: str
    architecture: str
    licence: str
    intended_use: str
    out_of_scope: str
    training_data: str
    limitations: tuple[str, ...]
    references: tuple[str, ...]
    weights_file: str | None
    weights_sha256: Sha256 | None
    labels: tuple[LabelRecord, ...]
    performance: PerformanceRecord | None

    @classmethod
    def of(cls, reading: Reading) -> Self:
        card, record = reading.card, reading.record
        recall = record.recall if record else {}
        copied: dict[str, Any] = {name: getattr(card, name) for name in COPIED}
        return cls(
            **copied,
            weights_file=card.weights and card.weights.file,
            weights_sha256=card.weights and card.weights.sha256,
            labels=tuple(
                LabelRecord(
                    name=one.name,
                    title=one.title,
                    description=one.description,
                    recall=FigureRecord.of(recall[one.name]) if one.name in recall else None,
                )
                for one in card.labels
            ),
            performance=record
            and PerformanceRecord(
                images=record.images,
                groups=record.groups,
                group=card.group,
                balanced_accuracy=FigureRecord.of(record.balanced_accuracy),
            ),
        )

    @property
    def reference(self) -> str:
        """``name@version``."""
        return f"{self.name}@{self.version}"

    def title_of(self, label: str) -> str:
        """A class's name for people; the name itself for one that the model does not have."""
        return next((one.title for one in self.labels if one.name == label), label)


COPIED = (
    "name",
    "version",
    "title",
    "architecture",
    "licence",
    "intended_use",
    "out_of_scope",
    "training_data",
    "limitations",
    "references",
)
