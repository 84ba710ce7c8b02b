"""A record as Markdown."""

from collections.abc import Iterable, Sequence

from diagnosis.synthesis.judging.distributions import Spread
from diagnosis.synthesis.judging.record import (
    COPY,
    UNSEEN,
    Apart,
    Detection,
    JudgingRecord,
    Plausible,
    Share,
    SpaceRecord,
)

SUMMARY = (
    "model",
    "images",
    "model agrees",
    "gate passes",
    "too near in pixels / structure / encoder",
    "copies found, least of all disguises",
    "real ones of `test` too near",
    "nothing speaks against",
    "Fréchet to `train` / to `test` / between these",
)


def tables(record: JudgingRecord) -> str:
    """Copies, the judge's own sight, plausibility and distances, with what they were measured on."""
    parts = [
        f"### {record.model}\n\n{_head(record)}",
        "Nearest real image, least distance. Limit: 1st percentile between real images of different groups."
        f"{_also(record)}\n\n{_copies(record.spaces)}",
        "What the judge sees: copies of real images, and images of `test`, put to it as if they were made.\n\n"
        + _detections(record.detections),
        f"Plausible? Thrown away: {_thrown(record)}. After choosing the model agrees by design: it chose.\n\n"
        + _plausible(record),
        "Distance of distributions, `all` with its classes in equal parts; floor: real `train` against real `test`.\n\n"
        + _apart(record.apart),
    ]
    return "\n\n".join(parts) + "\n"


def summary(records: Iterable[JudgingRecord]) -> str:
    """A line a record, of what was found before choosing."""
    return _table(SUMMARY, [_line(record) for record in records])


def _line(record: JudgingRecord) -> tuple[str, ...]:
    whole = next(one for one in record.before if one.label is None)
    apart = next(one for one in record.apart if one.label is None)
    unseen = next(one.rejected for one in record.detections if one.what == UNSEEN)
    copies = [one.rejected for one in record.detections if one.what.startswith(COPY)]
    frechet = (apart.made_train.frechet, apart.made_test.frechet, apart.train_test.frechet)
    near = " / ".join(_percent(one.rejected) for one in record.spaces)
    return (
        f"`{record.model}`",
        str(record.images),
        _share(whole.agreed),
        _share(whole.passed),
        near,
        _percent(min(copies, key=lambda one: one.count / one.images)),
        _percent(unseen),
        f"{sum(record.chosen.values())}",
        " / ".join(f"{one.value:.0f}" for one in frechet),
    )


def _head(record: JudgingRecord) -> str:
    chosen = sum(record.chosen.values())
    made = ", ".join(digest[:12] for digest in record.generators) or "not told by the files"
    restored = ", each as it is and as the autoencoder restores it" if record.autoencoder_sha256 else ""
    return (
        f"{record.images} made images, {chosen} of them chosen, against {record.train_images} images of `train` "
        f"({', '.join(record.manifests)}){restored}; yardstick: {record.yardstick_images} of `{record.dataset}`. "
        f"Generator: {made}. `{record.command}`."
    )


def _also(record: JudgingRecord) -> str:
    if record.autoencoder_sha256 is None:
        return ""
    return (
        " Also rejected: what lies as near to a restored image as 1 in 100 of these to another, of all or of its class."
    )


def _copies(spaces: Sequence[SpaceRecord]) -> str:
    rows = [
        (
            one.space,
            f"{one.limit:.4f}",
            *(f"{of.percentiles[0]:.4f} / {of.percentiles[3]:.4f}" for of in (one.made, one.real)),
            _share(one.rejected),
        )
        for one in spaces
    ]
    names = ("space", "limit", "made to real, 1st percentile / median", "real to real", "rejected")
    return _table(names, rows)


def _detections(detections: Sequence[Detection]) -> str:
    spaces = tuple(detections[0].by_space)
    rows = [
        (one.what, str(one.rejected.images), _share(one.rejected), *(_percent(one.by_space[name]) for name in spaces))
        for one in detections
    ]
    return _table(("put in", "n", "rejected", *(f"by {name}" for name in spaces)), rows)


def _plausible(record: JudgingRecord) -> str:
    rows = [(when, *_cells(one)) for when, some in (("before", record.before), ("after", record.after)) for one in some]
    return _table(("choosing", "class", "n", "model agrees", "mean score", "gate passes", "cautions", "refuses"), rows)


def _cells(one: Plausible) -> tuple[str, ...]:
    score = "" if one.score is None else f"{one.score:.3f}"
    label, counts = one.label or "all", (one.verdicts.cautioned, one.verdicts.refused)
    return label, str(one.agreed.images), _share(one.agreed), score, _share(one.passed), *map(str, counts)


def _apart(apart: Sequence[Apart]) -> str:
    rows = []
    for one in apart:
        own = (one.made_train, one.made_test, one.train_test)
        frechet, kernel = [_spread(each.frechet, 1) for each in own], [_spread(each.kernel, 3) for each in own]
        rows.append((one.label or "all", str(own[0].images), *frechet, *kernel))
    sides = ("made, `train`", "made, `test`", "`train`, `test`")
    names = ("class", "n a side", *(f"Fréchet {side}" for side in sides), *(f"kernel {side}" for side in sides))
    return _table(names, rows)


def _thrown(record: JudgingRecord) -> str:
    return ", ".join(f"{count} for {reason}" for reason, count in record.thrown.items()) or "none"


def _spread(spread: Spread, digits: int) -> str:
    return f"{spread.value:.{digits}f} ({spread.low:.{digits}f} to {spread.high:.{digits}f})"


def _share(share: Share) -> str:
    if not share.images:
        return "no images"
    if share.low is None or share.high is None:
        return _percent(share)
    return f"{_percent(share)} ({100 * share.low:.1f} to {100 * share.high:.1f})"


def _percent(share: Share) -> str:
    return f"{100 * share.count / share.images:.1f} %" if share.images else ""


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
