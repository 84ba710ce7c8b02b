"""The button that fetches a model: what is agreed to, how far it is, and that the model is offered afterwards."""

import hashlib
from pathlib import Path

import gradio as gr

from diagnosis.models import Models
from diagnosis.ui.fetching import Porter
from tests.diagnosis.fetching.conftest import Published, offered
from tests.retrieval.serving import Server


def porter(folder: Path) -> Porter:
    return Porter(Models(folder / "bundled", folder / "further"))


def test_a_fetched_model_is_offered_at_once(published: Published, tmp_path: Path) -> None:
    own = porter(tmp_path)
    told = [text for text, _ in own.run(published.card, False, "")]
    assert "Downloading: " in told[0] and "<progress max=" in told[0]
    assert "Toy is here." in told[-1] and list(own.models.cards) == ["theirs"]
    assert own.models.classifier("theirs").card.name == "theirs"


def test_a_pickle_is_not_opened_without_consent(published: Published, server: Server, tmp_path: Path) -> None:
    own, card = porter(tmp_path), offered(published.card, server, format="pickle")
    (told,) = [text for text, _ in own.run(card, False, "")]
    assert "pickle" in told and 'role="alert"' in told and not server.asked and not own.models.cards


def test_a_digest_that_nobody_publishes_is_asked_for(published: Published, server: Server, tmp_path: Path) -> None:
    own, card = porter(tmp_path), offered(published.card, server, sha256=None, published=None)
    *_, (told, box) = own.run(card, False, "")
    found = hashlib.sha256(server.content).hexdigest()
    assert found in told and isinstance(box, gr.Textbox) and box.visible
    assert not own.models.cards
    *_, (told, _) = own.run(card, False, f" {found} ")
    assert "is here" in told and list(own.models.cards) == ["theirs"]
