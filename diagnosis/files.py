"""Maps as files: floats with all that is known of them, and a picture with its legend."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin, TiffImagePlugin

from diagnosis.attribution import METHODS, AttributionMap
from diagnosis.cards import ModelCard
from diagnosis.errors import BadRequest
from diagnosis.notices import MAPS_NOTICE, SYNTHETIC_NOTICE
from diagnosis.plates import plate
from diagnosis.render import scale_of
from diagnosis.study import Study

IMAGE_DESCRIPTION = 270  # TIFF tag


def metadata(study: Study, card: ModelCard, one: AttributionMap) -> dict[str, Any]:
    """What a map is, as plain values: enough to compute it again and to compare it by digest."""
    scale = scale_of(one)
    return {
        "schema": "lightbox-map/1",
        "method": one.method,
        "class": one.label,
        "against": one.against,
        "unit": one.unit,
        "model": card.reference,
        "weights_sha256": card.weights.sha256 if card.weights else None,
        "study": study.digest,
        "height": study.size[0],
        "width": study.size[1],
        "cells": list(one.cells.shape),
        "input": one.input.model_dump(),
        "params": dict(one.params),
        "checks": {name: float(value) for name, value in one.checks.items()},
        "seed": one.seed,
        "forward_passes": one.cost.forward,
        "backward_passes": one.cost.backward,
        "seconds": round(one.seconds, 3),
        "drawn_from": scale.low,
        "drawn_to": scale.high,
        "digest": one.digest,
        "notice": MAPS_NOTICE,
    }


def stem_of(one: AttributionMap) -> str:
    """The name of a map's files, without a suffix."""
    return "-".join(
        part for part in (one.method.replace("+", "p"), one.label, one.against and f"not-{one.against}") if part
    )


def save_map(study: Study, card: ModelCard, one: AttributionMap, folder: Path, notes: tuple[str, ...]) -> list[Path]:
    """Write ``.png`` (map on the film, legend, the notes as its text), ``.npz`` and ``.tiff``; returns their paths.

    The NPZ holds ``values`` float32 (H, W), NaN where unseen, ``cells`` float32 (h, w) and ``metadata`` as JSON text;
    the TIFF holds ``values``, 32 bits a pixel, with the same JSON as its description.

    Of a synthetic image the notes begin by saying so. Raises BadRequest where the folder cannot be written.
    """
    notes = (SYNTHETIC_NOTICE, *notes) if study.synthetic else notes
    stem, about = folder / stem_of(one), json.dumps(metadata(study, card, one))
    paths = [stem.with_name(stem.name + suffix) for suffix in (".png", ".npz", ".tiff")]
    try:
        _save_png(plate(study, one, title_of(card, one), notes), paths[0], " ".join(notes), about)
        np.savez_compressed(paths[1], values=one.values, cells=one.cells, metadata=np.array(about))
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[IMAGE_DESCRIPTION] = about
        Image.fromarray(one.values).save(paths[2], tiffinfo=tags, compression="tiff_deflate")
    except OSError as error:
        raise BadRequest(f"Cannot write to {folder}: {error.strerror}.", "Name another folder with --out.") from error
    return paths


def title_of(card: ModelCard, one: AttributionMap) -> str:
    """What a map shows, in one line."""
    title = card.title_of(one.label)
    why = f"{title} and not {card.title_of(one.against).lower()}" if one.against else title
    return f"{METHODS[one.method].title}: {why} ({card.reference})"


def _save_png(image: Image.Image, path: Path, told: str, about: str) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_itxt("Description", told)
    text.add_itxt("Comment", about)
    image.save(path, "PNG", pnginfo=text)
