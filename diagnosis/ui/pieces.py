"""The parts of a reading as HTML. Pure functions: a reading in, a string out."""

from html import escape
from urllib.parse import quote

from diagnosis.attribution import METHODS, AttributionMap
from diagnosis.classifier import Prediction
from diagnosis.errors import UserError
from diagnosis.export import as_json
from diagnosis.reading import Progress, Reading
from diagnosis.render import colour_ramp, data_uri, film, outline, overlay, picture_size, scale_of
from diagnosis.ui.unlike import caution as unlike
from diagnosis.ui.zone_pieces import caution as alarm
from diagnosis.ui.zone_pieces import outlines, table

CHECKS = {
    "negative_share": (
        "against the class, not drawn",
        "{:.1%}",
        "Share of the map's absolute weight that spoke against the class.",
    ),
    "additivity_gap": (
        "additivity gap",
        "{:.1g} logits",
        "Parts of the map plus baseline, against the model's own output.",
    ),
    "baseline_logit": ("blurred baseline", "{:.2f} logits", "The model's output for the fully blurred image."),
}
BEFOREHAND = "Computed beforehand, from this very image and by these very weights; the scores were computed just now."


def empty_stage(invitation: str) -> str:
    """The black panel before there is an image."""
    return f'<div class="lb-stage lb-empty"><p>{escape(invitation)}</p></div>'


def stage(reading: Reading, method: str, badge: str = "", told: str = "") -> str:
    """The image, large and on black, with the map of ``method`` laid over it, or alone when there is none.

    While maps are still to come the figure has the attribute ``data-growing``, for ``painting.js``.

    Args:
        badge: of that map, as HTML.
        told: what is known of where the image comes from.
    """
    attribution = reading.map(method)
    pictures = _layers(reading, attribution) + outlines(reading, attribution)
    caption = _caption(reading, attribution, badge) if attribution else _plain_caption(reading)
    caption += f'<p class="lb-note lb-told">{escape(told)}</p>' if told else ""
    height, width = picture_size(reading.study)
    growing = " data-growing" if reading.pending else ""
    return (
        f'<figure class="lb-figure"{growing}><div class="lb-stage"><div class="lb-picture" style="--w:{width};--h:{height}">{pictures}'
        f"</div></div><figcaption>{caption}</figcaption></figure>{unlike(reading)}{alarm(reading)}{table(reading, attribution)}"
    )


def maps(reading: Reading) -> str:
    """All maps of the explained class side by side, each with its colour bar and checks."""
    figures = []
    for method in METHODS:
        if (attribution := reading.map(method)) is None:
            continue
        height, width = picture_size(reading.study)
        figures.append(
            f'<figure class="lb-figure lb-small"><div class="lb-stage"><div class="lb-picture" style="--w:{width};--h:{height}">'
            f"{_layers(reading, attribution)}</div></div><figcaption>{_caption(reading, attribution)}{_checks(attribution)}"
            "</figcaption></figure>"
        )
    heading = (
        f"<h3>Maps for {escape(reading.card.title_of(reading.label).lower())}, side by side</h3>" if figures else ""
    )
    note = f'<p class="lb-note">{BEFOREHAND}</p>' if figures and reading.beforehand else ""
    return f'{heading}{note}<div class="lb-maps">{"".join(figures)}</div>'


def scores(reading: Reading) -> str:
    """The scores as bars with numbers, highest first; the explained class is marked, and thresholds where there are."""
    card, prediction = reading.card, reading.prediction
    rows = []
    for position in prediction.ranking:
        label, percent = card.labels[position], 100 * float(prediction.scores[position])
        chosen, (side, tick) = label.name == reading.label, _threshold(prediction, position)
        rows.append(
            f'<li class="{"lb-chosen" if chosen else ""}" title="{escape(label.description, quote=True)} '
            f'Logit {prediction.logits[position]:.2f}.">'
            f'<span class="lb-name">{escape(label.title)}{" <em>explained</em>" if chosen else ""}{side}</span>'
            f'<span class="lb-bar"><span style="width:{percent:.2f}%"></span>{tick}</span><span class="lb-number">{percent:.1f} %</span></li>'
        )
    how = _score_note(prediction)
    return f'<section class="lb-block"><h3>Model score</h3><ul class="lb-scores">{"".join(rows)}</ul><p class="lb-note">{how}</p></section>'


def _threshold(prediction: Prediction, position: int) -> tuple[str, str]:
    """On which side of its threshold an independent finding is, in words, and the threshold on its bar."""
    if prediction.thresholds is None:
        return "", ""
    percent = 100 * float(prediction.thresholds[position])
    above = prediction.labels[position] in prediction.present
    side = f' <em class="lb-reached">{"above" if above else "below"} threshold</em>'
    return side, f'<i style="left:{percent:.2f}%" title="Operating threshold: {percent:.1f} %."></i>'


def _score_note(prediction: Prediction) -> str:
    kind = escape(prediction.score_kind)
    kind += ", for images like those of its test set," if kind.startswith("calibrated") else ""
    source = f"{kind.capitalize()} from {escape(prediction.model)}"
    if prediction.thresholds is None:
        return f"{source}; the scores add up to 100 %."
    return (
        f"{source}: each finding by itself, so that the scores do not add up to 100 %. Line: the finding's threshold."
    )


def waiting() -> str:
    """An image was put in; the model is not free yet."""
    return '<div class="lb-progress" role="status"><label>Waiting for the model<progress></progress></label></div>'


def progress(doing: Progress | None) -> str:
    """What is being computed, and how far it is; nothing when all is done."""
    if doing is None:
        return ""
    text = f"Computing {METHODS[doing.method].title}"
    if doing.total > 1:
        text += f": {doing.done} of {doing.total} evaluations"
    return (
        f'<div class="lb-progress" role="status"><label>{escape(text)}<progress max="{doing.total}" value="{doing.done}">'
        "</progress></label></div>"
    )


def facts(reading: Reading) -> str:
    """Every finding with its id, value and unit, and the reading as a file."""
    rows = "".join(
        f'<tr id="{finding_anchor(reading, finding.id)}"><th scope="row">{finding.id}</th><td>{escape(finding.statement)}</td></tr>'
        for finding in reading.findings
    )
    address = "data:application/json;charset=utf-8," + quote(as_json(reading))
    name = f"reading-{reading.study.digest}.json"
    return (
        f'<details class="lb-facts"><summary>All {len(reading.findings)} findings</summary><table>{rows}</table></details>'
        f'<p><a class="lb-download" download="{name}" href="{address}">Download this reading as JSON</a></p>'
    )


def finding_anchor(reading: Reading, finding: str) -> str:
    """The id of a finding's row on the page, another one for every class explained.

    What follows a reading's own findings has other ids once there are opinions, whose ids come before.
    """
    own = len(reading.findings) - len(reading.opinions) - len(reading.added)
    beside = "-beside" if reading.opinions and int(finding[1:]) > own else ""
    return f"{reading.card.name}-{reading.label}{beside}-{finding}"


def problem(error: UserError) -> str:
    """What was wrong, and what to do."""
    return f'<div class="lb-problem" role="alert"><strong>{escape(error.problem)}</strong> {escape(error.remedy)}</div>'


def fault(what: str = "The reading", remedy: str = "Put the image in again") -> str:
    """The program failed, not the visitor; what happened stands in the server's log."""
    return (
        f'<div class="lb-problem" role="alert"><strong>{escape(what)} failed: a fault of the program.</strong> '
        f"{escape(remedy)}; if it fails again, tell whoever runs this page.</div>"
    )


def _layers(reading: Reading, attribution: AttributionMap | None) -> str:
    height, width = picture_size(reading.study)
    base = (
        f'<img class="lb-film" alt="{escape(_description(reading), quote=True)}" src="{data_uri(film(reading.study))}">'
    )
    if attribution is None:
        return base
    lines = "".join(
        f'<polygon points="{" ".join(f"{x},{y}" for x, y in contour.tolist())}"/>'
        for contour in outline(attribution, (height, width))
    )
    told = escape(_map_description(reading, attribution), quote=True)
    return (
        f'{base}<img class="lb-overlay" alt="{told}" src="{data_uri(overlay(attribution, (height, width)))}">'
        f'<svg class="lb-outline" viewBox="0 0 {width} {height}" aria-hidden="true">{lines}</svg>'
    )


def _caption(reading: Reading, attribution: AttributionMap, badge: str = "") -> str:
    title = METHODS[attribution.method].title
    label = escape(reading.card.title_of(attribution.label).lower())
    if attribution.is_flat:
        return f"<p><strong>{title}</strong> for {label}: flat, no place spoke for it more than another. Nothing is drawn.</p>"
    scale, colours = scale_of(attribution), ",".join(colour_ramp())
    size = attribution.params.get("cells", "")
    return (
        f"<p><strong>{title}</strong> for {label} {badge}</p>"
        f'<div class="lb-colourbar" title="Values on the method\'s own grid of {size} cells, not rescaled.">'
        f'<span>{scale.low:g}</span><i style="background:linear-gradient(90deg,{colours})"></i>'
        f"<span>{scale.high:.2g} {escape(scale.unit)}</span></div>"
        '<p class="lb-note">Bright: spoke for the class. White line: the top tenth.</p>'
    )


def _plain_caption(reading: Reading) -> str:
    height, width = reading.study.size
    return f'<p class="lb-note">{width} × {height} pixels, without a map.</p>'


def _checks(attribution: AttributionMap) -> str:
    items = "".join(
        f'<li title="{escape(how, quote=True)}">{escape(name)}: {form.format(attribution.checks[key])}</li>'
        for key, (name, form, how) in CHECKS.items()
        if key in attribution.checks
    )
    return f'<ul class="lb-checks">{items}<li>{attribution.seconds:.1f} s</li></ul>'


def _description(reading: Reading) -> str:
    height, width = reading.study.size
    return f"{reading.card.title} image, {width} by {height} pixels"


def _map_description(reading: Reading, attribution: AttributionMap) -> str:
    """The facts of a map in words, for those who do not see it."""
    about = (attribution.label, attribution.method)
    told = [finding.statement for finding in reading.findings if (finding.label, finding.method) == about]
    return " ".join(told) or f"{METHODS[attribution.method].title} map"
