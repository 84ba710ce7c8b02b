"""What was found for a class: the record, ``<model>.json`` beside this file, and its lines of a table."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from diagnosis.training.metrics import Interval

FOLDER = Path(__file__).parent
FIGURES = {"recall": "recall of the class", "auc": "AUC, class against rest", "balanced_accuracy": "balanced accuracy"}
LIMITS = (
    "Intervals hold the trained networks as they are: how much training varies is told by the differences by seed. "
    "The generator learned from all real images of the class: below 100 % it knows more of it than the network."
)
HEAD = ("class", "share", "real", "synthetic", "on `test`", "without", "with", "difference", "difference by seed")


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Figures(_Frozen):
    """Each 0..1, or the difference of two such."""

    recall: Interval
    auc: Interval
    balanced_accuracy: Interval


class Outcome(_Frozen):
    """Of one share, in percent.

    Attributes:
        real, groups, made: by seed, the class's real images, their groups, and synthetic images.
        with_made, difference: None where no synthetic images were named.
        seeds: the differences by seed, each in the order of ``FIGURES``.
    """

    share: int
    real: tuple[int, ...]
    groups: tuple[int, ...]
    made: tuple[int, ...]
    without: Figures
    with_made: Figures | None = None
    difference: Figures | None = None
    seeds: tuple[tuple[float, ...], ...] = ()


class Helping(_Frozen):
    """Of one class.

    Attributes:
        model: ``name@version``; its weights are not used, only input, labels and architecture.
        size: side of the network's square, in pixels.
        updates: of each network, each on ``batch_size`` images.
        manifest, synthetic: sha256 of the data set's manifest, and over the pixels of the synthetic images.
        generators: sha256 of the weights that made those, as far as the files tell.
    """

    model: str
    architecture: str
    size: int
    updates: int
    batch_size: int
    seeds: tuple[int, ...]
    manifest: str
    synthetic: str | None
    generators: tuple[str, ...]
    test_images: int
    test_groups: int
    shares: tuple[Outcome, ...]


_RECORD: TypeAdapter[dict[str, Helping]] = TypeAdapter(dict[str, Helping])


def load_record(path: Path) -> dict[str, Helping]:
    """What is known of a model, by class; nothing where there is no file."""
    return _RECORD.validate_json(path.read_bytes()) if path.is_file() else {}


def keep(path: Path, label: str, told: Helping) -> None:
    """Write a class into its model's record; the other classes stay."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_RECORD.dump_json({**load_record(path), label: told}, indent=2) + b"\n")


def lines(label: str, told: Helping) -> list[tuple[str, ...]]:
    """A line a share and figure, under ``HEAD``."""
    made = []
    for one in told.shares:
        for at, (name, title) in enumerate(FIGURES.items()):
            values = [_said(getattr(some, name) if some else None) for some in (one.without, one.with_made)]
            gain = _said(getattr(one.difference, name) if one.difference else None, "+")
            by_seed = ", ".join(f"{seed[at]:+.3f}" for seed in one.seeds) or "–"
            made.append((label, f"{one.share} %", _range(one.real), _range(one.made), title, *values, gain, by_seed))
    return made


def _range(counts: tuple[int, ...]) -> str:
    return str(counts[0]) if len(set(counts)) == 1 else f"{min(counts)}–{max(counts)}"


def _said(value: Interval | None, sign: str = "") -> str:
    if value is None or value.value is None:
        return "–"
    if value.low is None or value.high is None:
        return f"{value.value:{sign}.3f}"
    return f"{value.value:{sign}.3f} ({value.low:{sign}.3f} to {value.high:{sign}.3f})"
