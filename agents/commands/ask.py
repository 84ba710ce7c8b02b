"""``python -m agents ask IMAGE --model MODEL "QUESTION"``: one question about a reading, without the page."""

import argparse
import json
from typing import Any

from agents.commands import Output, Settings, image, similar
from agents.llm import LanguageModel
from agents.turns import Turn
from diagnosis.export import as_record

HELP = "answer a question about what a model made of an image"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    image.add_arguments(parser)
    parser.add_argument("question", help="in quotation marks, e.g. 'Why not viral pneumonia?'")
    parser.add_argument("--language", default="en", help="language code such as fr; needs a language model unless en")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON and nothing else")


def run(options: argparse.Namespace, settings: Settings) -> Output:
    """The answer; the note says how it came about where that is not as it was asked for."""
    from agents.explain import require_language
    from agents.followup import ask, require_question
    from agents.tools import Aids
    from diagnosis.laboratory import Laboratory

    require_question(options.question)
    require_language(options.language)
    reading = image.reading_of(options, settings)
    laboratory = Laboratory(image.models_of(options, settings).classifier)
    model, aids = LanguageModel.of(settings), Aids(similar.opinion_of(settings), laboratory)
    *_, turn = ask(options.question, reading, model, language=options.language, aids=aids)
    text = json.dumps(as_json(turn), indent=2, ensure_ascii=False) if options.json else _text(turn)
    return Output(text, turn.note)


def as_json(turn: Turn) -> dict[str, Any]:
    """A turn as plain values, with all findings that it may cite."""
    return {
        "question": turn.question,
        "text": turn.text,
        "cited": list(turn.cited),
        "struck": [{"text": one.text, "cites": list(one.cites), "why": one.struck} for one in turn.struck],
        "steps": [
            {
                "tool": step.tool,
                "arguments": dict(step.arguments),
                "findings": [one.id for one in step.findings],
                "error": step.error,
            }
            for step in turn.steps
        ],
        "findings": as_record(turn.reading)["findings"],
        "written_by": turn.written_by,
        "language": turn.language,
        "note": turn.note,
        "usage": turn.usage and {name: getattr(turn.usage, name) for name in ("sent", "received", "cost")},
        "sent": [
            {"at": entry.at.isoformat(), "to": entry.to, "pixels": entry.pixels_sent, "body": entry.body}
            for entry in turn.sent.entries
        ],
    }


def _text(turn: Turn) -> str:
    lines = [f"({step.called})" for step in turn.steps]
    lines += [one.cited for one in turn.sentences if one.struck is None]
    if turn.struck:
        lines += ["", "Struck:", *(f"  {one.cited} ({one.struck})" for one in turn.struck)]
    if turn.written_by != "template":
        counted = f" ({turn.usage.line})" if turn.usage else ""
        lines += ["", f"Written by {turn.written_by}{counted}, each sentence checked against the findings."]
    return "\n".join(lines)
