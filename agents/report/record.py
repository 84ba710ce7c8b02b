"""The report: one record of a reading, its words, the model, and what is needed to compute it all again."""

import hashlib
import json
import platform
import tomllib
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, ValidationError, model_validator

from agents.report.measured import FindingRecord, ModelFacts, Name, ReadingRecord, Sha256, Strict
from agents.types import Explanation, Length, Paragraph, Reader, Sentence
from diagnosis.errors import BadRequest
from diagnosis.findings import OPINIONS, TESTS
from diagnosis.notices import LIKENESS_NOTICE, MAPS_NOTICE, NOTICE
from diagnosis.reading import Reading

SCHEMA = "lightbox-report/1"
PARTIAL = "The words are in a language in which only finding ids, numbers, units, class names and places were checked."
LIBRARIES = (
    "torch",
    "torchvision",
    "grad-cam",
    "shap",
    "numpy",
    "scipy",
    "opencv-python-headless",
    "pillow",
    "pydicom",
)
MAX_BYTES = 20_000_000  # a report is some tens of kilobytes


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


class SentenceRecord(Strict):
    """One sentence; ``struck`` says why it is not supported by what it cites."""

    text: str
    cites: tuple[str, ...] = ()
    struck: str | None = None

    @property
    def cited(self) -> str:
        """The sentence with its citations in brackets."""
        return Sentence(self.text, self.cites).cited


class ParagraphRecord(Strict):
    heading: str
    sentences: tuple[SentenceRecord, ...]

    @property
    def text(self) -> str:
        """What stands, with citations."""
        return " ".join(one.cited for one in self.sentences if one.struck is None)


class Words(Strict):
    """The explanation; see :class:`agents.types.Explanation`. Its ledger and what it cost are left out."""

    written_by: str = Field(max_length=200)
    prompt: str | None = Field(max_length=200)
    reader: Reader
    length: Length
    language: str = Field(pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
    rebuilt: bool
    paragraphs: tuple[ParagraphRecord, ...]

    @classmethod
    def of(cls, explanation: Explanation) -> Self:
        copied = {name: getattr(explanation, name) for name in cls.model_fields if name != "paragraphs"}
        return cls(**copied, paragraphs=tuple(_paragraph(part) for part in explanation.paragraphs))

    @property
    def standing(self) -> tuple[SentenceRecord, ...]:
        return tuple(one for part in self.paragraphs for one in part.sentences if one.struck is None)

    @property
    def struck(self) -> tuple[SentenceRecord, ...]:
        return tuple(one for part in self.paragraphs for one in part.sentences if one.struck is not None)


def _paragraph(part: Paragraph) -> ParagraphRecord:
    sentences = (SentenceRecord(text=one.text, cites=one.cites, struck=one.struck) for one in part.sentences)
    return ParagraphRecord(heading=part.heading, sentences=tuple(sentences))


class Settings(Strict):
    """What a second reading needs to come out the same. Maps are the same to the bit only with the same software."""

    label: str
    methods: tuple[Name, ...]
    shap_evaluations: int | None = Field(ge=1, le=10_000)
    software: dict[str, str]


class Digests(Strict):
    """sha256 of the canonical JSON of the record's parts; pixels and weights have theirs in ``reading``."""

    reading: Sha256
    words: Sha256
    model: Sha256


class Report(Strict):
    """Everything that is printed, and nothing that could name a person.

    Raises ValidationError for unknown fields, other schemas, and a reading that is not of ``model`` and ``settings``.
    """

    schema_: Literal["lightbox-report/1"] = Field(default="lightbox-report/1", alias="schema")
    created: Annotated[AwareDatetime, AfterValidator(_in_utc)]
    lightbox: str
    notices: tuple[str, ...]
    words: Words
    reading: ReadingRecord
    model: ModelFacts
    settings: Settings
    digests: Digests

    @classmethod
    def of(cls, reading: Reading, explanation: Explanation, created: datetime) -> Self:
        """The record of a complete reading. Findings that were measured for a conversation are left out.

        Args:
            created: when, with a time zone; kept to the second, in UTC.
        """
        if reading.pending is not None:
            raise BadRequest("The reading is not complete.", "Wait until all maps are ready.")
        if explanation.draft:
            raise BadRequest("The words are not complete.", "Wait until they are written.")
        if strange := set(explanation.cited) - {finding.id for finding in reading.findings}:
            raise BadRequest(f"The words cite {min(strange)}, which this reading does not have.", "Write them anew.")
        record = ReadingRecord.of(reading.about(reading.label))
        words, model = Words.of(explanation), ModelFacts.of(reading)
        return cls(
            created=created,
            lightbox=lightbox_version(),
            notices=notices(words.language, opinion=bool(reading.opinions)),
            words=words,
            reading=record,
            model=model,
            settings=_settings(record),
            digests=Digests(reading=digest(record), words=digest(words), model=digest(model)),
        )

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        reading, model = self.reading, self.model
        if (reading.model, reading.weights_sha256) != (model.reference, model.weights_sha256):
            raise ValueError(f"the reading is by {reading.model}, the model facts are of {model.reference}")
        if tuple(one.name for one in model.labels) != reading.labels:
            raise ValueError("the reading and the model name different classes")
        if not len(reading.labels) == len(reading.scores) == len(reading.logits):
            raise ValueError("there must be one score and one logit a class")
        if (reading.task == "multi-label") != (len(reading.thresholds or ()) == len(reading.labels)):
            raise ValueError("there must be one threshold an independent finding, and none elsewhere")
        if not reading.label == self.settings.label or reading.label not in reading.labels:
            raise ValueError(f"the explained class is {reading.label!r} here and {self.settings.label!r} there")
        return self

    @cached_property
    def digest(self) -> str:
        """sha256 of the whole record; printed on every page, so that paper and JSON can be matched."""
        return digest(self)

    @property
    def tests(self) -> tuple[FindingRecord, ...]:
        """What tests of the maps found."""
        return tuple(one for one in self.reading.findings if one.kind in TESTS)

    @property
    def opinions(self) -> tuple[FindingRecord, ...]:
        """The findings of a second opinion."""
        return tuple(one for one in self.reading.findings if one.kind in OPINIONS)

    @property
    def library(self) -> str | None:
        """Digest of the library whose cases voted; empty where that is not known, None where none did."""
        known = [str(one.facts.get("library", "")) for one in self.opinions]
        return max(known, default=None)

    def as_json(self) -> str:
        return self.model_dump_json(indent=2, by_alias=True) + "\n"


def notices(language: str, *, opinion: bool = False) -> tuple[str, ...]:
    """The notices of a report whose words are in this language, with or without a second opinion."""
    from agents.ground import is_partial

    likeness = (LIKENESS_NOTICE,) if opinion else ()
    return NOTICE, MAPS_NOTICE, *likeness, *((PARTIAL,) if is_partial(language) else ())


def load_report(path: Path) -> Report:
    """Read a report's JSON. Raises BadRequest with the first thing that is wrong."""
    remedy = "Give the report.json that the report command wrote."
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadRequest(f"{path.name} is too large for a report.", remedy)
        return Report.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BadRequest(f"{path.name} cannot be read ({error.strerror}).", remedy) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "report"
        raise BadRequest(f"{path.name} is not a report: {where}: {first['msg']}.", remedy) from error


def digest(part: Strict) -> str:
    """sha256 of a part's JSON with sorted keys and without spaces."""
    return sha256_of(part.model_dump(mode="json", by_alias=True))


def sha256_of(values: Any) -> str:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def json_schema() -> str:
    """The JSON schema of a report, as ``docs/report.schema.json`` holds it."""
    return json.dumps(Report.model_json_schema(by_alias=True), indent=2, ensure_ascii=False) + "\n"


def lightbox_version() -> str:
    """The version of this checkout."""
    project = Path(__file__).parents[2] / "pyproject.toml"
    return str(tomllib.loads(project.read_text("utf-8"))["project"]["version"])


def software() -> dict[str, str]:
    """Versions that decide the last bits of a result."""
    machine = {"python": platform.python_version(), "platform": f"{platform.system()} {platform.machine()}"}
    return machine | {name: version(name) for name in LIBRARIES}


def _settings(reading: ReadingRecord) -> Settings:
    evaluations = [one.params["evaluations"] for one in reading.maps if "evaluations" in one.params]
    return Settings(
        label=reading.label,
        methods=tuple(dict.fromkeys(one.method for one in reading.maps)),
        shap_evaluations=int(evaluations[0]) if evaluations else None,
        software=software(),
    )
