"""What was measured of the gate, as it is kept beside its weights."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from diagnosis import records

SCHEMA = "lightbox-gate/1"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Verdicts(_Strict):
    """How many of some images were let pass, read with a caution, and refused."""

    images: int
    passed: int
    cautioned: int
    refused: int


class Against(_Strict):
    """One model's own test images against others.

    Attributes:
        others: a set, a set with what was done to it, or a kind of strangers.
        auroc: of the distance: how often one of the others lies farther than one of the model's own.
        unseen_auroc: the same for a gate that was fitted without any of the others' sources; None where that makes no
            difference or no sense.
    """

    others: str
    verdicts: Verdicts
    auroc: float
    unseen_auroc: float | None


class ModelRecord(_Strict):
    """How the gate does for one model: its ``own`` test images, and all others."""

    model: str
    own: Verdicts
    against: tuple[Against, ...]


class GateRecord(_Strict):
    """``metrics.json``: the measurements, and what they were made on.

    Attributes:
        card_sha256, gate_sha256, encoder_sha256: of the files measured; the card holds the limits.
        manifests: sha256 of each set's manifest.
        most: images of a set at the most, None for all of them.
    """

    schema_name: str = SCHEMA
    card_sha256: str
    gate_sha256: str
    encoder_sha256: str
    manifests: dict[str, str]
    split: str
    most: int | None
    command: str
    models: tuple[ModelRecord, ...]


def load_record(path: Path) -> GateRecord:
    """Raises Missing where there is none, BadRequest where it is none."""
    remedy = "Run `python -m diagnosis.gating evaluate --split test --write`."
    return records.load(GateRecord, path, "a record of the gate", remedy)


def table(record: GateRecord) -> str:
    """The record as a Markdown table, a row for each model and kind of other images."""
    names = ("model", f"images ({record.split})", "n", "passed", "cautioned", "refused", "AUROC", "unseen")
    head = f"| {' | '.join(names)} |\n|---|---|--:|--:|--:|--:|--:|--:|\n"
    lines: list[str] = []
    for one in record.models:
        lines.append(_line(one.model, "its own", one.own))
        lines += [_line(one.model, row.others, row.verdicts, row.auroc, row.unseen_auroc) for row in one.against]
    return head + "".join(lines)


def _line(model: str, name: str, own: Verdicts, auroc: float | None = None, unseen: float | None = None) -> str:
    shares = [f"{100 * count / own.images:.1f} %" for count in (own.passed, own.cautioned, own.refused)]
    areas = ["" if area is None else f"{area:.4f}" for area in (auroc, unseen)]
    return f"| {' | '.join([model, name, str(own.images), *shares, *areas])} |\n"
