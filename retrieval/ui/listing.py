"""The list of the visitor's own cases, and what an import changed among them, as HTML."""

from html import escape

from retrieval.library import Record
from retrieval.mine import Changes, MyCases
from retrieval.ui import pieces
from retrieval.ui.finder import own_picture
from retrieval.ui.visit import Visit

SHOWN = 60  # own cases that are listed


def changed(changes: Changes) -> str:
    """What an import did, and what could not be used."""
    counts = ((len(changes.added), "added"), (len(changes.edited), "edited"), (len(changes.deleted), "deleted"))
    done = ", ".join(f"{count} {what}" for count, what in counts if count) or "Nothing changed"
    left = "".join(f"<li>{escape(one)}</li>" for one in changes.refused[:20])
    more = f"<li>and {len(changes.refused) - 20} more</li>" if len(changes.refused) > 20 else ""
    return pieces.note(f"{done}.") + (f'<p>Left out:</p><ul class="lb-references">{left}{more}</ul>' if left else "")


def listing(visit: Visit, mine: MyCases | None) -> str:
    """Every own case with its buttons."""
    records = mine.records() if mine is not None else []
    if not records:
        return pieces.note("You keep no cases here.")
    rows = "".join(_row(record, own_picture(visit, record.id)) for record in records[:SHOWN])
    more = pieces.note(f"and {len(records) - SHOWN} more, in the export") if len(records) > SHOWN else ""
    return f'<ul class="lb-own">{rows}</ul>{more}'


def _row(record: Record, picture: str | None) -> str:
    case = record.case
    facts = " · ".join(f"{key} {value}" for key, value in case.facts.items())
    buttons = "".join(
        f'<button type="button" data-act="{act}" data-case="{escape(case.id, quote=True)}" '
        f'aria-label="{title}: {escape(pieces.called(case), quote=True)}">{title}</button>'
        for act, title in (("edit", "Edit"), ("delete", "Delete"))
    )
    return (
        f"<li>{pieces.thumb(case, picture)}<div><b>{escape(pieces.called(case))}</b>"
        f'<p class="lb-note">{escape(facts)}{pieces.link(case.url, " · link")}</p></div>'
        f'<div class="lb-acts">{buttons}</div></li>'
    )
