"""Lightbox: settings → models → page → launch."""

import os
import sys

# Read by the libraries when they are imported: no telemetry, no look-ups, nothing of a visit kept in the browser.
os.environ.update(
    GRADIO_ANALYTICS_ENABLED="False", GRADIO_RUN_HISTORY="False", HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1"
)
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from functools import partial
from importlib import import_module
from pathlib import Path

import gradio as gr
import torch

from agents.llm import LanguageModel
from agents.ui import Writer, ask_panel, words_panel
from chatbot.context import reading_evidence
from chatbot.feedback import Feedback
from chatbot.sources.shared import Shared
from chatbot.types import Evidence
from chatbot.ui import Clerk, ask_tab
from diagnosis.errors import UserError
from diagnosis.kept import FOLDER, Kept
from diagnosis.models import Models
from diagnosis.notices import NOTICE
from diagnosis.reading import Reading
from diagnosis.tabs import load_tabs
from diagnosis.ui import Built, Desk, reading_tab
from diagnosis.ui.models import models_tab
from diagnosis.ui.synthetic import synthetic_tab
from retrieval.shared import Cases
from retrieval.ui import neighbours_panel, similar_tab
from settings import Settings, load_settings

PAGE = Path(__file__).parent / "page"
UPLOADS_KEPT = (60, 120)  # seconds: how often the folder of uploads is swept, and how old a file is when it goes
REST = 0.02  # seconds between two looks for work; Gradio's own 0.001 takes 6 % of a core while nobody is there
SANS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "DejaVu Sans", "sans-serif"]
HEADER = f"""<header class="lb-header"><h1>Lightbox</h1>
<p>See what a model makes of a medical image, and what it looked at.</p>
<p class="lb-notice">{NOTICE}</p><button id="lb-theme" type="button">Light or dark</button></header>"""


def build(settings: Settings) -> gr.Blocks:
    """The page. State belongs to a visitor; what visitors send is deleted from disk within minutes."""
    models, language_model = Models(*settings.model_folders), LanguageModel.of(settings)
    cases = Cases(settings.retrieval_model, settings.cases, settings.own_cases, settings.cases_url)
    writer, near = Writer(language_model, cases.findings, models), partial(neighbours_panel, cases=cases)
    clerk = Clerk(Shared.of(settings), language_model, Feedback(settings.feedback), as_evidence)
    with gr.Blocks(title="Lightbox", analytics_enabled=False, delete_cache=UPLOADS_KEPT) as page:
        gr.HTML(HEADER, padding=False)
        tabs, readings = load_tabs(PAGE / "tabs.toml", settings.examples), dict[str, Built]()
        kept = Kept(settings.examples / FOLDER)
        with gr.Tabs(overflow_behavior="wrap"):
            for tab in tabs:
                with gr.Tab(tab.title):
                    desk = Desk(tab, models, settings.shap_evaluations, settings.test_maps, tabs, kept)
                    words, ask = partial(words_panel, writer=writer), partial(ask_panel, writer=writer)
                    built = reading_tab(desk, words, ask, near)
                    readings |= {tab.title: built} if built is not None else {}
            with gr.Tab("Similar cases") as similar:
                similar_tab(cases, [tab.examples[0] for tab in tabs if tab.examples], similar.select)
            synthetic_tab(models, tabs, settings.bundled)
            with gr.Tab("Ask"):
                ask_tab(clerk, readings)
            models_tab(models, local=settings.local)
    return page


def as_evidence(reading: Reading) -> Evidence:
    """A reading as something that an answer may cite."""
    return reading_evidence(reading.card.title_of(reading.label), reading.prediction.model, reading.findings)


def serve(settings: Settings) -> None:
    """Open the page, and keep it open until the process is stopped."""
    torch.set_num_threads(settings.threads or torch.get_num_threads())
    print(f"Lightbox listens on http://{settings.host}:{settings.port}", flush=True)
    page = build(settings).queue(max_size=32)
    page._queue.sleep_when_free = REST
    page.launch(
        server_name=settings.host,
        server_port=settings.port,
        theme=gr.themes.Base(primary_hue="blue", neutral_hue="gray", font=SANS, font_mono="monospace"),
        css_paths=PAGE / "page.css",
        js=(PAGE / "page.js").read_text("utf-8"),
        max_file_size=f"{settings.max_upload_mb}mb",
        run_history=False,
        state_session_capacity=200,
        footer_links=[],
        ssr_mode=False,
        share=False,
        quiet=True,
        prevent_thread_lock=True,
    )
    import_module("diagnosis.networks")  # takes seconds, for which the first image need not wait any more
    page.block_thread()


if __name__ == "__main__":
    try:
        serve(load_settings())
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        sys.exit(f"error: {error}\nIs Lightbox open already? Set LIGHTBOX_PORT to open it elsewhere.")
