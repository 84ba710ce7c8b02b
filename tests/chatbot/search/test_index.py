"""The index: what is found by words, by meaning and by both, and why."""

import threading
from pathlib import Path

import numpy as np
import pytest

from chatbot.knowledge import load_articles
from chatbot.search import Embedder, Hit, Passage, PassageIndex
from chatbot.search.index import Method
from chatbot.search.stored import compute, read, write
from tests.chatbot.library import write_library

METHODS: tuple[Method, ...] = ("bm25", "embeddings", "fused", "reranked")


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder()


@pytest.fixture(scope="module")
def passages(tmp_path_factory: pytest.TempPathFactory) -> list[Passage]:
    articles = load_articles(write_library(tmp_path_factory.mktemp("library")))
    return [passage for article in articles for passage in article.passages]


@pytest.fixture(scope="module")
def index(passages: list[Passage], embedder: Embedder) -> PassageIndex:
    return PassageIndex(passages, embedder)


def _place(hit: Hit) -> tuple[str, str]:
    return hit.passage.url.removeprefix("library:"), hit.passage.heading


@pytest.mark.parametrize(
    ("question", "url", "heading"),
    [
        ("What are the symptoms of a collapsed lung?", "pneumothorax", "Symptoms"),
        ("what does a pneumothorax look like on an x-ray", "pneumothorax", "On a chest X-ray"),
        ("What is a glioma?", "glioma", "What it is"),
        ("How is a glial tumor treated?", "glioma", "Treatment in outline"),
        ("Can looking for lung cancer do harm?", "lung-cancer-screening", "Harms"),
    ],
)
def test_the_section_that_answers_comes_first(index: PassageIndex, question: str, url: str, heading: str) -> None:
    assert _place(index.search(question)[0]) == (url, heading)


def test_without_an_encoder_words_find_it(passages: list[Passage]) -> None:
    hits = PassageIndex(passages).search("What are the symptoms of a collapsed lung?")
    assert _place(hits[0]) == ("pneumothorax", "Symptoms")
    assert not PassageIndex(passages).search("wholly different words")


@pytest.mark.parametrize("method", METHODS)
def test_scores_fall_within_0_and_1(index: PassageIndex, method: Method) -> None:
    scores = [hit.score for hit in index.search("treatment of a brain tumour", 20, method=method)]
    assert scores == sorted(scores, reverse=True) and len(scores) > 1
    assert all(0 <= score <= 1 for score in scores)


def test_a_question_of_another_field_scores_less(index: PassageIndex) -> None:
    near = index.search("What are the symptoms of a glioma?")[0].score
    far = index.search("Which team won the cup in 1998?")
    assert not far or far[0].score < near / 2


def test_a_search_can_be_narrowed(index: PassageIndex) -> None:
    for method in METHODS:
        hits = index.search("symptoms of a pneumothorax", urls={"library:glioma"}, method=method)
        assert {hit.passage.url for hit in hits} <= {"library:glioma"}
    assert index.search("symptoms", urls={"library:glioma"})
    assert not index.search("symptoms", urls=set()) and not index.search("symptoms", urls={"library:absent"})


def test_british_and_american_spelling_are_one(passages: list[Passage]) -> None:
    index = PassageIndex(passages)
    assert [hit.score for hit in index.search("glial tumor")] == [hit.score for hit in index.search("glial tumours")]


def test_the_features_say_why(index: PassageIndex) -> None:
    first, *rest = index.search("What are the symptoms of a collapsed lung?")
    assert (first.features.exact, first.features.named, first.features.heading) == (1, 1, 1)
    assert first.features.coverage == 1 and first.features.cosine > 0.5 and first.features.opening == 0
    other = next(hit for hit in rest if _place(hit) == ("pneumothorax", "What it is"))
    assert other.features.heading == 0 or other.features.heading == -1
    assert index.search("What is a glioma?")[0].features.opening == 1


@pytest.mark.parametrize("question", ["", " ", "?", "the of and", "\x00", "肺癌", "🫁", "a" * 5000, "lung " * 3000])
def test_any_text_is_a_question(index: PassageIndex, question: str) -> None:
    assert all(0 <= hit.score <= 1 for hit in index.search(question))


def test_nothing_and_odd_passages_can_be_indexed(embedder: Embedder) -> None:
    assert PassageIndex([], embedder).search("lung") == []
    odd = [Passage("", 0, 0, "a"), Passage("…", 0, 1, "b"), Passage("lung", 0, 4, "c", "lung", ("",), "")]
    assert PassageIndex(odd, embedder).search("lung")[0].passage.url == "c"
    assert PassageIndex(odd[:2]).search("lung") == []


def test_threads_find_the_same(passages: list[Passage], embedder: Embedder) -> None:
    index = PassageIndex(passages, embedder)
    questions = ["What is a glioma?", "How is screening done?", "symptoms of a collapsed lung"] * 4
    alone = [index.search(question) for question in questions]
    together: list[list[Hit] | None] = [None] * len(questions)

    def ask(at: int) -> None:
        together[at] = index.search(questions[at])

    threads = [threading.Thread(target=ask, args=(at,)) for at in range(len(questions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(alone, together, strict=True):
        assert other is not None
        assert [hit.passage for hit in one] == [hit.passage for hit in other]


def test_many_passages_are_searched_by_a_graph_that_finds_the_nearest() -> None:
    from chatbot.search import semantic

    rows = np.random.default_rng(1).standard_normal((semantic.EXACT + 500, 16), np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    many = semantic.Semantic(rows.astype(np.float16))
    found = many.nearest(rows[7], 10)
    assert found[0] == 7 and len(found) == 10
    assert len(set(found) & set(np.argsort(-(rows @ rows[7]))[:10].tolist())) >= 8


def test_stored_vectors_are_used_where_they_fit(passages: list[Passage], embedder: Embedder, tmp_path: Path) -> None:
    vectors = compute(passages, embedder)
    assert vectors.dtype == np.float16
    write(tmp_path / "some.safetensors", passages[:3], vectors[:3], embedder.digest)
    known = read(tmp_path / "some.safetensors", embedder.digest)
    assert list(known) == [passage.key for passage in passages[:3]]
    told: list[tuple[int, int]] = []
    again = compute(passages, embedder, known, lambda done, of: told.append((done, of)))
    assert told[-1] == (len(passages) - 3, len(passages) - 3)
    np.testing.assert_allclose(again.astype(np.float32), vectors.astype(np.float32), atol=2e-3)


def test_vectors_of_another_model_and_damaged_ones_are_refused(
    passages: list[Passage], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "some.safetensors"
    assert read(file, "a") == {} and "there is no some.safetensors" in caplog.text
    write(file, passages[:1], np.ones((1, 4), np.float16), "a")
    assert len(read(file, "a")) == 1
    assert read(file, "b") == {} and "another embedding model" in caplog.text
    file.write_bytes(file.read_bytes()[:20])
    assert read(file, "a") == {} and "can't be read" in caplog.text
