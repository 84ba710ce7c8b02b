"""The button that fetches a model, and the command that stands where somebody must consent first."""

from pathlib import Path

from diagnosis.models import Models
from diagnosis.ui.fetching import Porter, about, by_command
from tests.diagnosis.fetching.conftest import Published, offered
from tests.retrieval.serving import Server


def porter(folder: Path) -> Porter:
    return Porter(Models(folder / "bundled", folder / "further"))


def test_a_fetched_model_is_offered_at_once(published: Published, tmp_path: Path) -> None:
    own = porter(tmp_path)
    told = list(own.run(published.card))
    assert "Downloading: " in told[0] and "<progress max=" in told[0]
    assert "Toy is here." in told[-1] and list(own.models.cards) == ["theirs"]
    assert own.models.classifier("theirs").card.name == "theirs"


def test_no_visitor_consents_to_a_pickle(published: Published, server: Server, tmp_path: Path) -> None:
    own, card = porter(tmp_path), offered(published.card, server, format="pickle")
    assert by_command(published.card) is None and "<code>" not in about(published.card)
    assert "<code>python -m diagnosis weights fetch theirs --trust-pickle</code>" in about(card)
    (told,) = own.run(card)  # however it was asked for
    assert "pickle" in told and 'role="alert"' in told and not server.asked and not own.models.cards


def test_no_visitor_confirms_a_digest_that_nobody_publishes(
    published: Published, server: Server, tmp_path: Path
) -> None:
    own, card = porter(tmp_path), offered(published.card, server, sha256=None, published=None)
    told = about(card)
    assert "No sha256 is published" in told and "<code>python -m diagnosis weights fetch theirs</code>" in told
    *_, last = own.run(card)
    assert 'role="alert"' in last and not own.models.cards


def test_a_file_without_an_address_is_put_in_by_whoever_runs_the_page(published: Published, server: Server) -> None:
    why, command = by_command(offered(published.card, server, url=None)) or ("", "")
    assert "Put it as theirs.safetensors into the folder that LIGHTBOX_WEIGHTS names." in why
    assert "sha256" not in why and command == "python -m diagnosis weights fetch theirs"


def test_no_visitor_is_told_where_the_server_keeps_its_files(
    published: Published, server: Server, tmp_path: Path
) -> None:
    server.failures += [404] * 9
    *_, gone = porter(tmp_path).run(published.card)
    (tmp_path / "further").rename(tmp_path / "moved")
    (tmp_path / "further").write_text("no folder", encoding="utf-8")
    (unwritable,) = porter(tmp_path).run(published.card)
    for told in (gone, unwritable):
        assert 'role="alert"' in told and str(tmp_path) not in told
    assert "put it there as LIGHTBOX_WEIGHTS/theirs.safetensors" in gone
