"""What else than disease tells a model's classes apart, as HTML. Pure functions: facts in, a string out."""

from html import escape

from diagnosis.model_facts import plain
from diagnosis.shortcuts import Outside, Separation, Shortcuts


def section(found: Shortcuts | None) -> str:
    """Tables of what tells the two sides of the easiest question apart; nothing where that was not measured."""
    if found is None:
        return ""
    question = escape(found.question.replace("_", " "))
    outside = _outside(found.outside) if found.outside else ""
    return (
        f"<section><h3>What else tells {question}</h3>"
        '<p class="lb-note">Where something that is not disease answers the question as well as the model does, the '
        "model's figure for it proves little.</p>"
        f"{_table('Simple classifiers that see one thing alone', found.probes)}"
        f"{_table('The model itself, shown a part of each image', found.parts)}{outside}"
        f'<p class="lb-note">Measured by <code>{escape(found.command)}</code></p></section>'
    )


def _table(caption: str, rows: tuple[Separation, ...]) -> str:
    cells = "".join(
        f'<tr><th scope="row">{escape(one.name)}<small>{escape(one.how)}</small></th>'
        f"<td>{unbroken(plain(one.auc))}</td><td>{one.images}</td></tr>"
        for one in rows
    )
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("What is seen", "AUC", "Images"))
    return (
        f'<table class="lb-rows lb-else"><caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead>'
        f"<tbody>{cells}</tbody></table>"
    )


def _outside(found: Outside) -> str:
    """How the model does on another collection."""
    groups = {
        name: ", ".join(f"{escape(finding)} {count}" for finding, count in counts.items())
        for name, counts in found.stated.items()
    }
    told = "".join(f"<li><b>{escape(name)}:</b> {counted}</li>" for name, counted in groups.items())
    note = '<p class="lb-note">What its findings count as, and how many films have each:</p>'
    title = f"Films of another collection, {found.dataset}"
    return f'{_table(title, found.separations)}{note}<ul class="lb-list">{told}</ul>'


def unbroken(figure: str) -> str:
    """A figure whose interval stays on one line."""
    return figure.replace(" to ", "\u00a0to\u00a0")
