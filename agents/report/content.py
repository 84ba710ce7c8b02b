"""What a report says, part by part, for paper and for Markdown alike."""

from typing import NamedTuple

from agents.report.measured import FigureRecord, FindingRecord, MapRecord
from agents.report.record import Report
from diagnosis.attribution import METHODS
from diagnosis.intervals import RULE, called

NOT_MEASURED = "not measured"
READERS = {"clinician": "clinicians", "student": "students", "patient": "patients and family"}


class Score(NamedTuple):
    """One bar: a class, its score in percent, whether it is the explained one, how often tests recognised it, and of
    an independent finding its threshold in percent."""

    title: str
    percent: float
    explained: bool
    recall: FigureRecord | None
    threshold: float | None


class Table(NamedTuple):
    """Rows of text under a heading. ``widths`` are the columns' shares of the line; ``note`` stands above the rows."""

    heading: str
    columns: tuple[str, ...]
    widths: tuple[float, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str | None = None


def title(report: Report) -> str:
    return f"{report.model.title}: reading by a model"


def facts_line(report: Report) -> str:
    """The image, the model and the time in one line."""
    study = report.reading.study
    parts = [f"Image {study.digest}", f"{study.width} × {study.height} px"]
    parts += [part for part in (study.modality, study.view) if part]
    return " · ".join([*parts, f"model {report.model.reference}", moment(report)])


def moment(report: Report) -> str:
    return f"{report.created:%Y-%m-%d %H:%M} UTC"


def scores(report: Report) -> tuple[Score, ...]:
    """From the highest to the lowest."""
    reading = report.reading
    marks = [None] * len(reading.labels) if reading.thresholds is None else [100 * one for one in reading.thresholds]
    rows = (
        Score(label.title, 100 * score, label.name == reading.label, label.recall, mark)
        for label, score, mark in zip(report.model.labels, reading.scores, marks, strict=True)
    )
    return tuple(sorted(rows, key=lambda row: -row.percent))


def scores_note(report: Report) -> str:
    """What a score is, and what the interval beside it is of."""
    kind = f"The scores are {_plural(report.reading.score_kind)}"
    if report.reading.thresholds is not None:
        return f"{kind}, each of a finding by itself, and do not add up to 100 %. A line marks a finding's threshold."
    kind += " and add up to 100 %; they have no interval of their own."
    if report.model.performance is None:
        return f"{kind} How often each class is recognised has not been measured."
    told = f"{kind} The interval is the 95 % interval of how many test images of the class were recognised."
    bare = any(one.recall is not None and one.recall.low is None for one in report.model.labels)
    return f"{told} {RULE}" if bare else told


def _plural(kind: str) -> str:
    return {"calibrated probability": "calibrated probabilities"}.get(kind, f"{kind}s")


def beside(report: Report, row: Score) -> str:
    """What stands beside a bar: the side of the threshold, or how often tests recognised the class."""
    if row.threshold is None:
        return figure(row.recall)
    return f"{'below' if row.percent < row.threshold else 'above'} its threshold, {row.threshold:.1f} %"


def beside_heading(report: Report) -> str:
    """What all that stands beside the bars is."""
    return "Recognised in tests (95 % interval)" if report.reading.thresholds is None else "Operating threshold"


def figure(value: FigureRecord | None) -> str:
    if value is None:
        return NOT_MEASURED
    if value.low is None or value.high is None:
        return f"{value.value:.1f} %"
    return f"{value.value:.1f} % ({value.low:.1f} to {value.high:.1f})"


def byline(report: Report) -> str:
    """Who wrote the words, for whom, and what was left out."""
    words = report.words
    by = "templates" if words.written_by == "template" else f"{words.written_by}, each sentence checked by code"
    line = f"Words for {READERS[words.reader]}, written by {by}. Numbers in brackets are findings of the annex."
    if count := len(words.struck):
        left = "sentence that the findings do not support was" if count == 1 else "unsupported sentences were"
        line += f" {count} {left} left out."
    return (
        f"{line} Too little of what a language model wrote was supported: these are templates."
        if words.rebuilt
        else line
    )


def map_caption(record: MapRecord) -> str:
    return METHODS[record.method].title if record.method in METHODS else record.method


def map_alternative(report: Report, record: MapRecord) -> str:
    """A map in words, for those who cannot see it: what its finding says."""
    about = (one for one in report.reading.findings if one.method == record.method and one.topic == "looked")
    said = next((one.statement for one in about), "")
    return f"{map_caption(record)} map for {report.model.title_of(record.label).lower()} over the image. {said}".strip()


def annex(report: Report) -> tuple[Table, ...]:
    """Everything behind the first page."""
    return (
        Table(
            "Findings",
            ("Id", "Finding", "Value", "95 % interval"),
            (0.07, 0.61, 0.17, 0.15),
            tuple((one.id, one.statement, _value(one), _interval(one)) for one in report.reading.findings),
            "Everything that was measured of this reading; the words may say nothing else.",
        ),
        *([_maps(report)] if report.reading.maps else []),
        *([_cautions(report)] if report.reading.study.cautions else []),
        _pairs("Model", _model(report)),
        *([_tests(report)] if report.model.performance else []),
        _pairs("To compute this again", _settings(report), _again(report)),
        _pairs("Digests", _digests(report), "sha256; that of the image covers its pixels, not its file."),
        Table("Notices", ("",), (1.0,), tuple((notice,) for notice in report.notices)),
    )


def _value(finding: FindingRecord) -> str:
    if finding.value is None:
        return "–"
    form = {"logits": ".2g", "cases": ".0f", "findings": ".0f", "classes": ".0f"}.get(finding.unit, ".2f")
    shown = f"{finding.value:{form}}"
    if finding.unit == "logits" and not finding.value:
        shown = "under 1e-06"  # the record keeps six decimals
    return f"{shown} {finding.unit}".strip()


def _interval(finding: FindingRecord) -> str:
    return "–" if finding.interval is None else f"{finding.interval[0]:.1f} to {finding.interval[1]:.1f} {finding.unit}"


def _maps(report: Report) -> Table:
    rows = []
    for one in report.reading.maps_of_label():
        shares = "; ".join(f"{name} {share:.1f} %" for name, share in one.shares.items()) or "flat: no place preferred"
        checks = "; ".join(f"{_words(name)} {value:.2g}" for name, value in one.checks.items())
        made = "; ".join(f"{_words(name)} {value}" for name, value in one.params.items())
        rows.append((map_caption(one), shares, f"{checks}; {made}", f"{one.digest}, {one.seconds:.1f} s"))
    note = f"Maps for {report.model.title_of(report.reading.label).lower()}: each place's share of the weight for it."
    return Table(
        "Maps", ("Method", "Shares", "Checks and settings", "Digest"), (0.12, 0.4, 0.28, 0.2), tuple(rows), note
    )


def _words(name: str) -> str:
    return name.replace("_", " ")


def _cautions(report: Report) -> Table:
    return Table("About the file", ("",), (1.0,), tuple((one,) for one in report.reading.study.cautions))


def _pairs(heading: str, pairs: dict[str, str], note: str | None = None) -> Table:
    return Table(heading, ("", ""), (0.24, 0.76), tuple(pairs.items()), note)


def _model(report: Report) -> dict[str, str]:
    model = report.model
    return {
        "Model": f"{model.title}, {model.reference}",
        "Architecture": f"{model.architecture}, licence {model.licence}",
        "Intended use": model.intended_use,
        "Out of scope": model.out_of_scope,
        "Training data": model.training_data,
        "Limitations": " ".join(model.limitations),
        "Classes": " ".join(f"{one.title}: {one.description}" for one in model.labels),
        "References": "; ".join(model.references),
    }


def _tests(report: Report) -> Table:
    measured = report.model.performance
    if measured is None:
        raise ValueError("there are no test figures")
    rows = [("Balanced accuracy", figure(measured.balanced_accuracy))]
    rows += [(f"Recall, {one.title.lower()}", figure(one.recall)) for one in report.model.labels]
    groups = f"{measured.groups} {called(measured.groups, measured.group)}"
    note = f"On {measured.images} test images of {groups} that the model was not trained on. {RULE}"
    return Table("Test figures", ("Figure", "Value (95 % interval)"), (0.5, 0.5), tuple(rows), note)


def _settings(report: Report) -> dict[str, str]:
    settings = report.settings
    evaluations = "none" if settings.shap_evaluations is None else f"{settings.shap_evaluations} evaluations"
    study = report.reading.study
    window = "as stored" if study.window is None else f"{study.window[0]:g} to {study.window[1]:g}"
    colours = "colour" if study.channels == 3 else "grey"
    spacing = "not known"
    if study.spacing_mm is not None:
        spacing = f"{study.spacing_mm[0]:g} × {study.spacing_mm[1]:g} mm, {study.spacing_kind}"
    return {
        "Explained class": report.model.title_of(settings.label),
        "Methods": ", ".join(settings.methods) or "none",
        "SHAP": evaluations,
        "Temperature": f"{report.reading.temperature:g}",
        "Image": f"{study.width} × {study.height} px, {colours}, values {window}, pixel spacing {spacing}",
        "Lightbox": report.lightbox,
        "Software": ", ".join(f"{name} {number}" for name, number in settings.software.items()),
        "Prompt": report.words.prompt or "none: templates",
    }


def _again(report: Report) -> str:
    return "python -m agents verify report.json --image FILE reads the image again and says what differs."


def _digests(report: Report) -> dict[str, str]:
    return {
        "Report": report.digest,
        "Image": report.reading.study.digest,
        "Weights": report.model.weights_sha256 or "none",
        "Reading": report.digests.reading,
        "Words": report.digests.words,
        "Model facts": report.digests.model,
        **({"Case library": report.library} if report.library else {}),
    }
