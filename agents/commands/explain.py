"""``python -m agents explain IMAGE --model MODEL``: a reading in words, without the page."""

import argparse
import json
from typing import Any, get_args

from agents.commands import Output, Settings, image, similar
from agents.llm import LanguageModel
from agents.types import Explanation, Length, Reader
from diagnosis.export import as_record
from diagnosis.reading import Reading

HELP = "tell what a model made of an image, in words that are checked"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    image.add_arguments(parser)
    similar.add_argument(parser)
    parser.add_argument("--reader", choices=get_args(Reader), default="patient", help="for whom; default: patient")
    parser.add_argument("--length", choices=get_args(Length), default="full", help="default: full")
    parser.add_argument("--language", default="en", help="language code such as fr; needs a language model unless en")
    parser.add_argument("--json", action="store_true", help="print the explanation as JSON and nothing else")


def run(options: argparse.Namespace, settings: Settings) -> Output:
    """The words; the note says why they are not as they were asked for."""
    from agents.explain import explain, require_language

    require_language(options.language)
    reading = image.reading_of(options, settings)
    if options.similar:
        reading = reading.beside(similar.opinion_of(settings)(reading))
    chosen = {"reader": options.reader, "length": options.length, "language": options.language}
    *_, explanation = explain(reading, LanguageModel.of(settings), **chosen)
    if not options.json:
        return Output(_text(explanation), explanation.problem)
    record = as_json(explanation, reading)
    return Output(json.dumps(record, indent=2, ensure_ascii=False), explanation.problem)


def as_json(explanation: Explanation, reading: Reading) -> dict[str, Any]:
    """An explanation as plain values, with the findings that it cites."""
    return {
        "text": explanation.text,
        "cited": list(explanation.cited),
        "struck": [{"text": one.text, "cites": list(one.cites), "why": one.struck} for one in explanation.struck],
        "findings": as_record(reading)["findings"],
        "written_by": explanation.written_by,
        "prompt": explanation.prompt,
        "reader": explanation.reader,
        "length": explanation.length,
        "language": explanation.language,
        "rebuilt": explanation.rebuilt,
        "problem": explanation.problem,
        "usage": explanation.usage
        and {name: getattr(explanation.usage, name) for name in ("sent", "received", "cost")},
        "sent": [
            {"at": entry.at.isoformat(), "to": entry.to, "pixels": entry.pixels_sent, "body": entry.body}
            for entry in explanation.ledger.entries
        ],
    }


def _text(explanation: Explanation) -> str:
    lines = [explanation.text]
    if explanation.struck:
        lines += ["", "Struck:", *(f"  {one.cited} ({one.struck})" for one in explanation.struck)]
    if explanation.written_by != "template":
        lines += ["", f"Written by {explanation.written_by}, each sentence checked against the findings."]
    if explanation.usage:
        lines += ["", f"Language model: {explanation.usage.line}."]
    return "\n".join(lines)
