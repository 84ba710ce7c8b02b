"""The reranker's weights, chosen: ``python -m benchmarks.medquad --choose``.

Three kinds of questions: those of MedQuAD about one half of the focus names; those that the library's headings answer,
asked by its titles and other names; and questions in people's own words with the articles that answer them, and some
that none does. The order is learned by the softmax of the right passages among the candidates, the trust by a logistic
regression that tells a question whose pages are in the index from one whose pages are not.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import tomlkit
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmarks.medquad import Collection, Pair
from chatbot.knowledge import load_articles
from chatbot.lay import plain
from chatbot.search import Embedder, Passage, PassageIndex
from chatbot.search.index import RERANKED, Candidates
from chatbot.search.rerank import WEIGHTS, Features, Trust, Weights, intents
from chatbot.search.stored import compute, read
from chatbot.search.terms import terms

Values = NDArray[np.float64]
ASKED = {
    "symptoms": "What are the symptoms of {}?",
    "causes": "What causes {}?",
    "treatment": "How is {} treated?",
    "tests": "How is {} diagnosed?",
    "risk": "Who is at risk of {}?",
    "outlook": "What is the outlook for {}?",
    "stages": "What are the stages of {}?",
    "prevention": "How can {} be prevented?",
    "picture": "What does {} look like on an X-ray?",
    "limits": "What are the limits of {}?",
    "complications": "What harm can {} do?",
}
SHARES = {"medquad": 1.0, "library": 1.0, "people": 4.0}  # what each kind of question counts; few are in people's words
MODEST = 0.01  # how dear large weights are
WORDS_ALONE = ("cosine",)  # what is not known without an encoder


@dataclass(frozen=True)
class Example:
    """A question's candidates: features (N, F), which are right at each level, and those where none can be right."""

    found: Values
    right: tuple[NDArray[np.bool_], ...]
    absent: Values


def choose(collection: Collection, library: Path, questions: Path) -> str:
    """Choose, write ``weights.toml``, and say what was chosen."""
    kinds = {"medquad": _medquad(collection), **_library(library, questions, collection.embedder)}
    chosen = {"both": _fit(kinds, ()), "words": _fit(kinds, WORDS_ALONE)}
    text = tomlkit.dumps({name: _table(weights) for name, weights in chosen.items()})
    WEIGHTS.write_text(f"# Found by python -m benchmarks.medquad --choose.\n{text}", "utf-8")
    return f"{', '.join(f'{len(each)} of {kind}' for kind, each in kinds.items())}\n\n{text}"


def _table(weights: Weights) -> dict[str, object]:
    order, trust = weights.order._asdict(), weights.trust._asdict()
    return {
        "start": round(weights.start, 2),
        "order": {name: round(value, 2) for name, value in order.items()},
        "trust": {name: round(value, 2) for name, value in trust.items()},
    }


def _candidates(index: PassageIndex, question: str, urls: set[str] | None = None) -> tuple[list[Passage], Values]:
    among = None if urls is None else index.numbers(urls)
    candidates = Candidates(index, question, among)
    order, fused = candidates.ordered("fused")
    known = candidates.features(order[:RERANKED], fused)
    rows = np.array([features for _, features in known], np.float64).reshape(-1, len(Features._fields))
    return [index.passages[at] for at, _ in known], rows


def _example(
    index: PassageIndex, question: str, rights: Sequence[Callable[[Passage], bool]], without: set[str]
) -> Example:
    passages, found = _candidates(index, question)
    absent = _candidates(index, question, {passage.url for passage in index.passages} - without)[1]
    return Example(found, tuple(np.array([right(one) for one in passages], bool) for right in rights), absent)


def _medquad(collection: Collection) -> list[Example]:
    pages: dict[str, set[str]] = defaultdict(set)
    for pair in collection.pairs:
        pages[pair.focus.lower()].add(pair.url)
    examples = []
    for pair in collection.pairs:
        if pair.chosen_on:
            rights = (partial(_of_page, pair), partial(_of_answer, collection, pair))
            examples.append(_example(collection.index, pair.question, rights, pages[pair.focus.lower()] | {pair.url}))
    return examples


def _of_page(pair: Pair, passage: Passage) -> bool:
    return passage.url == pair.url


def _of_answer(collection: Collection, pair: Pair, passage: Passage) -> bool:
    return collection.answer(passage) == pair.id


def _library(folder: Path, questions: Path, embedder: Embedder) -> dict[str, list[Example]]:
    articles = load_articles(folder)
    passages = [passage for article in articles for passage in article.passages]
    known = read(folder.with_suffix(".safetensors"), embedder.digest)
    index = PassageIndex(passages, embedder, compute(passages, embedder, known))
    asked = []
    for article in articles:
        names = (article.title, *article.aliases)
        for at, passage in enumerate(article.passages):
            if wording := _wording(passage.heading, at):
                question = wording.format(names[(at + len(article.slug)) % len(names)])
                rights = (
                    lambda one, url=article.url: one.url == url,
                    lambda one, place=(passage.url, passage.start): (one.url, one.start) == place,
                )
                asked.append(_example(index, question, rights, {article.url}))
    return {"library": asked, "people": _people(index, questions)}


def _wording(heading: str, at: int) -> str | None:
    """A question that a section of this heading answers."""
    if at == 0 and heading.lower().startswith("what"):
        return "What is {}?"
    said = set(terms(heading))
    return next((wording for name, wording in ASKED.items() if intents()[name] & said), None)


def _people(index: PassageIndex, questions: Path) -> list[Example]:
    if not questions.is_file():
        return []
    examples = []
    for line in questions.read_text("utf-8").splitlines():
        asked = json.loads(line)
        passages, found = _candidates(index, plain(asked["question"]))
        urls = {f"library:{slug}" for slug in asked.get("articles", ())}
        if urls:
            examples.append(Example(found, (np.array([one.url in urls for one in passages]),), found[:0]))
        else:
            examples.append(Example(found[:0], (), found))
    return examples


def _fit(kinds: dict[str, list[Example]], unknown: Sequence[str]) -> Weights:
    held = [(example, SHARES[kind] / len(each)) for kind, each in kinds.items() for example in each]
    names = Features._fields
    bounds = [(0.0, 0.0 if name in unknown else None) for name in names]
    found = minimize(_disorder, np.ones(len(names)), args=(held,), jac=True, method="L-BFGS-B", bounds=bounds)
    order = Features(*(float(one) for one in found.x))
    values = [
        (_trust(rows, order), present, share)
        for example, share in held
        for rows, present in ((example.found, True), (example.absent, False))
        if len(rows)
    ]
    limits = [(0.0, 0.0 if name in unknown else None) for name in Trust._fields]
    start = np.zeros(len(limits) + 1)
    told = minimize(_doubt, start, args=(values,), method="L-BFGS-B", bounds=[*limits, (None, None)]).x
    return Weights(order, Trust(*(float(one) for one in told[:-1])), float(told[-1]))


def _trust(rows: Values, order: Features) -> Values:
    best = rows[np.argsort(-(rows @ np.array(order)), kind="stable")]
    return np.array(Trust.of([Features(*row) for row in best.tolist()]))


def _disorder(weights: Values, held: Sequence[tuple[Example, float]]) -> tuple[float, Values]:
    """Minus the logarithm of the softmax of the right candidates, and its gradient."""
    loss, slope = MODEST * float(weights @ weights), 2 * MODEST * weights
    for example, share in held:
        if not len(example.found):
            continue
        totals = example.found @ weights
        chances = np.exp(totals - totals.max())
        chances /= chances.sum()
        for right in example.right:
            if right.any():
                hit = chances * right
                loss -= share * float(np.log(hit.sum()))
                slope = slope - share * (example.found.T @ (hit / hit.sum() - chances))
    return loss, slope


def _doubt(weights: Values, values: Sequence[tuple[Values, bool, float]]) -> float:
    """The logistic loss of trust in what is there, and in what is not."""
    told = np.array([value for value, _, _ in values]) @ weights[:-1] + weights[-1]
    signs = np.array([1 if present else -1 for _, present, _ in values])
    return float(np.array([share for *_, share in values]) @ np.logaddexp(0, -signs * told)) + 1e-3 * float(
        weights[:-1] @ weights[:-1]
    )
