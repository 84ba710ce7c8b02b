"""The page about a model as HTML. Pure functions: facts in, a string out."""

from collections.abc import Iterable
from html import escape
from urllib.parse import urlsplit

from diagnosis.cards import ModelCard
from diagnosis.errors import BadRequest, UserError
from diagnosis.intervals import RULE, called
from diagnosis.model_facts import ModelFacts, bare, percent, plain, sections, technical
from diagnosis.notices import NOTICE
from diagnosis.training.evaluate import Evaluation
from diagnosis.training.metrics import ClassMetrics, Interval
from diagnosis.training.remeasure import compared, same_images, verdict
from diagnosis.ui import charts, pieces, shortcut_pieces
from diagnosis.ui.shortcut_pieces import unbroken

HOW = f"95 % intervals: images of one group are drawn together, 1,000 times. {RULE}"
SHADE = 55  # percent of the accent colour in a cell of the confusion matrix that holds a whole row


def page(facts: ModelFacts) -> str:
    """Everything known of a model: its label, its figures, its classes and what tells it from any other."""
    card, measured, guide = facts.card, facts.measured, _guide(facts.card)
    wrong = facts.unusable or (facts.unmeasured if isinstance(facts.unmeasured, BadRequest) else None)
    beside, below = guide, ""
    if measured is not None:
        beside = _overall(card, measured) + _classes(card, measured) + _confusion(card, measured)
        below = _curves(card, measured) + _worth(measured) + shortcut_pieces.section(facts.shortcuts) + guide
    return (
        f'<article class="lb-model">{pieces.problem(wrong) if wrong else ""}<div class="lb-model-head">{_label(facts)}'
        f"<div>{beside}</div></div>{below}{_technical(facts)}</article>"
    )


def _label(facts: ModelFacts) -> str:
    """The Model Facts label: six headings, in the order in which they must be read."""
    card = facts.card
    parts = "".join(f"<dt>{escape(name)}</dt><dd>{_said(told)}</dd>" for name, told in sections(facts))
    return (
        f'<section class="lb-label"><h3>Model facts</h3><p class="lb-label-name"><b>{escape(card.title)}</b> '
        f'{escape(card.reference)}</p><dl>{parts}</dl><p class="lb-note">{escape(NOTICE)}</p></section>'
    )


def _said(told: tuple[str, ...]) -> str:
    if len(told) == 1:
        return escape(told[0])
    return f"<ul>{''.join(f'<li>{escape(one)}</li>' for one in told)}</ul>"


def _overall(card: ModelCard, measured: Evaluation) -> str:
    rows = {
        "Balanced accuracy": (
            percent(measured.balanced_accuracy),
            "Mean over the classes of how many of it were found.",
        ),
        "Macro AUC": (
            plain(measured.macro_auc),
            "Mean over the classes of the area under the ROC curve; 0.5 is guessing.",
        ),
        "Calibration error": (
            percent(measured.expected_calibration_error),
            "Mean distance of the highest score from how often it was right.",
        ),
    }
    if sets := measured.conformal:
        rows["Coverage of the sets"] = (percent(sets.coverage), f"{100 * (1 - sets.error_rate):.0f} % was promised.")
    tiles = "".join(
        f'<div title="{escape(how, quote=True)}"><dt>{name}</dt><dd>{_figure(value)}</dd></div>'
        for name, (value, how) in rows.items()
    )
    groups = f"{measured.groups} {called(measured.groups, card.group)}"
    where = f"{measured.images} images, {groups}, {measured.split} split of {measured.dataset}"
    return f'<dl class="lb-figures">{tiles}</dl><p class="lb-note">{escape(where)}. {_how(measured, card.group)}</p>'


def _how(measured: Evaluation, group: str) -> str:
    """How the intervals came about, or why there are none."""
    why = bare(measured, group)
    return f"{escape(why)}." if why else HOW


def _figure(value: str) -> str:
    """The number large, its interval small."""
    number, _, rest = value.partition(" (")
    return f"<b>{number}</b>" + (f" <span>{rest.removesuffix(')')}</span>" if rest else "")


def _classes(card: ModelCard, measured: Evaluation) -> str:
    heads = ("Precision", "Recall", "F1", "AUC")
    bare_word = "" if bare(measured, card.group) else "no interval"
    rows = "".join(_class_row(card, one, heads, bare_word) for one in measured.classes)
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return (
        '<h3>Class by class</h3><table class="lb-classes"><caption class="lb-hidden">Precision, recall, F1 and AUC of each '
        f'class, with 95 % intervals where there are any</caption><thead><tr><th scope="col">Class</th>{head}</tr></thead><tbody>{rows}</tbody></table>'
    )


def _class_row(card: ModelCard, one: ClassMetrics, heads: tuple[str, ...], without: str) -> str:
    cells = "".join(
        f'<td data-name="{name}">{_ranged(interval, without)}</td>'
        for name, interval in zip(heads, (one.precision, one.recall, one.f1, one.auc), strict=True)
    )
    title = escape(card.title_of(one.label))
    return f'<tr><th scope="row">{title} <small>{one.support} images</small></th>{cells}</tr>'


def _ranged(interval: Interval, without: str) -> str:
    """A figure, its interval in small print or the words ``without`` one, and both on a line from 0 to 1."""
    if interval.value is None:
        return "not defined"
    text, line = f"<b>{interval.value:.3f}</b>", f"--at:{100 * interval.value:.1f}%"
    if interval.low is None or interval.high is None:
        told = f" <span>{without}</span>" if without else ""
        return f'{text}{told}<i class="lb-range lb-bare" style="{line}"></i>'
    line += f";--low:{100 * interval.low:.1f}%;--high:{100 * interval.high:.1f}%"
    return f'{text} <span>{interval.low:.3f} to {interval.high:.3f}</span><i class="lb-range" style="{line}"></i>'


def _confusion(card: ModelCard, measured: Evaluation) -> str:
    titles = [escape(label.title) for label in card.labels]
    head = "".join(f'<th scope="col"><abbr title="{title}">{at}</abbr></th>' for at, title in enumerate(titles, 1))
    rows = []
    for at, (title, counts) in enumerate(zip(titles, measured.confusion.counts, strict=True), 1):
        cells = "".join(_count(counts, column, titles) for column in range(len(titles)))
        rows.append(f'<tr><th scope="row">{at} {title}</th>{cells}<td class="lb-sum">{sum(counts)}</td></tr>')
    return (
        '<section><h3>What is taken for what</h3><div class="lb-scroll"><table class="lb-matrix lb-confusion"><caption>'
        "Images by true class (row) and answer (column, by the rows' numbers). The darker or brighter, the larger its share "
        f'of the row.</caption><thead><tr><th scope="col">True class</th>{head}<th scope="col">All</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div></section>"
    )


def _count(counts: tuple[int, ...], column: int, titles: list[str]) -> str:
    share = counts[column] / sum(counts) if sum(counts) else 0.0
    told = f"{counts[column]} taken for {titles[column]}, {100 * share:.0f} % of the row"
    return f'<td style="--share:{SHADE * share:.0f}%" title="{told}">{counts[column]}</td>'


def _curves(card: ModelCard, measured: Evaluation) -> str:
    """An ROC curve for each class; nothing where the metrics file has none."""
    drawn = []
    for one in measured.classes:
        if one.roc is None:
            continue
        title = card.title_of(one.label)
        told = (
            f"ROC curve of {title} against the rest: AUC {plain(one.auc)}, {one.support} of {measured.images} images."
        )
        drawn.append(
            f"<figure>{charts.roc_chart(one.roc, told)}<figcaption><b>{escape(title)}</b><br>AUC {unbroken(plain(one.auc))}<br>"
            f"{one.support} of {measured.images} images</figcaption></figure>"
        )
    if not drawn:
        return ""
    note = "Each class against the rest, as the score from which it counts is lowered. Dashed: guessing."
    return f'<section><h3>ROC curves</h3><p class="lb-note">{note}</p><div class="lb-charts">{"".join(drawn)}</div></section>'


def _worth(measured: Evaluation) -> str:
    """What a score is worth: reliability, tiers and sets; nothing where they were not measured."""
    if not measured.reliability:
        return ""
    told = "; ".join(
        f"score {100 * one.score:.0f} %: right in {percent(one.accuracy, 0)}, {one.images} images"
        for one in measured.reliability
    )
    error = percent(measured.expected_calibration_error)
    bars = " Bars: 95 % intervals." if any(one.accuracy.low is not None for one in measured.reliability) else ""
    chart = charts.reliability_chart(measured.reliability, f"Reliability of the highest score. {told}.")
    return (
        f'<section><h3>What a score is worth</h3><div class="lb-worth"><figure>{chart}<figcaption>Dots on the dashed line: a '
        f"score is as often right as it says.{bars} Calibration error {error}, {measured.images} images."
        f"</figcaption></figure><div>{_tiers(measured)}{_bins(measured)}</div></div></section>"
    )


def _tiers(measured: Evaluation) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(tier.name)}</th><td>{100 * tier.at_least:.0f} %</td><td>{tier.images}</td>'
        f"<td>{unbroken(percent(tier.accuracy))}</td></tr>"
        for tier in measured.tiers
    )
    sets = ""
    if held := measured.conformal:
        sizes = ", ".join(f"{number} of {size}" for size, number in enumerate(held.sizes) if number)
        sets = (
            f"<p>A set that should hold the true class in {100 * (1 - held.error_rate):.0f} % of images held it in "
            f"{percent(held.coverage)}. Sets by how many classes they hold: {sizes}.</p>"
        )
    if not rows:
        return sets
    return (
        '<table class="lb-rows"><caption>Confidence, by the highest score</caption><thead><tr><th scope="col">Tier</th>'
        f'<th scope="col">Score from</th><th scope="col">Images</th><th scope="col">Right</th></tr></thead><tbody>{rows}</tbody></table>'
        f"{sets}"
    )


def _bins(measured: Evaluation) -> str:
    rows = "".join(
        f"<tr><td>{100 * one.low:.0f} to {100 * one.high:.0f} %</td><td>{one.images}</td><td>{100 * one.score:.1f} %</td>"
        f"<td>{unbroken(percent(one.accuracy))}</td></tr>"
        for one in measured.reliability
    )
    return (
        '<details><summary>The chart as a table</summary><table class="lb-rows"><thead><tr><th scope="col">Highest score</th>'
        f'<th scope="col">Images</th><th scope="col">Mean</th><th scope="col">Right</th></tr></thead><tbody>{rows}</tbody>'
        "</table></details>"
    )


def _guide(card: ModelCard) -> str:
    """What each class is, with a page that says so."""
    entries = "".join(
        f"<div><dt>{escape(label.title)}</dt><dd>{escape(label.description)}{_source(label.source)}</dd></div>"
        for label in card.labels
    )
    name = "findings" if card.independent else "classes"
    return f'<section><h3>What the {name} are</h3><dl class="lb-guide">{entries}</dl></section>'


def _source(address: str | None) -> str:
    if address is None:
        return ""
    site = escape((urlsplit(address).hostname or "").removeprefix("www."))
    return f' <a href="{escape(address, quote=True)}" target="_blank" rel="noreferrer noopener">{site}</a>'


def _technical(facts: ModelFacts) -> str:
    rows = "".join(f'<tr><th scope="row">{name}</th><td>{escape(value)}</td></tr>' for name, value in technical(facts))
    references = "".join(f"<li>{escape(one)}</li>" for one in facts.card.references)
    return (
        f'<section><h3>Version, weights and command</h3><table class="lb-technical"><tbody>{rows}</tbody></table>'
        f'<h3>References</h3><ul class="lb-list">{references}</ul></section>'
    )


def measuring(done: int, total: int) -> str:
    """How far measuring is."""
    text = f"Reading {done} of {total} images" if done < total else f"Measuring the scores of {total} images"
    return f'<div class="lb-progress" role="status"><label>{text}<progress max="{total}" value="{done}"></progress></label></div>'


def measured_again(facts: ModelFacts, again: Evaluation) -> str:
    """The figures of these images, beside those that ship with the weights where there are any."""
    card, shipped = facts.card, facts.measured
    groups = f"{again.groups} {called(again.groups, 'groups')}"
    where = f"{again.images} images, {groups}, split {again.split} of {again.dataset}, in {again.seconds:.0f} s"
    if shipped is None:
        rows = "".join(_again_row(row.name, "–", row.again, None) for row in compared(again, again, card))
        said = "No shipped figures to compare with."
    else:
        rows = "".join(
            _again_row(row.name, _short(row.shipped), row.again, row.difference)
            for row in compared(shipped, again, card)
        )
        said = verdict(shipped, again, card)
    same = shipped is not None and same_images(shipped, again)
    return (
        f'<section class="lb-again"><p class="{"lb-same" if same else ""}"><b>{escape(said)}</b></p>'
        f'<table class="lb-classes"><thead><tr><th scope="col">Figure</th><th scope="col">Shipped</th>'
        f'<th scope="col">Measured again</th><th scope="col">Difference</th></tr></thead><tbody>{rows}</tbody></table>'
        f'<p class="lb-note">{escape(where)}. {_how(again, "groups")}</p></section>'
    )


def _again_row(name: str, shipped: str, again: Interval, difference: float | None) -> str:
    apart = "–" if difference is None else f"{difference:+.4f}"
    return (
        f'<tr><th scope="row">{escape(name)}</th><td data-name="Shipped">{shipped}</td>'
        f'<td data-name="Again">{_short(again)}</td><td data-name="Difference">{apart}</td></tr>'
    )


def _short(interval: Interval) -> str:
    number, _, rest = plain(interval, 4).partition(" (")
    return f"<b>{number}</b>" + (f" <span>{rest.removesuffix(')')}</span>" if rest else "")


def not_loaded(problems: Iterable[UserError]) -> str:
    """Cards in the folders that could not be read, and why; nothing where all could."""
    rows = "".join(pieces.problem(error) for error in problems)
    return f'<section class="lb-model"><h3>Could not be loaded</h3>{rows}</section>' if rows else ""
