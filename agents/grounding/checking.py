"""One sentence against the findings that it cites, step by step."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

from agents.grounding import (
    anatomy,
    claims,
    entities,
    figures,
    form,
    limits,
    locations,
    modalities,
    order,
    purpose,
    subject,
)
from agents.grounding.derived import facts
from agents.grounding.fitting import fits
from agents.grounding.lexicon import FULL, Lexicon
from agents.grounding.numbers import Quantity, quantities
from agents.grounding.rules import allowed
from agents.grounding.text import Text, normalise
from diagnosis.attribution import METHODS
from diagnosis.findings import Finding
from diagnosis.reading import Reading

_MISSED = frozenset({"missed"})
_CLAIMED = {
    "shortcut": frozenset({"alarm", "false"}),
    "tier_high": frozenset({"high", "confidence", "confident"}),
}  # words about certainty and feelings that a claim brings with it
_OUTSIDE = re.compile(
    r"(?<!\w)(?:not (?:in|inside|within|among|one of|part of|held|needed)|outside|left out|excluded from|missing from)(?!\w)"
)
_IN_SET = re.compile(r"(?<!\w)(?:in|inside|within|part of|belongs? to) (?:the|that|this|its) (?:\w+ )?set(?!\w)")
_IS_NOT = re.compile(r"(?<!\w)(?:is|are|was|were|does|do)(?: not|n't) ?$")  # "… are in the set, normal is not."
_GLOSSES = frozenset(
    {"infection", "infections", "bacteria", "virus", "viruses", "cancer", "cancers"}
)  # plain words for classes, from their descriptions


class Check:
    """One sentence, taken apart, against the findings that it cites."""

    def __init__(self, text: Text, cited: list[Finding], reading: Reading, lexicon: Lexicon) -> None:
        self.text, self.cited, self.reading, self.lexicon = text, cited, reading, lexicon
        self.full = lexicon.language == FULL
        self.allowed = {one.id: allowed(one, reading) for one in cited}
        self.written = [self._text_of(one) for one in cited if self.allowed[one.id].written]
        self.classes = entities.classes(text, reading.card, lexicon)
        self.methods = entities.methods(text, lexicon)
        self.places = entities.places(text, lexicon)
        spans = _ends(self.places, self.classes, self.methods)
        spans += [(one.start, one.end) for one in text.find(lexicon.idle)]
        self.facts = facts(list(self.allowed.values()), self.written, reading, lexicon)
        self.numbers = [one for one in quantities(text, lexicon) if not _inside(one, spans)]

    def _text_of(self, finding: Finding) -> Text:
        return Text(normalise(finding.statement), self.text.breaks, self.text.negators)

    def reason(self) -> str | None:
        """Why the sentence does not stand, or None."""
        steps = (
            *((self._beyond,) if self.full else (self._banned,)),
            self._wrong_class,
            self._wrong_method,
            self._wrong_place,
            self._wrong_zone,
            self._wrong_number,
            *(
                (self._wrong_modality, self._left_out, self._wrong_claim, self._wrong_order, self._beside_the_point)
                if self.full
                else ()
            ),
        )
        return next((reason for step in steps if (reason := step())), None)

    def _union(self, name: str) -> frozenset[str]:
        return frozenset().union(*(getattr(one, name) for one in self.allowed.values()))

    def _beyond(self) -> str | None:
        known = frozenset(re.findall(r"[^\W\d_]+", " ".join(one.statement for one in self.cited).lower()))
        labels = self._union("labels")
        if anatomy.LUNG in self._union("zones"):
            known |= {"lung", "lungs"}
        for one in self.reading.card.labels:
            if one.name in labels:
                known |= frozenset(re.findall(r"[^\W\d_]+", one.title.lower()))
                known |= frozenset(gloss for gloss in _GLOSSES if gloss.removesuffix("s") in one.description.lower())
            known |= frozenset(re.findall(r"[^\W\d_]+", one.title.lower())) & frozenset({"tissue", "cell", "cells"})
        known |= frozenset(re.findall(r"[^\W\d_]+", self.reading.card.title.lower())) & frozenset(
            {"chest", "histology"}
        )
        known |= self._claimed
        own, written, refused = _class_words(self.reading), self._written_words, purpose.refused(self.cited)
        reasons = (
            limits.broken(self.text, known, own, written),
            *(limits.broken(one, known - refused, own, written - refused) for one in purpose.conclusions(self.text)),
        )
        return next((reason for reason in reasons if reason), None)

    @property
    def _written_words(self) -> frozenset[str]:
        return frozenset(word for text in self.written for word in re.findall(r"[^\W\d_]+", text.low)) | self._claimed

    @property
    def _claimed(self) -> frozenset[str]:
        claims = {name for one in self.allowed.values() for name, value in one.claims.items() if value}
        return frozenset().union(*(words for name, words in _CLAIMED.items() if name in claims))

    def _banned(self) -> str | None:
        for pattern in self.lexicon.banned.values():
            if match := pattern.search(self.text.low):
                return f"It says what no finding can support. (“{match.group()}”)"
        return None

    def _wrong_class(self) -> str | None:
        labels = self._union("labels")
        for text in self.written:
            named = entities.classes(text, self.reading.card, self.lexicon)
            labels |= frozenset(label for one in named for label in one.labels)
        for one in self.classes:
            if not one.labels:
                return f"“{one.text}” is no class of this model."
            if not one.labels & labels and not self._is_the_rest(one, labels) and not self._is_outside(one):
                return f"The cited findings do not speak of “{one.text}”."
            if self._is_denied(one) and one.labels & frozenset(self.reading.prediction.conformal or ()):
                return f"The set of classes holds “{one.text}”."
        return None

    def _is_the_rest(self, one: entities.ClassMention, labels: frozenset[str]) -> bool:
        """Whether a class is the only one that no cited finding names, and is spoken of as what is left."""
        left = {other.name for other in self.reading.card.labels} - labels
        rest = self.lexicon.cues["rest"].search(self.text.low, max(0, one.start - 40), one.start) if self.full else None
        return one.labels == left and len(left) == 1 and rest is not None

    def _is_outside(self, one: entities.ClassMention) -> bool:
        """Whether a class that the conformal set does not hold is said to be none of its classes."""
        told = self.full and any(finding.kind == "conformal_set" for finding in self.cited)
        return told and (self._is_denied(one) or _OUTSIDE.search(self.text.clause_text(one.start)) is not None)

    def _is_denied(self, one: entities.ClassMention) -> bool:
        """Whether a class is said to be none of the set in two words, after others that are."""
        short = _IS_NOT.search(self.text.clause_text(one.start))
        return short is not None and _IN_SET.search(self.text.low, 0, one.start) is not None

    def _wrong_method(self) -> str | None:
        methods = self._union("methods")
        for one in self.methods:
            if one.value == "other":
                return f"“{self.text.low[one.start : one.end]}” is no method of this reading."
            if one.value == "plural":
                if self.text.low[one.start : one.end].startswith("both ") and len(methods) == 1:
                    return "It speaks of both methods and cites a finding of one."
            elif one.value not in methods:
                return f"The cited findings do not speak of {METHODS[one.value].title}."
        return None

    def _wrong_place(self) -> str | None:
        pairs = {pair for one in self.allowed.values() for pair in one.places}
        loose = not any(one.unit == "%" for one in self.numbers)
        return locations.misplaced(self.text, self.places, self.methods, pairs, halves=loose)

    def _wrong_zone(self) -> str | None:
        """A zone without a side that is not one of those that are cited; where none is, anatomy may not be named."""
        known, taken = self._union("zones"), _ends(self.classes)
        if not known or not self.full:
            return None
        for one in anatomy.zones_of(self.text):
            if one.value not in known and not any(start < one.end and one.start < end for start, end in taken):
                return f"No cited finding speaks of “{self.text.low[one.start : one.end]}”."
        return None

    def _wrong_number(self) -> str | None:
        if reason := figures.unsupported(self.text, self.numbers, self.facts, self.lexicon, self.classes, self.methods):
            return reason
        if not self.full:
            return None
        words = frozenset(re.findall(r"[\w\-]+", " ".join(one.statement for one in self.cited).lower()))
        unknown = any(one.claims.get("measured") is False for one in self.allowed.values())
        excused = frozenset({"accuracy", "recall"}) if unknown else frozenset()
        return figures.known_measures(self.text, self.facts, words, self.lexicon, excused)

    def _wrong_modality(self) -> str | None:
        codes = {code: role for one in self.allowed.values() for code, role in one.modalities.items()}
        return modalities.mistaken(self.text, codes, self._written_words, self.lexicon)

    def _wrong_claim(self) -> str | None:
        known: dict[str, set[bool | None]] = {}
        by_method: dict[tuple[str, ...], set[bool | None]] = {}
        for one in self.allowed.values():
            for name, value in one.claims.items():
                known.setdefault(name, set()).add(value)
                if len(one.methods) == 1:
                    by_method.setdefault((name, *one.methods), set()).add(value)
        for text in self.written:
            for name, stances in claims.stated(text).items():
                known.setdefault(name, set()).update(stances)
        if len(self.written) == len(self.cited) and (
            more := form.changed(self.text.low, [one.low for one in self.written])
        ):
            return more
        card = self.reading.card
        if astray := purpose.mistaken(
            self.text, self.cited, " ".join((card.intended_use, *(one.title for one in card.labels)))
        ):
            return astray
        self._agreement_of_places(known)
        if any(self._is_outside(one) and not one.labels & self._union("labels") for one in self.classes):
            known["member"] = {True, False}
        taken = _ends(self.places, self.classes)
        if any(fits(one, fact, cues=_MISSED) for one in self.numbers for fact in self.facts if fact.role == "missed"):
            known["recognised"], known["gives"] = {True, False}, {True, False}
        told = [one.start for one in self.numbers if one.unit]

        def said(name: str, at: int) -> frozenset[bool | None]:
            """What the findings say of a claim; those of one method where the clause names that one."""
            named = {one.value for one in self.methods if self.text.same_clause(one.start, at)}
            own = by_method.get((name, *named), set()) if len(named) == 1 else set()
            return frozenset(own or known.get(name, set()))

        return claims.contradicted(self.text, said, told, taken)

    def _left_out(self) -> str | None:
        """What holds only under a condition must be told with it."""
        needs = {one.needs for one in self.allowed.values()}
        name = next(iter(needs)) if len(needs) == 1 else None
        if name is None or self.lexicon.cues[name].search(self.text.low):
            return None
        return f"It leaves out on what condition {self.cited[0].id} holds."

    def _agreement_of_places(self, known: dict[str, set[bool | None]]) -> None:
        """Two methods' places, cited together, show whether the methods look at the same place."""
        pairs = {pair for one in self.allowed.values() for pair in one.places if not one.zones}
        if len({method for method, _ in pairs}) < 2 or "agree" in known:
            return
        same = len({region for _, region in pairs}) == 1
        judged = next((one.facts["judged"] for one in self.reading.findings if one.kind == "overlap"), "agree")
        known["agree"] = {same} if not same or judged == "agree" else {None, judged != "differ"}

    def _wrong_order(self) -> str | None:
        own = self.allowed.values()
        standing = order.Standing(
            {label: rank for one in own for label, rank in one.ranks.items()},
            {label: value for one in own for label, value in one.values.items()},
            next((one.label for one in self.cited if one.kind == "score"), None),
            len(self.reading.card.labels),
            any("largest" in one.claims for one in own),
            self._written_words,
            next((one.voted for one in own if one.voted), None),
            self.reading.card.independent,
        )
        return order.misordered(self.text, self.classes, standing, _ends(self.places, self.numbers))

    def _beside_the_point(self) -> str | None:
        """Something in the sentence must be what a cited finding speaks of."""
        outside = any(self._is_outside(one) for one in self.classes)
        if outside or limits.disclaims(self.text.low) or any(self._speaks_of(one) for one in self.cited):
            return None
        return f"It does not say what {self.cited[0].id} says."

    def _speaks_of(self, finding: Finding) -> bool:
        own = self.allowed[finding.id]
        return subject.shared(self.text, finding, own, self.classes, self.methods, self.places, self.numbers)


def _inside(one: Quantity, spans: list[tuple[int, int]]) -> bool:
    return any(start <= one.start and one.end <= end for start, end in spans)


@lru_cache
def _class_words_of(titles: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word for title in titles for word in re.findall(r"[^\W\d_]+", title.lower())) - {"tissue", "cell"}


def _class_words(reading: Reading) -> frozenset[str]:
    return _class_words_of(tuple(one.title for one in reading.card.labels))


class _Mention(Protocol):
    """Something that stands in the text from ``start`` to ``end``."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


def _ends(*groups: Sequence[_Mention]) -> list[tuple[int, int]]:
    """Where everything in the groups begins and ends."""
    return [(one.start, one.end) for group in groups for one in group]
