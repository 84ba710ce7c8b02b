"""``python -m agents verify REPORT --image FILE``: is a report what the image and the weights say?"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from agents.commands import Output, Settings, similar

HELP = "read a report's image again and say what differs"
DIFFERS = 1  # exit code
SHOWN = 20  # differences that are printed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("report", type=Path, help="report.json, as the report command wrote it")
    parser.add_argument("--image", type=Path, required=True, help="the image that the report is said to be about")
    parser.add_argument("--weights", type=Path, help="folder of cards and weights, instead of the usual ones")
    parser.add_argument("--json", action="store_true", help="print the differences as JSON and nothing else")


def run(options: argparse.Namespace, settings: Settings) -> Output:
    """Exit code 0 for a report that is confirmed, 1 for one that is not."""
    from agents.report.record import load_report
    from agents.verify import verify
    from diagnosis.models import Models

    report = load_report(options.report)
    witness = similar.witness_of(settings, report.library)
    models = Models(*([options.weights] if options.weights else settings.model_folders))
    differences = verify(report, options.image, models, witness.opinion)
    code = DIFFERS if differences else 0
    vote = f"The vote of similar cases was not checked. {witness.absent}" if witness.absent else ""
    tests = "The tests of the maps were not repeated: they are as recorded." if report.tests else ""
    unchecked = " ".join(filter(None, (vote, tests))) or None
    if options.json:
        told = [asdict(one) for one in differences]
        record = {"same": not differences, "differences": told, "unchecked": unchecked}
        return Output(json.dumps(record, indent=2, ensure_ascii=False), exit_code=code)
    if not differences:
        confirmed = "The report is confirmed: a second reading says the same."
        return Output(f"{confirmed}\n{unchecked}" if unchecked else confirmed)
    count = "1 difference" if len(differences) == 1 else f"{len(differences)} differences"
    lines = [f"{count}:", *(f"  {one}" for one in differences[:SHOWN])]
    if len(differences) > SHOWN:
        lines.append(f"  and {len(differences) - SHOWN} more, which --json lists")
    lines += [unchecked] if unchecked else []
    return Output("\n".join(lines), exit_code=code)
