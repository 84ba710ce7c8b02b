"""From what an image looks like to whether a model may read it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from diagnosis.cards import ModelCard
from diagnosis.errors import Refused
from diagnosis.gate.look import Look, kindred_sources, own_sources
from diagnosis.study import Study

Verdict = Literal["pass", "caution", "refuse"]
Check = Callable[[Study, ModelCard], "GateResult"]
LIMIT = 1.0  # distance from which an image is unlike the model's own; about 1 % of its ``val`` images lie farther
BEYOND = 2.0  # distance from every image of the model's kind from which it is none of them, whatever it resembles most
KIN = 0.5  # weight of the model's kind of image from which it is read, with a caution
UNSAID = ("OT", "SC")  # modality codes that do not say what an image is: other, secondary capture
LATERAL = ("LATERAL", "LL", "LLD", "LLO", "RL", "RLD", "RLO")  # DICOM view codes of films that are not frontal
NOT_CHECKED = "Whether this image is of the kind that the model is made for was not checked"


@dataclass(frozen=True)
class GateResult:
    """What the gate found.

    Attributes:
        verdict: ``pass``, ``caution`` (read, and the reading says why not to trust it) or ``refuse`` (no score).
        modality: what the image is, as far as the gate knows, with its article: ``an axial slice of chest CT``.
        suggestion: name of the model that such images are for, where it is another one; else None.
        distance: how unlike the images that the model learned from, 0 and more; None where it was not measured.
        limit: the distance from which an image is unlike them; about 1 % of the model's own ``val`` images lie farther.
        reason: one or two plain sentences with the numbers behind the verdict; empty for ``pass``.
    """

    verdict: Verdict
    modality: str
    suggestion: str | None
    distance: float | None
    limit: float
    reason: str


def caution(modality: str, reason: str, distance: float | None = None, suggestion: str | None = None) -> GateResult:
    """Read, with a reason not to trust it."""
    return GateResult("caution", modality, suggestion, distance, LIMIT, reason)


def unchecked(why: str) -> GateResult:
    """Read, with the reason why the gate could not look."""
    return caution("unknown", f"{NOT_CHECKED}: {why}")


def contradiction(study: Study, card: ModelCard) -> GateResult | None:
    """A refusal where the file itself says that it is another modality or view; None where it does not."""
    expected = card.input.modalities
    if study.modality and expected and study.modality not in (*expected, *UNSAID):
        reason = f"The file says that its modality is {study.modality}; {card.title} reads {' or '.join(expected)}."
        return GateResult("refuse", f"an image of modality {study.modality}", None, None, LIMIT, reason)
    if card.anatomy == "chest-film" and study.view in LATERAL:
        reason = f"The file says that its view is {study.view}, from the side; {card.title} reads frontal films."
        return GateResult("refuse", "a lateral film", None, None, LIMIT, reason)
    return None


def judged(look: Look, card: ModelCard) -> GateResult:
    """The verdict on an image by what it looks like alone."""
    own, kin = own_sources(look.sources, card), kindred_sources(look.sources, card)
    if not own:
        return unchecked(f"the gate knows no images like those of {card.title}.")
    distance = look.distance(own)
    if distance < LIMIT:
        return GateResult("pass", look.top.title, None, distance, LIMIT, "")
    likeness = f"It looks most like {look.top.title} ({look.percent:.0f} % of the gate's weight)."
    measure = f"It is {distance:.1f} times as far from the images that {card.title} learned from as their limit."
    may_be_read = look.weight(kin) >= KIN and look.distance(kin) < BEYOND
    verdict: Verdict = "caution" if may_be_read else "refuse"
    suggestion = look.top.suggests if look.top.suggests != card.name else None
    return GateResult(verdict, look.top.title, suggestion, distance, LIMIT, f"{likeness} {measure}")


def admitted(result: GateResult, card: ModelCard) -> GateResult:
    """The result of an image that may be read. Raises Refused for any other, with the numbers behind it."""
    if result.verdict != "refuse":
        return result
    problem = f"{card.title} does not read this image. {result.reason}"
    remedy = f"Nothing was scored. Put in an image that {card.title} is made for."
    raise Refused(problem, remedy, result.suggestion)
