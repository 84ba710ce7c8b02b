"""``python -m chatbot ask "QUESTION"``: one question and its answer, without the page."""

import argparse
import json
from dataclasses import asdict
from typing import Any, get_args

from agents.llm import LanguageModel
from chatbot.commands import Settings
from chatbot.types import Answer, Evidence, Mode, Wanted

HELP = "answer a medical question from cited evidence"
KINDS = ("library", "document", "web")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("question", help="in quotation marks, e.g. 'How is a collapsed lung treated?'")
    parser.add_argument("--mode", choices=get_args(Mode), default="general", help="for whom; default: general")
    parser.add_argument("--look-in", nargs="+", choices=KINDS, default=KINDS, help="sources; default: all there are")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON and nothing else")


def run(options: argparse.Namespace, settings: Settings) -> str:
    """The answer, with the passages that it cites."""
    from chatbot.answer import Asked, Desk, ask
    from chatbot.documents import Shelf
    from chatbot.sources.documents import DocumentSource
    from chatbot.sources.shared import Shared

    asked = Asked(options.mode, Wanted(frozenset(options.look_in)))
    shared = Shared.of(settings)
    shelf = Shelf(shared.embedder, settings.documents)
    desk = Desk((*shared.sources, DocumentSource(shelf)), shared.judge, LanguageModel.of(settings))
    *_, answer = ask(options.question, desk, asked)
    return json.dumps(as_json(answer), indent=2, ensure_ascii=False) if options.json else _text(answer)


def as_json(answer: Answer) -> dict[str, Any]:
    """An answer as plain values."""
    return {
        "question": answer.question,
        "sent": answer.sent,
        "mode": answer.mode,
        "text": answer.text,
        "urgent": answer.urgent,
        "abstained": answer.abstained,
        "cited": list(answer.cited),
        "sentences": [asdict(one) for one in answer.sentences if one.struck is None],
        "struck": [{"text": one.text, "cites": list(one.cites), "why": one.struck} for one in answer.struck],
        "evidence": [_evidence(at, one) for at, one in enumerate(answer.evidence, 1)],
        "conflicts": [{"between": [one, other], "why": why} for one, other, why in answer.conflicts],
        "written_by": answer.written_by,
        "notes": list(answer.notes),
        "searched": list(answer.searched),
        "usage": answer.usage and {name: getattr(answer.usage, name) for name in ("sent", "received", "cost")},
    }


def _evidence(at: int, one: Evidence) -> dict[str, Any]:
    record = asdict(one) | {"number": at, "id": one.id, "retrieved": one.retrieved and one.retrieved.isoformat()}
    return {name: record[name] for name in ("number", "id", *(name for name in record if name not in ("number", "id")))}


def _text(answer: Answer) -> str:
    lines = [answer.urgent, ""] if answer.urgent else []
    if answer.abstained:
        from chatbot.answer import ABSTENTION

        lines.append(ABSTENTION)
    lines += [answer.text] if answer.text and not answer.abstained else []
    for at in answer.cited:
        one = answer.evidence[at - 1]
        lines.append(f"  [{at}] {one.title}, {one.heading or one.site}" + (f", page {one.page}" if one.page else ""))
        lines += [f"      {each.title}, {each.organisation}: {each.url}" for each in one.references]
        lines += [f"      {one.url}"] if one.kind == "web" else []
    lines += [f"({note})" for note in answer.notes]
    lines += ["Struck:", *(f"  {one.text} ({one.struck})" for one in answer.struck)] if answer.struck else []
    return "\n".join(line for line in lines if line is not None)
