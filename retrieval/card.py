"""The data card of a library, from its manifest alone: what is in it, from where, under which licence, how good."""

from collections.abc import Mapping, Sequence

from retrieval.library import Manifest, Origin, VoteScore
from retrieval.store import LocalStore
from retrieval.types import SYNTHETIC

CARD = "README.md"
_MOST = 30  # values of a fact that are listed


def make_card(store: LocalStore, manifest: Manifest) -> str:
    """Markdown."""
    parts = [
        "# Cases",
        f"{_count(manifest)} as vectors and facts; no image and no sentence of a source is in here. "
        f"{_small(manifest)}Made by `python -m retrieval build` with the encoder `{manifest.encoder.name}` "
        f"({manifest.encoder.digest}), which has to be the one that searches it. This card is written by that command.",
        "## From where, under which licence",
        _origins(store, manifest),
        "A case with a licence or a link of its own says so; these are the others'. `patient` in `cases.jsonl` is a "
        "hash of what the last column names.",
        "## What is known of the cases",
        _facts(store),
        "## How good the vote of the nearest is",
        *_votes("Test images, which are not in the library", manifest.measured.test),
        *_votes("Images of the library that the encoder did not learn from", manifest.measured.leave_one_out),
        "## When nothing is similar",
        "Real queries are images and the words of their facts; strange ones are photographs, patterns and everyday "
        "sentences. Shares are of queries that did not choose the floor.",
        _table(
            ("weight of the image", "floor (cosine)", "real queries that reach it", "strange ones that don't"),
            [
                (f"{one.weight:g}", f"{one.cosine:.3f}", f"{100 * one.kept:.0f} %", f"{100 * one.refused:.0f} %")
                for one in manifest.measured.floors
            ],
        ),
        "## Left out",
        f"{len(manifest.refused)} images: damaged, or the same as another one. `manifest.json` names them.",
    ]
    return "\n\n".join(parts) + "\n"


def _count(manifest: Manifest) -> str:
    made = manifest.datasets.get(SYNTHETIC, _NONE).cases
    return f"{manifest.cases - made:,} public images" + (f" and {made:,} synthetic ones" if made else "")


def _small(manifest: Manifest) -> str:
    if not manifest.datasets.get(SYNTHETIC, _NONE).cases:
        return ""
    return (
        "The synthetic ones, which show nobody, have a small picture each in `cases.jsonl`. They have no vote and are "
        "in no measurement below, only in the counts of facts. "
    )


_NONE = Origin(title="")


def _origins(store: LocalStore, manifest: Manifest) -> str:
    rows = [
        (
            f"`{name}`",
            f"[{origin.title}]({origin.url})" if origin.url else origin.title,
            f"{origin.cases:,}",
            origin.licence,
            origin.group,
        )
        for name, origin in manifest.datasets.items()
    ]
    own = [f"{licence}: {count:,}" for licence, count in store.values("licence").items()]
    return _table(("set", "title", "cases", "licence", "group"), rows) + "\n\nBy licence: " + "; ".join(own) + "."


def _facts(store: LocalStore) -> str:
    rows = []
    for key, values in ((key, store.values(key)) for key in sorted({*store.keys()} - {"licence", "dataset"})):
        shown = ", ".join(f"{value} ({count:,})" for value, count in list(values.items())[:_MOST])
        more = f" and {len(values) - _MOST} more" if len(values) > _MOST else ""
        rows.append((key, f"{sum(values.values()):,}", shown.replace("|", "/") + more))
    return _table(("fact", "cases", "values"), rows)


def _votes(title: str, scores: Mapping[str, VoteScore]) -> list[str]:
    rows = [
        (
            name,
            f"{one.queries:,}",
            "unknown" if one.groups is None else f"{one.groups:,}",
            f"{100 * one.accuracy:.1f} %",
            f"{100 * one.balanced:.1f} %",
            f"{100 * one.majority:.1f} %",
        )
        for name, one in scores.items()
    ]
    header = ("set", "queries", "groups", "right", "mean over classes", "commonest class alone")
    return [f"{title}; cases of the query's own group have no vote.", _table(header, rows)] if rows else []


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
