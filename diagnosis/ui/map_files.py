"""The maps of a reading as files to keep: they are made on request, and no copy stays here."""

import base64
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gradio as gr

from diagnosis.attribution import METHODS, AttributionMap
from diagnosis.errors import UserError
from diagnosis.files import save_map
from diagnosis.notices import MAPS_NOTICE
from diagnosis.reading import Reading
from diagnosis.ui import pieces

KINDS = {
    ".png": ("PNG", "image/png", "The map on the film, with its legend and findings."),
    ".npz": ("NPZ", "application/octet-stream", "Values, cells and all that is known of them, for NumPy."),
    ".tiff": ("TIFF", "image/tiff", "Values, 32 bits a pixel."),
}


def made(reading: Reading | None) -> str:
    """Links to a PNG, an NPZ and a TIFF of each map of the explained class."""
    if reading is None:
        return '<p class="lb-note">Put in an image first.</p>'
    own = [one for one in reading.maps if one.label == reading.label]
    try:
        with TemporaryDirectory() as folder:
            rows = "".join(_row(reading, one, Path(folder)) for one in own)
    except UserError as error:
        return pieces.problem(error)
    return f'<ul class="lb-files">{rows}</ul>'


def _row(reading: Reading, one: AttributionMap, folder: Path) -> str:
    said = [draft.statement for draft in reading.findings if (draft.label, draft.method) == (one.label, one.method)]
    paths = save_map(reading.study, reading.card, one, folder, (*said, MAPS_NOTICE))
    links = " ".join(_link(path) for path in paths)
    return f"<li>{METHODS[one.method].title}: {links}</li>"


def _link(path: Path) -> str:
    content = path.read_bytes()
    name, kind, how = KINDS[path.suffix]
    address = f"data:{kind};base64,{base64.b64encode(content).decode()}"
    size = f"{len(content) / 1e6:.1f} MB" if len(content) >= 1e5 else f"{len(content) / 1e3:.0f} kB"
    return f'<a class="lb-download" download="{path.name}" title="{how}" href="{address}">{name}</a> ({size})'


def map_files(chosen: gr.State, events: dict[str, Any]) -> None:
    """Build it inside the current Blocks.

    Args:
        chosen: the state that holds the reading about the class that the visitor chose.
    """
    button = gr.Button("Make files of these maps", visible=False, size="sm", elem_classes=["lb-8", "lb-slim"])
    shown = gr.HTML(elem_classes="lb-8")
    event = button.click(made, chosen, shown, **events)
    event.failure(lambda: pieces.fault("Making the files", "Press the button again"), None, shown, **events)

    def follow(reading: Reading | None) -> tuple[str, gr.Button]:
        """Files of one image or class do not stand beside another."""
        return "", gr.Button(visible=reading is not None and reading.pending is None)

    chosen.change(follow, chosen, [shown, button], **events)
