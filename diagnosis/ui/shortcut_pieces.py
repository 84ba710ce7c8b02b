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
        f'<tr><th scope="row" title="{escape(one.how, quote=True)}">{escape(one.name)}</th>'
        f"<td>{plain(one.auc)}</td><td>{one.images}</td></tr>"
        for one in rows
    )
    return (
        f'<table class="lb-rows"><caption>{escape(caption)}</caption><thead><tr><th scope="col">What is seen</th>'
        f'<th scope="col">AUC</th><th scope="col">Images</th></tr></thead><tbody>{cells}</tbody></table>'
    )


def _outside(found: Outside) -> str:
    """How the model does on another collection."""
    groups = "; ".join(
        f"{escape(name)}: {', '.join(f'{escape(finding)} {count}' for finding, count in counts.items())}"
        for name, counts in found.stated.items()
    )
    title = f"Films of another collection, {found.dataset}"
    return f'{_table(title, found.separations)}<p class="lb-note">{groups}.</p>'
