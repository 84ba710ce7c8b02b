"""``python -m diagnosis maps``: maps of one image by any methods, without the page."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from diagnosis.attribution import DEFAULTS, METHODS
from diagnosis.checks import Trust
from diagnosis.classifier import Classifier
from diagnosis.errors import BadRequest
from diagnosis.export import finding_record
from diagnosis.files import metadata, save_map
from diagnosis.findings import Finding
from diagnosis.mapping import Maps, Wanted, explain
from diagnosis.notices import MAPS_NOTICE, NOTICE
from diagnosis.plates import sheet
from diagnosis.render import save_png
from diagnosis.study import Study

SCHEMA = "lightbox-maps/1"


def add_arguments(command: argparse.ArgumentParser) -> None:
    names = ", ".join(METHODS)
    command.add_argument(
        "--methods",
        default=",".join(DEFAULTS),
        help=f"names, with commas between, or all: {names}; default: %(default)s",
    )
    command.add_argument("--against", help="another class: also map why the one and not the other")
    command.add_argument("--checks", action="store_true", help="test each map and give it a badge")
    command.add_argument("--erase", metavar="METHOD", help="erase what this method marks, and read again")
    command.add_argument(
        "--filling", choices=("blur", "inpaint"), default="blur", help="what stands for the erased part"
    )


def wanted_of(options: argparse.Namespace, evaluations: int) -> Wanted:
    """Raises BadRequest where no method is named."""
    named = tuple(METHODS) if options.methods == "all" else tuple(filter(None, options.methods.split(",")))
    if not named:
        raise BadRequest("--methods names no method.", f"Use some of: {', '.join(METHODS)}.")
    return Wanted(
        methods=tuple(name.strip() for name in named),
        label=options.label,
        against=options.against,
        checks=options.checks,
        erase=options.erase,
        filling=options.filling,
        options={"shap": {"evaluations": evaluations}},
    )


def run(study: Study, classifier: Classifier, wanted: Wanted, *, as_json: bool, out: Path | None) -> None:
    """Compute, write the files where a folder is named, and print. ``out`` must exist."""
    shows = sys.stderr.isatty()
    for maps in explain(study, classifier, wanted, _progress if shows else lambda method, done, total: None):
        if shows:
            sys.stderr.write(f"\r{maps.doing:<48}" + ("" if maps.doing else "\n"))
    record = json.dumps(as_record(maps), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    if out:
        _write(maps, record, out)
    sys.stdout.write(record if as_json else told(maps))


def as_record(maps: Maps) -> dict[str, Any]:
    """Everything but the pixels, as plain values."""
    compared = maps.compared
    return {
        "schema": SCHEMA,
        "notice": NOTICE,
        "model": maps.prediction.model,
        "label": maps.label,
        "cautions": list(maps.study.cautions),
        "scores": {
            name: round(float(score), 6)
            for name, score in zip(maps.prediction.labels, maps.prediction.scores, strict=True)
        },
        "present": list(maps.prediction.present) if maps.card.independent else None,
        "maps": [metadata(maps.study, maps.card, one) for one in (*maps.maps, *maps.contrasts)],
        "trust": [_trust(one) for one in maps.trusts],
        "compared": compared
        and {
            "methods": list(compared.methods),
            "rank_correlations": [[_number(value) for value in row] for row in compared.ranks],
            "overlaps": [[_number(value) for value in row] for row in compared.overlaps],
        },
        "erased": maps.erased
        and {
            "share": round(maps.erased.share, 6),
            "filling": maps.erased.filling,
            "changes": [round(float(change), 4) for change in maps.erased.changes],
            "patches": [list(maps.erased.patch_range(at)) for at in range(len(maps.card.labels))],
        },
        "findings": [finding_record(one) for one in maps.findings],
    }


def told(maps: Maps) -> str:
    """The findings, and the matrix of the methods, as text."""
    title = maps.card.title_of(maps.label)
    lines = [f"{maps.card.title} ({maps.prediction.model}): maps for {title.lower()}", ""]
    lines += [
        f"  {METHODS[one.method].title:<22}{_badge(maps, one.method):<24}{one.seconds:6.1f} s, "
        f"{one.cost.forward} passes forward, {one.cost.backward} back"
        for one in maps.maps
    ]
    if maps.compared:
        lines += ["", "Rank correlation above the diagonal, overlap of the top tenths in % below", *_matrix(maps)]
    lines += ["", *(f"  [{one.id}] {one.statement}" for one in maps.findings)]
    return "\n".join([*lines, "", *maps.study.cautions, MAPS_NOTICE, NOTICE, ""])


def about(maps: Maps, method: str, against: str | None = None) -> tuple[Finding, ...]:
    """The findings of one map."""
    own = [one for one in maps.findings if one.method == method and one.kind != "furthest"]
    return tuple(one for one in own if (one.kind == "contrast_place") == (against is not None))


def _badge(maps: Maps, method: str) -> str:
    one = next(each for each in maps.maps if each.method == method)
    if one.is_flat:
        return "flat"
    trust = maps.trust(method)
    return trust.badge if trust and trust.badge else "not tested"


def _matrix(maps: Maps) -> list[str]:
    compared = maps.compared
    if compared is None:
        return []
    count = len(compared.methods)
    lines = ["  " + " " * 24 + "".join(f"{at + 1:>7}" for at in range(count))]
    for row, name in enumerate(compared.methods):
        cells = [
            "–"
            if row == column
            else f"{compared.ranks[row, column]:.2f}"
            if column > row
            else f"{compared.overlaps[row, column]:.0f}"
            for column in range(count)
        ]
        lines.append(f"  {row + 1:>2} {METHODS[name].title:<21}" + "".join(f"{cell:>7}" for cell in cells))
    return lines


def _write(maps: Maps, record: str, folder: Path) -> None:
    try:
        (folder / "maps.json").write_text(record, encoding="utf-8")
        if maps.compared:
            notes = {one.method: _badge(maps, one.method) for one in maps.maps}
            drawn = sheet(maps.study, maps.maps, maps.compared, notes)
            save_png(drawn, folder / "side-by-side.png", maps.study)
    except OSError as error:
        raise BadRequest(f"Cannot write to {folder}: {error.strerror}.", "Name another folder with --out.") from error
    for one in (*maps.maps, *maps.contrasts):
        notes_of = tuple(each.statement for each in about(maps, one.method, one.against))
        save_map(maps.study, maps.card, one, folder, (*notes_of, MAPS_NOTICE))
    if maps.erased and maps.after:
        after = folder / "after-erasing"
        after.mkdir(exist_ok=True)
        save_map(maps.erased.study, maps.card, maps.after, after, (MAPS_NOTICE,))


def _trust(one: Trust) -> dict[str, Any]:
    curves = one.curves
    return {
        "method": one.method,
        "class": one.label,
        "badge": one.badge,
        "reasons": list(one.reasons),
        "beaten_percent": _number(one.beaten),
        "interval": one.interval and [round(edge, 3) for edge in one.interval],
        "references": one.references,
        "centred_percent": _number(one.centred),
        "shuffled": _number(one.shuffled),
        "steady": _number(one.steady),
        "gap_share": _number(one.gap),
        "fractions": list(curves.fractions) if curves else None,
        "deletion": list(curves.deletion) if curves else None,
        "insertion": list(curves.insertion) if curves else None,
        "gain": _number(curves.gain) if curves else None,
        "chance_gain": one.chance_gain and list(one.chance_gain),
        "seconds": round(one.seconds, 3),
    }


def _number(value: float | None) -> float | None:
    return None if value is None or value != value else round(float(value), 4)


def _progress(method: str, done: int, total: int) -> None:
    sys.stderr.write(f"\r{METHODS[method].title}: {done} of {total:<20}")
