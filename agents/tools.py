"""What may be asked of a reading: functions from a reading and words to findings.

A tool is a function with a docstring whose first argument is the reading; the others are text, and are checked. A new
one needs a line in ``TOOLS`` and nothing else: the language model, the intents and the page find it there. What a tool
needs beside the reading is among its keyword-only arguments, and is given by the program, never by who asks.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from agents.experiments import Laboratory, NoLaboratory, erase_and_retest, region_called, test_map
from agents.names import label_of, method_of, place_of, plain, zones_in
from agents.turns import Step
from diagnosis import asked
from diagnosis.attribution import DEFAULTS
from diagnosis.errors import BadRequest, Missing, UserError
from diagnosis.findings import Finding
from diagnosis.reading import Reading
from diagnosis.worth import gate_told

Tool = Callable[..., tuple[Finding, ...]]
Opinion = Callable[[Reading], tuple[Finding, ...]]  # what others say of a reading's study; raises UserError
TOPICS = ("says", "looked", "trust")
TESTED = frozenset({"performance", "performance_mixed", "recall", "unmeasured"})
WORTH = frozenset(
    {"confidence_tier", "confidence_unmeasured", "conformal_set", "conformal_empty", "conformal_tested"}
    | {"vote_in_set", "vote_outside_set"}
)  # kinds that say what a score is worth


def get_findings(reading: Reading, topic: str = "", label: str = "") -> tuple[Finding, ...]:
    """All that was measured about a class: its score, where the model looked for it, and how far to trust that.

    Args:
        topic: says (the scores), looked (the maps), trust (limits and test figures); empty for all.
        label: the class; empty for the one that is explained.
    """
    if topic and topic not in TOPICS:
        raise BadRequest(f"There is no topic {topic!r}.", f"Use one of: {', '.join(TOPICS)}.")
    own = _label(reading, label)
    found = reading.findings if own == reading.label else asked.of_class(reading, own)
    return tuple(one for one in found if topic in ("", one.topic))


def map_share(reading: Reading, place: str, label: str = "", method: str = "") -> tuple[Finding, ...]:
    """How much of a map's weight for a class lies in one place, and how much an even map would put there.

    Args:
        place: a part of the image as it is shown, e.g. lower left, right half; or a zone of the patient that a finding
            names, e.g. patient's right lower zone, heart.
        label: the class; empty for the one that is explained.
        method: grad-cam or shap; empty for both.
    """
    own, zones = _label(reading, label), zones_in(reading.zones, place)
    methods = (method_of(method),) if method else DEFAULTS
    if zones:
        found = tuple(one for zone in zones for one in asked.zone_share(reading, zone, own, methods))
    else:
        found = tuple(asked.share(reading, place_of(reading.card, place), own, methods))
    if not found:
        raise Missing(
            f"There is no map for {reading.card.title_of(own).lower()} yet.", "Wait until it is ready, and ask again."
        )
    return found


def compare_classes(reading: Reading, first: str, second: str = "") -> tuple[Finding, ...]:
    """Two classes beside each other: their scores, where the maps for each have most weight, how far these overlap.

    Args:
        first: a class.
        second: another class; empty for the one that is explained.
    """
    pair = label_of(reading.card, first), _label(reading, second)
    if pair[0] == pair[1]:
        raise BadRequest(f"{first!r} and {second or pair[1]!r} are the same class.", "Name two different ones.")
    places = [one for label in pair for one in get_findings(reading, "looked", label) if one.kind in ("place", "flat")]
    return (*asked.compared(reading, *pair), *places)


def explain_method(reading: Reading, method: str) -> tuple[Finding, ...]:
    """How a method makes its map, and what the map can and cannot show.

    Args:
        method: grad-cam or shap.
    """
    return tuple(asked.method(reading, method_of(method)))


def model_facts(reading: Reading) -> tuple[Finding, ...]:
    """What is known of the model: its name and version, what it is for and what not, its training data and limits, and
    how well it did on test images.
    """
    tested = tuple(one for one in reading.findings if one.kind in TESTED)
    return (*asked.card(reading.card), *tested)


def confidence(reading: Reading) -> tuple[Finding, ...]:
    """How sure the model may be taken to be of its highest score: the tier it lies in, how often the model was right
    there, and the set of classes that leaves out the true one only rarely.
    """
    found = tuple(one for one in reading.findings if one.kind in WORTH)
    if not any(one.kind in ("confidence_tier", "confidence_unmeasured") for one in found):
        problem = f"What a score of {reading.card.title} is worth was not measured."
        raise Missing(problem, "Ask how good the model was on test images.")
    return found


def gate(reading: Reading) -> tuple[Finding, ...]:
    """Whether the image is of the kind that the model was made for, and what it looks like otherwise."""
    return (gate_told(reading.gate),)


def no_library(reading: Reading) -> tuple[Finding, ...]:
    """The opinion where there is nobody to ask. Raises Missing."""
    raise Missing("There is no case library to compare this image with.", "Build one with `python -m retrieval build`.")


def similar_cases(reading: Reading, *, opinion: Opinion) -> tuple[Finding, ...]:
    """What the most similar cases of the library are called, whether that agrees with the model's highest score, and
    how often such a vote is right. Likeness to a case is not the probability of the same disease.
    """
    return opinion(reading)


TOOLS: dict[str, Tool] = {
    tool.__name__: tool
    for tool in (
        get_findings,
        map_share,
        compare_classes,
        explain_method,
        model_facts,
        confidence,
        gate,
        similar_cases,
        erase_and_retest,
        test_map,
    )
}


@dataclass(frozen=True)
class Aids:
    """What the program gives the tools beside the reading: each by the name of the argument that takes it.

    Attributes:
        opinion: gives what similar cases are called.
        laboratory: makes new tests with the model.
    """

    opinion: Opinion = no_library
    laboratory: Laboratory = field(default_factory=NoLaboratory)


NO_AIDS = Aids()


def arguments_of(tool: Tool) -> dict[str, inspect.Parameter]:
    """The arguments that whoever asks may give: not the reading, and nothing that the program gives."""
    taken = inspect.signature(tool).parameters.items()
    return {name: one for name, one in taken if name != "reading" and one.kind is not one.KEYWORD_ONLY}


RESOLVERS: dict[str, Callable[[Reading, str], str]] = {
    "place": lambda reading, text: _place_named(reading, text),
    "region": lambda reading, text: region_called(reading, text),
    "label": lambda reading, text: label_of(reading.card, text),
    "first": lambda reading, text: label_of(reading.card, text),
    "second": lambda reading, text: label_of(reading.card, text),
    "method": lambda reading, text: method_of(text),
    "topic": lambda reading, text: text,
}  # what an argument was understood to say; one that is not here is not shown


def call(reading: Reading, name: str, arguments: Mapping[str, object], aids: Aids = NO_AIDS) -> tuple[Reading, Step]:
    """Use a tool: the reading with what was found, and the step. An error that a person could mend becomes its result.

    Arguments that are no text, unknown tools and unknown arguments are such errors too. A step that succeeds shows its
    arguments as they were understood, so that nothing else can be said in them.
    """
    try:
        texts = _texts(name, arguments)
        taken = inspect.signature(TOOLS[name]).parameters.values()
        given = {one.name: getattr(aids, one.name) for one in taken if one.kind is one.KEYWORD_ONLY}
        entered, found = reading.enter(TOOLS[name](reading, **texts, **given))
    except UserError as error:
        return reading, Step(name, dict(arguments), error=str(error))
    shown = {one: RESOLVERS[one](reading, text) for one, text in texts.items() if text.strip() and one in RESOLVERS}
    return entered, Step(name, shown, found)


def _texts(name: str, arguments: Mapping[str, object]) -> dict[str, str]:
    """The arguments of a tool, checked by name and type. Raises BadRequest."""
    if name not in TOOLS:
        raise BadRequest(f"There is no tool {name!r}.", f"Use one of: {', '.join(TOOLS)}.")
    known = arguments_of(TOOLS[name])
    needed = [one for one, how in known.items() if how.default is inspect.Parameter.empty]
    if unknown := [one for one in arguments if one not in known]:
        raise BadRequest(f"{name} has no argument {unknown[0]!r}.", f"Use: {', '.join(known) or 'none'}.")
    texts = {one: value for one, value in arguments.items() if isinstance(value, str)}
    if missing := [one for one in needed if not texts.get(one, "").strip()]:
        raise BadRequest(f"{name} needs {missing[0]!r}, as text.", f"Use: {', '.join(known)}.")
    if wrong := [one for one, value in arguments.items() if value is not None and one not in texts]:
        raise BadRequest(f"{name} takes {wrong[0]!r} as text, not {arguments[wrong[0]]!r}.", "Write it in words.")
    return texts


def _place_named(reading: Reading, text: str) -> str:
    zones = zones_in(reading.zones, text)
    return ", ".join(zone.name for zone in zones) or place_of(reading.card, text).name


def _label(reading: Reading, label: str) -> str:
    return label_of(reading.card, label) if plain(label) else reading.label
