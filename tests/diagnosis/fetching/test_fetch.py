"""The whole path: from a server, or from a file put in by hand, to a model that reads images."""

import hashlib
import io
import tomllib
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save

from diagnosis.cards import ModelCard, load_card
from diagnosis.errors import BadRequest, Missing
from diagnosis.fetching import Consent, NotAgreed, fetch
from diagnosis.models import Models
from diagnosis.networks import build_network
from diagnosis.study import Study
from settings import ROOT
from tests.diagnosis.fetching.conftest import Published, left_in, offered
from tests.diagnosis.toys import toy_card
from tests.retrieval.serving import CONTENT, Server

READY = ROOT / "weights" / "ready"
NOTHING = Consent()
KEPT = {"theirs.toml", "theirs.safetensors"}


def steps(card: ModelCard, folder: Path, consent: Consent = NOTHING) -> list[str]:
    """What a fetch tells, each step once."""
    return list(dict.fromkeys(progress.step for progress in fetch(card, consent, folder, timeout=5)))


def test_a_fetched_model_reads_images(published: Published, server: Server, tmp_path: Path) -> None:
    assert steps(published.card, tmp_path) == ["downloading", "checking", "converting", "ready"]
    assert left_in(tmp_path) == KEPT
    models = Models(tmp_path)
    classifier = models.classifier("theirs")
    assert classifier.card.cam_layer and models.ready == {}
    network = build_network(published.card.architecture, 1, 2)
    network.load_state_dict(published.tensors)
    batch = torch.rand(1, 1, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(classifier.logits(batch), network.eval()(batch))
    assert steps(published.card, tmp_path) == ["ready"] and server.asked == [None]


def test_of_two_visitors_one_fetches(published: Published, server: Server, tmp_path: Path) -> None:
    server.silent = 0.5
    with ThreadPoolExecutor(2) as visitors:
        told = list(visitors.map(lambda _: steps(published.card, tmp_path), range(2)))
    assert sorted(told) == [["downloading", "checking", "converting", "ready"], ["waiting", "ready"]]
    assert server.asked == [None]


def test_who_leaves_in_the_middle_leaves_what_has_come(published: Published, server: Server, tmp_path: Path) -> None:
    server.cuts = [1_000_000]
    visit = fetch(published.card, Consent(), tmp_path)
    while next(visit).done < 800_000:
        pass
    visit.close()
    have = (tmp_path / "downloads" / "theirs.safetensors.part").stat().st_size
    assert have >= 800_000 and not (tmp_path / "theirs.safetensors").exists()
    assert steps(published.card, tmp_path)[-1] == "ready"
    assert server.asked == [None, f"bytes={have}-"]


def test_another_file_is_not_kept(published: Published, server: Server, tmp_path: Path) -> None:
    right = server.content
    server.content = right[:-1] + b"?"
    with pytest.raises(BadRequest, match=f"has the sha256 {hashlib.sha256(server.content).hexdigest()}, not"):
        steps(published.card, tmp_path)
    assert left_in(tmp_path) == set()
    server.content = right
    assert steps(published.card, tmp_path)[-1] == "ready"


def test_without_a_network_it_says_what_to_get_and_where_to_put_it(
    published: Published, server: Server, tmp_path: Path
) -> None:
    server.failures = [404]
    with pytest.raises(Missing) as missing:
        steps(published.card, tmp_path)
    source = published.card.download
    assert source and "404" in missing.value.problem
    for told in (server.url, str(source.sha256), f"{tmp_path / 'theirs.safetensors'}", "weights fetch theirs"):
        assert told in missing.value.remedy
    (tmp_path / "theirs.safetensors").write_bytes(server.content)
    assert steps(published.card, tmp_path) == ["checking", "converting", "ready"]
    assert len(server.asked) == 1


def test_a_digest_that_nobody_publishes_is_confirmed_once(published: Published, server: Server, tmp_path: Path) -> None:
    card = offered(published.card, server, sha256=None, published=None)
    found = hashlib.sha256(server.content).hexdigest()
    with pytest.raises(NotAgreed, match="No sha256 is published") as asked:
        steps(card, tmp_path)
    assert asked.value.sha256 == found and left_in(tmp_path) == {"downloads/theirs.safetensors"}
    with pytest.raises(BadRequest, match=f"not {'0' * 64}"):
        steps(card, tmp_path, Consent(sha256="0" * 64))
    assert steps(card, tmp_path, Consent(sha256=found))[-1] == "ready"
    kept = load_card(tmp_path / "theirs.toml")
    assert kept.download and kept.download.sha256 == found and "confirmed" in str(kept.download.published)


def test_weights_that_do_not_fit_are_named(published: Published, server: Server, tmp_path: Path) -> None:
    server.content = save(published.tensors | {"classifier.weight": torch.zeros(5, 1024)})
    with pytest.raises(BadRequest, match=r"classifier\.weight is 5 × 1024, not 2 × 1024"):
        steps(offered(published.card, server), tmp_path)
    assert not KEPT & left_in(tmp_path)


def test_a_server_without_the_file_of_the_card(published: Published, server: Server, tmp_path: Path) -> None:
    server.content = CONTENT
    with pytest.raises(BadRequest, match="700,000 bytes, not"):
        steps(published.card, tmp_path)
    with pytest.raises(BadRequest, match="is not a safetensors file"):
        steps(offered(published.card, server), tmp_path)
    with pytest.raises(BadRequest, match="its card has no"):
        steps(toy_card(), tmp_path)


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_member_of_an_archive_is_all_that_is_fetched(
    published: Published, server: Server, tmp_path: Path, packing: int
) -> None:
    whole, weights = io.BytesIO(), server.content
    with zipfile.ZipFile(whole, "w", packing) as archive:
        archive.writestr("other.bin", np.random.default_rng(0).bytes(5_000_000))
        archive.writestr("weights/theirs.safetensors", weights)
    card = offered(published.card, server, member="weights/theirs.safetensors")
    server.content = whole.getvalue()
    server.ranges = False
    with pytest.raises(Missing, match="not given in parts"):
        steps(card, tmp_path)
    server.ranges, server.asked = True, []
    assert steps(card, tmp_path)[-1] == "ready"
    assert left_in(tmp_path) == KEPT
    assert all((asked and not asked.startswith("bytes=0-")) or asked == "bytes=0-0" for asked in server.asked)
    missing = offered(published.card, server, member="nothing")
    with pytest.raises(Missing, match="holds no nothing"):
        steps(missing, tmp_path / "other")


def test_the_nine_tissues_from_a_file_of_torch(server: Server, tmp_path: Path) -> None:
    """MedMNIST's own names of tensors, under ``net``, in the old kind of file."""
    card = load_card(READY / "pathmnist.toml")
    torch.manual_seed(0)
    ours = build_network(card.architecture, 3, 9)
    theirs = {
        name.replace("downsample.", "shortcut.").replace("fc.", "linear."): one
        for name, one in ours.state_dict().items()
    }
    content = io.BytesIO()
    torch.save({"net": theirs}, content, _use_new_zipfile_serialization=False)
    server.content, rename = content.getvalue(), card.download.rename if card.download else ()
    assert steps(offered(card, server, format="state-dict", file="theirs.pth", rename=rename), tmp_path)[-1] == "ready"
    classifier = Models(tmp_path).classifier("pathmnist")
    study = Study(np.random.default_rng(0).random((224, 224, 3)))
    with torch.no_grad():
        expected = ours.eval()(
            torch.nn.functional.interpolate(_batch(study), (28, 28), mode="bilinear", antialias=True)
        )
    np.testing.assert_allclose(classifier.predict(study).logits, expected[0], atol=1e-4)


def _batch(study: Study) -> torch.Tensor:
    return (torch.from_numpy(study.pixels.copy()).permute(2, 0, 1)[None] - 0.5) / 0.5


def test_what_no_public_address_is_known_of_is_put_in_by_hand(tmp_path: Path) -> None:
    card = load_card(READY / "rare-neurology.toml")
    with pytest.raises(Missing, match=r"No public address.*rare-neurology\.pth") as missing:
        steps(card, tmp_path)
    assert str(tmp_path / "rare-neurology.pth") in missing.value.remedy


def test_every_ready_card_can_be_read_and_tells_where_its_facts_are_from() -> None:
    cards = {path.stem: load_card(path) for path in READY.glob("*.toml")}
    assert set(cards) == {"torchxrayvision", "pathmnist", "rare-neurology"}
    assert Models(ROOT / "weights").ready.keys() == cards.keys()
    for name, card in cards.items():
        assert card.name == name and card.download and not card.weights
        text = tomllib.loads((READY / f"{name}.toml").read_text("utf-8"))
        assert text["download"].get("sha256") is None or text["download"]["published"]
