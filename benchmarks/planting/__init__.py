"""Errors put into true sentences about a reading, each of which makes the sentence false or says what nobody measured."""

import random
from collections.abc import Iterator

from benchmarks.planting import findings, sentences
from benchmarks.planting.source import Planted, Planter, Source, embedded, exchanged, pairs_of

__all__ = ["PLANTERS", "Planted", "Source", "plant"]

PLANTERS: dict[str, Planter] = {
    "wrong number": sentences.wrong_number,
    "wrong unit": exchanged("units"),
    "swapped side": sentences.other_side,
    "other zone": sentences.other_zone,
    "other class": sentences.other_class,
    "misattributed method": sentences.other_method,
    "wrong comparison": exchanged("compared"),
    "dropped negation": exchanged("dropped"),
    "added negation": exchanged("added"),
    "overstated certainty": embedded("certainty"),
    "invented finding": embedded("invented"),
    "invented history": embedded("history"),
    "treatment advice": embedded("treatment"),
    "urgency": embedded("urgency"),
    "diagnosis": embedded("diagnosis"),
    "probability of disease": embedded("probability"),
    "no citation": sentences.uncited,
    "wrong citation": sentences.wrong_citation,
    "wrong count of cases": findings.wrong_count,
    "wrong class of cases": findings.wrong_vote,
    "vote turned round": findings.turned_vote,
    "wrong accuracy of the vote": findings.wrong_accuracy,
    "wrong zone": findings.wrong_zone,
    "wrong badge": findings.wrong_badge,
    "shortcut denied": pairs_of("shortcuts", "shortcut"),
    "alarm's record exchanged": findings.wrong_alarm,
    "erasure turned round": pairs_of("erasures", "erased"),
    "zones called sure": pairs_of("sure", "zones_uncertain"),
    "agreement of several turned round": pairs_of("several", "methods_overlap"),
    "wrong tier": findings.wrong_tier,
    "wrong class in the set": findings.wrong_set,
    "set turned round": pairs_of("sets", "conformal_set", "conformal_empty", "vote_in_set", "vote_outside_set"),
    "set called one class": findings.called_one,
    "interval of a figure without one": findings.false_interval,
    "gate turned round": pairs_of("gates", "gate", "gate_passed"),
    "wrong fact of the model": pairs_of("facts", "model_fact"),
    "refused use allowed": findings.allowed_use,
    "test of a map turned round": pairs_of("tests", "badge", "shuffled", "steady", "gap", "gain"),
}
EVERY = frozenset({"refused use allowed"})  # kinds of which every error is planted, drawn apart from the others


def plant(source: Source, rng: random.Random) -> Iterator[Planted]:
    """At most one error of each kind in a sentence, and all of those in ``EVERY``."""
    if not source.sentence.cites:
        return
    for kind, planter in PLANTERS.items():
        draw = random.Random(source.sentence.text) if kind in EVERY else rng
        found = [one for one in planter(source, draw) if one != source.sentence]
        if found:
            yield from (Planted(kind, one) for one in (found if kind in EVERY else [rng.choice(found)]))
