"""The arguments by which a command is given an image and a model."""

import argparse
from pathlib import Path

from agents.commands import Settings
from diagnosis.errors import BadRequest
from diagnosis.models import Models
from diagnosis.readers import read_study
from diagnosis.reading import Reading, read


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", type=Path, help="PNG, JPEG, TIFF, WebP, BMP or DICOM file")
    parser.add_argument("--model", required=True, help="name of a card in the weights folder, e.g. chest-xray")
    parser.add_argument("--class", dest="label", help="class to explain; default: the one with the highest score")
    parser.add_argument("--weights", type=Path, help="folder of cards and weights, instead of the usual ones")
    parser.add_argument("--evaluations", type=int, help="forward passes for SHAP; default: LIGHTBOX_SHAP_EVALUATIONS")


def models_of(options: argparse.Namespace, settings: Settings) -> Models:
    """The models of the folder that is named, or of the usual ones. Raises BadRequest."""
    return Models(*([options.weights] if options.weights else settings.model_folders))


def reading_of(options: argparse.Namespace, settings: Settings) -> Reading:
    """The complete reading; the settings hold where the arguments say nothing. Raises UserError."""
    evaluations = settings.shap_evaluations if options.evaluations is None else options.evaluations
    if evaluations < 50:
        raise BadRequest(f"--evaluations {evaluations} is too few.", "Give at least 50.")
    models = models_of(options, settings)
    classifier, record = models.classifier(options.model), models.record(options.model)
    study = read_study(options.image)
    *_, reading = read(
        study,
        classifier,
        label=options.label,
        record=record,
        shap_evaluations=evaluations,
        anatomy=models.anatomy,
        gate=models.check,
    )
    return reading
