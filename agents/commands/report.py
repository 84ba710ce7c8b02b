"""``python -m agents report IMAGE --model MODEL --out FOLDER``: a report as PDF, JSON and Markdown."""

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from agents.commands import Output, Settings, image, similar
from agents.llm import LanguageModel
from agents.types import Length, Reader

HELP = "write a report of an image: PDF, JSON and Markdown"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    image.add_arguments(parser)
    similar.add_argument(parser)
    parser.add_argument("--reader", choices=get_args(Reader), default="patient", help="for whom; default: patient")
    parser.add_argument("--length", choices=get_args(Length), default="full", help="default: full")
    parser.add_argument("--language", default="en", help="language code such as fr; needs a language model unless en")
    parser.add_argument("--out", type=Path, required=True, help="folder for report.pdf, report.json and report.md")


def run(options: argparse.Namespace, settings: Settings) -> Output:
    """The files' paths; the note says why the words are not as they were asked for."""
    from agents.explain import explain, require_language
    from agents.report.files import write_report

    require_language(options.language)
    reading = image.reading_of(options, settings)
    if options.similar:
        reading = reading.beside(similar.opinion_of(settings)(reading))
    chosen = {"reader": options.reader, "length": options.length, "language": options.language}
    *_, explanation = explain(reading, LanguageModel.of(settings), **chosen)
    paths = write_report(reading, explanation, datetime.now(UTC), options.out)
    return Output("\n".join(map(str, paths)), explanation.problem)
