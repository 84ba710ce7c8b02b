"""The examples of a tab as a strip of small pictures, each a button."""

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

import gradio as gr

from diagnosis.examples import Example

TWO_ROWS = 6  # from so many examples on
LEAD = "Or click an example"
CHOOSING = """element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-example]");
  if (button) trigger("select", {...button.dataset});
});"""
"""Tells Python which example was clicked."""


def drawn(examples: Sequence[Example]) -> str:
    """Nothing where there are no examples."""
    if not examples:
        return ""
    rows = " lb-double" if len(examples) >= TWO_ROWS else ""
    shown = "".join(map(_button, examples))
    return f'<p class="lb-note">{LEAD}</p><div class="lb-shelf{rows}" role="group" aria-label="{LEAD}">{shown}</div>'


def example_strip(examples: Sequence[Example], shown: Sequence[Example]) -> gr.HTML:
    """Build it inside the current Blocks.

    Args:
        examples: all that may ever be shown, whose pictures are served from where they are: Gradio's copies are swept.
        shown: those that are shown at first.
    """
    gr.set_static_paths([one.picture for one in examples])
    return gr.HTML(drawn(shown), js_on_load=CHOOSING, elem_classes="lb-3")


def _button(example: Example) -> str:
    caption = escape(example.caption, quote=True)
    picture = f"gradio_api/file={quote(str(example.picture.resolve()))}"
    return (
        f'<button type="button" class="lb-example" data-example="{escape(example.name, quote=True)}" title="{caption}">'
        f'<img src="{picture}" alt="{caption}" loading="lazy"><span aria-hidden="true">{caption}</span></button>'
    )
