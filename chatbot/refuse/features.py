"""What can be said, in numbers, of how evidence fits a question."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from chatbot.refuse.asked import Asked, details
from chatbot.refuse.background import Background, meaningful
from chatbot.search.embed import Vectors
from chatbot.search.meanings import Meanings
from chatbot.search.terms import term
from chatbot.types import Evidence
from chatbot.words import sentences, words

READ = 5  # passages that are weighed
DETAILED = 4  # nearest sentences whose passages must hold a detail that is asked for
SPELT = r"two|three|four|five|six|seven|eight|nine|ten|twelve|half|third|quarter|few|several|once|twice|dozen|hundred"
_NUMBER = re.compile(rf"\d|\b(?:{SPELT})\b")
_COUNTED = re.compile(r"\bhow (?:many|much) ((?:[a-z-]+ ?){1,2})")
FLAT = 0.6  # how much a word of a title counts for each sentence below it


@dataclass(frozen=True)
class Line:
    """A sentence of the evidence: its stems, with those of what names its passage apart, and its vector."""

    passage: int
    text: str
    words: tuple[str, ...]
    named: tuple[str, ...]
    vector: NDArray[np.float32] | None


class Fit:
    """A question and the evidence for it.

    Args:
        meanings: None where there is no encoder; words count only as they are written then.
        beyond: vectors of the fields that the library does not hold.
    """

    def __init__(
        self,
        asked: Asked,
        evidence: Sequence[Evidence],
        background: Background,
        meanings: Meanings | None = None,
        beyond: Vectors | None = None,
    ) -> None:
        self.asked = asked
        self.background = background
        self.evidence = tuple(evidence[:READ])
        self.meanings = meanings
        self.beyond = beyond
        self.lines = self._lines()

    def _lines(self) -> list[Line]:
        found = []
        if self.meanings is not None:
            parts = self.meanings.sentences(self.evidence)
        else:
            parts = [(sentences(one.excerpt), np.zeros((0, 1), np.float32)) for one in self.evidence]
        for number, (one, (spans, vectors)) in enumerate(zip(self.evidence, parts, strict=True)):
            named = tuple(filter(meaningful, words(" ".join((one.title, one.heading, *one.aliases)))))
            for at, span in enumerate(spans):
                vector = vectors[at] if at < len(vectors) else None
                found.append(Line(number, span.text, tuple(filter(meaningful, words(span.text))), named, vector))
        return found

    @cached_property
    def likeness(self) -> NDArray[np.float32]:
        """How alike each word of the question is to each of the evidence, (words, evidence's words)."""
        mine = [one.text for one in self.asked.words]
        exact = np.array([[one.stem == term(other) for other in self._held] for one in self.asked.words], np.float32)
        exact = exact.reshape(len(mine), len(self._held))
        if self.meanings is None or not mine or not self._held:
            return exact
        alike = self.meanings.words(mine) @ self.meanings.words(self._held).T
        alike[[one.isdigit() for one in mine]] = 0.0
        return np.where(exact > 0, 1.0, np.clip(alike, 0.0, 0.95)).astype(np.float32)

    @cached_property
    def _held(self) -> list[str]:
        return sorted({word for line in self.lines for word in (*line.words, *line.named)})

    @cached_property
    def found(self) -> NDArray[np.float32]:
        """For each word of the question the most alike of the evidence, 1 where it is there itself."""
        return self.likeness.max(1, initial=0.0)

    @cached_property
    def cosines(self) -> NDArray[np.float32]:
        """Of the question with each sentence."""
        if self.asked.vector is None:
            return np.zeros(max(1, len(self.lines)), np.float32)
        own = [float(line.vector @ self.asked.vector) if line.vector is not None else 0.0 for line in self.lines]
        return np.array(own or [0.0], np.float32)

    def features(self) -> dict[str, float]:
        """All by name."""
        own = (self._subject(), self._near(), self._whole(), self._missing(), self._unknown(), self._counts())
        return {name: value for each in (*own, self.asked.form) for name, value in each.items()}

    def _subject(self) -> dict[str, float]:
        """Whether the question speaks of what the passages are about, and whether these are of one source."""
        place = {word: at for at, word in enumerate(self._held)}
        best = 0.0
        for one in self.evidence:
            for name in (one.title, *one.aliases):
                own = [place[word] for word in filter(meaningful, words(name)) if word in place]
                if own and len(self.asked.words):
                    best = max(best, float(self.likeness[:, own].max(0).mean()))
        first = self.evidence[0].url if self.evidence else ""
        return {"subject": best, "one_source": sum(one.url == first for one in self.evidence) / READ}

    def _near(self) -> dict[str, float]:
        """By meaning: the nearest sentences, and what a word that the evidence has not takes away."""
        best = np.sort(self.cosines)[::-1]
        gains = [0.0]
        if self.asked.without is not None and self.asked.vector is not None and len(self.asked.words) > 1:
            own = np.array([line.vector for line in self.lines if line.vector is not None], np.float32)
            if len(own):
                rest = (self.asked.without @ own.T).max(1) - best[0]
                gains = [float(gain) for gain, held in zip(rest, self.found, strict=True) if held < 1.0] or [-0.02]
        beyond = 0.0
        if self.beyond is not None and self.asked.vector is not None:
            beyond = float((self.beyond @ self.asked.vector).max())
        return {
            "nearest": float(best[0]), "near_three": float(best[:3].mean()), "near_eight": float(best[:8].mean()),
            "gain": max(gains), "gains": sum(max(0.0, one) for one in gains), "beyond": beyond,
        }  # fmt: skip

    def _whole(self) -> dict[str, float]:
        """How much of the question one sentence says, with what names its passage."""
        weights, rarity = self.asked.weights, np.array([one.rarity for one in self.asked.words])
        rarity = rarity / max(1e-9, float(rarity.sum()))
        place = {word: at for at, word in enumerate(self._held)}
        best = {"said": 0.0, "told": 0.0, "said_rare": 0.0, "told_rare": 0.0, "both": 0.0}
        for line, cosine in zip(self.lines, self.cosines, strict=False):
            own = self.likeness[:, [place[word] for word in line.words]].max(1, initial=0.0)
            named = self.likeness[:, [place[word] for word in line.named]].max(1, initial=0.0)
            exact = (own == 1.0) | (named == 1.0)
            soft = np.maximum(np.where(own == 1.0, 1.0, own**2), FLAT * np.where(named == 1.0, 1.3, named**2))
            values = {
                "said": float(weights @ exact), "told": float(weights @ soft),
                "said_rare": float(rarity @ exact), "told_rare": float(rarity @ soft),
                "both": float(weights @ exact) + float(cosine),
            }  # fmt: skip
            best = {name: max(value, values[name]) for name, value in best.items()}
        return {
            **best,
            **self._together(),
            "why_told": self.asked.form["why"] * best["told"],
            "given_told": self.asked.form["given"] * best["told"],
        }

    def _together(self) -> dict[str, float]:
        """How much of the question one passage says, and one source."""
        passages = [
            frozenset(at for at, line in enumerate(self.lines) if line.passage == number) for number in range(READ)
        ]
        urls = [one.url for one in self.evidence]
        sources = [
            frozenset(at for at, line in enumerate(self.lines) if urls[line.passage] == url) for url in set(urls)
        ]
        found = {}
        for name, groups in (("together", passages), ("one_page", sources)):
            near = [self._best_of(group) for group in groups if group]
            found[name] = max((float(self.asked.weights @ (one == 1.0)) for one in near), default=0.0)
            found[f"{name}_told"] = max((float(self.asked.weights @ one**2) for one in near), default=0.0)
            found[f"{name}_least"] = max((float(one.min(initial=1.0)) for one in near), default=0.0)
        return found

    def _best_of(self, lines: frozenset[int]) -> NDArray[np.float32]:
        """For each word of the question the most alike one of these sentences and of what names their passages."""
        place = {word: at for at, word in enumerate(self._held)}
        held = sorted({place[word] for at in lines for word in (*self.lines[at].words, *self.lines[at].named)})
        return self.likeness[:, held].max(1, initial=0.0)

    def _missing(self) -> dict[str, float]:
        """What of the question is nowhere in the evidence."""
        weights, absent = self.asked.weights, self.found < 1.0
        rarity = np.array([one.rarity for one in self.asked.words])
        foreign = absent & ~np.array([one.inside for one in self.asked.words], bool)
        lost = weights * absent * (1.0 - self.found)
        share = rarity / max(1e-9, float(rarity.sum()))
        return {
            "absent": float(weights @ absent), "lost": float(lost.sum()), "lost_most": float(lost.max(initial=0.0)),
            "absent_most": float((weights * absent).max(initial=0.0)), "absent_rare": float(share @ absent),
            "lost_rare": float((share * absent) @ (1.0 - self.found)), "foreign": float(weights @ foreign),
            "foreign_lost": float((weights * foreign) @ (1.0 - self.found)),
        }  # fmt: skip

    def _unknown(self) -> dict[str, float]:
        """Words that nobody knows, names, and grades that no passage has."""
        absent = [one for one, held in zip(self.asked.words, self.found, strict=True) if held < 1.0 and not one.inside]
        return {
            "unknown": min(2.0, sum(not one.common and len(one.text) > 3 for one in absent)),
            "capitals": min(2.0, sum(one.capital and len(one.text) > 2 for one in absent)),
            "words": float(np.log1p(len(self.asked.words))),
        }

    def _counts(self) -> dict[str, float]:
        """Where a number or a special detail is asked for: whether a near sentence has one."""
        low = self.asked.text.casefold()
        nearest = {self.lines[at].passage for at in np.argsort(-self.cosines)[:DETAILED] if at < len(self.lines)}
        near = (one for at, one in enumerate(self.evidence) if at in nearest)
        text = " ".join(f"{one.title} {one.heading} {one.excerpt}" for one in near).casefold()
        lacking = sum(
            any(one.search(low) for one in those) and not any(one.search(text) for one in those)
            for those in details().values()
        )
        with_number = [bool(_NUMBER.search(line.text.casefold())) for line in self.lines]
        gap = unit = 0.0
        if self.asked.form["quantity"] and self.lines:
            numbered = self.cosines[: len(with_number)][np.array(with_number)]
            gap = float(self.cosines.max() - numbered.max(initial=0.0))
            unit = self._unit(low, with_number)
        return {"detail": float(lacking), "number_gap": gap, "unit": unit}

    def _unit(self, low: str, with_number: Sequence[bool]) -> float:
        """How far the counted thing of "how many weeks" is from the words of the sentences with numbers."""
        counted = _COUNTED.search(low)
        if not counted:
            return 0.0
        wanted = {term(word) for word in words(counted[1])}
        mine = [at for at, one in enumerate(self.asked.words) if one.stem in wanted]
        place = {word: at for at, word in enumerate(self._held)}
        numbered = (line for line, has in zip(self.lines, with_number, strict=True) if has)
        theirs = sorted({place[word] for line in numbered for word in line.words})
        if not mine or not theirs:
            return float(bool(mine))
        return float(1.0 - self.likeness[np.ix_(mine, theirs)].max())
