"""Whether evidence answers a question, with the bundled library and with passages from elsewhere."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from chatbot.knowledge import load_articles
from chatbot.lay import everyday, plain
from chatbot.refuse import Judge
from chatbot.refuse.background import Background
from chatbot.refuse.judge import NONE
from chatbot.refuse.rules import by_words, missing_code
from chatbot.search import Embedder, Passage
from chatbot.search.meanings import Meanings, build, vocabulary
from chatbot.sources.local import LocalSource
from chatbot.types import Evidence, Wanted
from tests.chatbot.library import ARTICLES, write_article

KNOWLEDGE = Path(__file__).parents[2] / "index" / "knowledge"
QUESTIONS = Path(__file__).parent / "questions" / "development.jsonl"
TEXT = "A small pneumothorax may disappear without treatment. A large one may need a procedure to remove the air."


def page(text: str, title: str = "Pneumothorax", url: str = "https://example.org/1", heading: str = "") -> Evidence:
    return Evidence(title, url, "example.org", text, 0, len(text), "web", heading, score=0.9)


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder()


@pytest.fixture(scope="module")
def library(embedder: Embedder) -> LocalSource:
    return LocalSource(KNOWLEDGE, embedder)


@pytest.fixture(scope="module")
def judge(library: LocalSource) -> Judge:
    return Judge.beside(library)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Passage, ...]:
    folder = tmp_path_factory.mktemp("library")
    for slug, (title, aliases, sections) in ARTICLES.items():
        write_article(folder, slug, title=title, aliases=aliases, sections=sections)
    return tuple(one for article in load_articles(folder) for one in article.passages)


def test_nothing_found_is_not_enough(judge: Judge) -> None:
    verdict = judge.enough("How is a collapsed lung treated?", ())
    assert not verdict.enough and verdict.why == NONE and verdict.score == 0.0


@pytest.mark.parametrize(
    "question",
    [
        "How is a collapsed lung treated?",
        "what happens with a small pneumothorax, does it go away by itself?",
        "WHAT ARE THE SYMPTOMS OF LUNG CANCER?",
        "Is COPD curable?",
        "Which tumours come with Lynch syndrome?",
        "what does a high score in Grad-CAM mean",
    ],
)
def test_what_the_library_says_is_answered(judge: Judge, library: LocalSource, question: str) -> None:
    assert judge.enough(question, library.find(plain(question), Wanted())).enough


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("How well does zelmorafenib work in astrocytoma?", "zelmorafenib"),
        ("Can corvastrazole be taken with a prolactinoma?", "corvastrazole"),
        ("What is the treatment for Ostrander-Kiel pneumonitis?", "Ostrander-Kiel"),
        ("Lung-RADS category 7Z, what follow up?", "category 7z"),
        ("What stage is the bowel cancer of Tomasz Wilk?", "Tomasz"),
        ("Should I divorce my husband because he smokes?", "decision"),
        ("Which drug did the FDA approve yesterday for mesothelioma?", "older"),
        ("Translate 'the scan was clear' into Finnish.", "medicine"),
        ("What does the biopsy of [name] show?", "private"),
    ],
)
def test_rules_refuse_with_their_reason(judge: Judge, library: LocalSource, question: str, why: str) -> None:
    verdict = judge.enough(question, library.find(question, Wanted()))
    assert not verdict.enough and why in verdict.why and verdict.score == 0.0


@pytest.mark.parametrize(
    "question",
    [
        "How long do I boil an egg so that the yolk stays runny?",
        "Which cream helps against psoriasis on the elbows?",
        "Since meningiomas melt away on antibiotics, how long should the course be?",
        "Which football team won the cup?",
    ],
)
def test_what_the_library_does_not_say_is_refused(judge: Judge, library: LocalSource, question: str) -> None:
    verdict = judge.enough(question, library.find(question, Wanted()))
    assert not verdict.enough and verdict.why


def test_the_questions_of_development_are_told_apart(judge: Judge, library: LocalSource) -> None:
    rows = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()][::6]
    right = [
        judge.enough(row["question"], library.find(plain(row["question"]), Wanted())).enough
        == (row["kind"] == "answerable")
        for row in rows
    ]
    assert sum(right) >= 0.9 * len(rows)


def test_passages_from_elsewhere_are_judged_too(judge: Judge) -> None:
    question = "How is a collapsed lung treated?"
    assert judge.enough(question, [page(TEXT)]).enough
    assert not judge.enough("What does a mortgage cost in Vienna?", [page(TEXT)]).enough
    medicine = page("Zelmorafenib slowed the growth of astrocytoma in a trial of 40 people.", "Zelmorafenib")
    assert "zelmorafenib" not in judge.enough("Does zelmorafenib slow the growth of astrocytoma?", [medicine]).why


def test_who_asks_does_not_matter(judge: Judge) -> None:
    asked, found = "How is a collapsed lung treated?", [page(TEXT)]
    introduced = f"My name is [name], born [date of birth]. {asked}"
    assert judge.enough(introduced, found).score == judge.enough(asked, found).score


def test_words_alone_decide_without_an_encoder(small: tuple[Passage, ...]) -> None:
    judge = Judge.of(small)
    found = [page(one.text, one.title, one.url, one.heading) for one in small if one.title == "Pneumothorax"]
    assert judge.enough("What are the symptoms of a pneumothorax?", found).enough
    assert not judge.enough("Which tyres fit a small van in the snow?", found).enough
    assert judge.meanings is None


def test_threads_share_a_judge(judge: Judge) -> None:
    questions = ["How is a collapsed lung treated?", "How do I bake bread?"] * 8
    with ThreadPoolExecutor(8) as pool:
        scores = list(pool.map(lambda one: judge.enough(one, [page(TEXT)]).score, questions))
    assert len(set(scores[::2])) == 1 and len(set(scores[1::2])) == 1 and scores[0] > scores[1]


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("What is grade 3?", None),
        ("what is grade 6", "grade 6"),
        ("BI-RADS 4B?", None),
        ("What about stage iv", None),
        ("Is stage IIIA curable?", "stage iiia"),
        ("It hurts at 3 in the night", None),
    ],
)
def test_grades_that_no_passage_names(question: str, missing: str | None) -> None:
    text = (
        "Grades go from 1 to 4. A tumour of stage 4 has spread. BI-RADS category 4 has parts. It is 10 per cent in 4B."
    )
    assert missing_code(question, [page(text)]) == missing


@pytest.mark.parametrize(
    "question",
    [
        "My husband was diagnosed with a glioblastoma last week. How long do people live?",
        "Should somebody look at my throat?",
        "What two changes must be there to call it an oligodendroglioma today?",
        "Can I have an MRI with a pacemaker?",
        "Would a CT show it?",
    ],
)
def test_rules_leave_ordinary_questions_alone(question: str) -> None:
    assert by_words(question) is None


def test_slips_of_the_keys_are_mended(small: tuple[Passage, ...]) -> None:
    background = Background(small, {"doctor", "doctors"})
    assert background.repaired("pnuemothorax") == "pneumothorax"
    assert background.repaired("docters") == "doctors"
    assert background.repaired("zelmorafenib") == "zelmorafenib"
    assert not background.common("zelmorafenib") and background.common("pyjamas")


def test_names_are_spelt_as_the_library_does() -> None:
    background = Background([Passage("PD-L1 and BI-RADS are names.", 0, 28, "library:x")])
    assert background.spelt("what is PDL1 and birads") == "what is PD-L1 and BI-RADS"
    assert background.named("BIRADS") and not background.named("TI-RADS")


def test_everyday_words_become_the_fields() -> None:
    assert plain("Do Blokes smoke more fags?") == "Do men smoke more cigarettes?"
    assert plain("a scan of the back  passage") == "a scan of the rectum"
    assert plain("filming a documentary") == "filming a documentary"
    assert not everyday() & {"psoriasis", "chickenpox", "insulin"}


def test_meanings_are_kept_in_a_file(small: tuple[Passage, ...], embedder: Embedder, tmp_path: Path) -> None:
    out = tmp_path / "library.meanings.safetensors"
    build(small, out, embedder)
    fresh, stored = Meanings(embedder), Meanings(embedder, out)
    for (spans, rows), (others, kept) in zip(fresh.sentences(small), stored.sentences(small), strict=True):
        assert spans == others and len(rows) == len(spans)
        assert ((rows * kept).sum(1) > 0.99).all()
    words = vocabulary(small)
    assert "glioma" in words and ((fresh.words(words) * stored.words(words)).sum(1) > 0.99).all()
    changed = out.with_name("broken.safetensors")
    changed.write_bytes(b"no tensors")
    again = Meanings(embedder, changed).words(["glioma"])  # computed anew, in a batch of another size
    assert np.allclose(again, fresh.words(["glioma"]), atol=1e-3)
