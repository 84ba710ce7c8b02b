"""From a stream of made images those worth showing, and a count of what was thrown away."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar

from diagnosis.synthesis.judging.judge import Judge, Judgement, Made
from diagnosis.synthesis.judging.views import Views

BATCH = 16  # images judged at a time
Image = TypeVar("Image", bound=Made)


@dataclass(eq=False)
class Choice(Generic[Image]):
    """What was kept of a stream, and what was not.

    Attributes:
        looked: every image that was looked at, in the order of the stream. What a class has beyond need is not.
        judged, views: of each of ``looked``; the views in parts.
        kept: those kept, with their judgements; at most as many of a class as were asked for.
    """

    looked: list[Image] = field(default_factory=list)
    judged: list[Judgement] = field(default_factory=list)
    views: list[Views] = field(default_factory=list)
    kept: list[tuple[Image, Judgement]] = field(default_factory=list)

    @property
    def thrown(self) -> Counter[str]:
        """How many images were thrown away for each reason; one image may have several."""
        return Counter(reason for one in self.judged for reason in one.reasons)

    @property
    def agreement(self) -> float | None:
        """Share of all images looked at, kept or not, whose class is the model's highest; None of no image."""
        hits = [one.top == one.label for one in self.judged]
        return sum(hits) / len(hits) if hits else None

    def add(self, other: "Choice[Image]") -> None:
        """Go on with another choice."""
        for name, own in vars(self).items():
            own.extend(getattr(other, name))

    def lacking(self, labels: Sequence[str], count: int) -> dict[str, int]:
        """How many images each class still lacks, of those that do."""
        have = Counter(judgement.label for _, judgement in self.kept)
        return {label: count - have[label] for label in labels if have[label] < count}


def choose(stream: Iterable[Image], judge: Judge, labels: Sequence[str], count: int) -> Choice[Image]:
    """Keep images that are no copies, that the gate lets pass and whose class the model agrees with.

    Reads the stream until each of ``labels`` has ``count`` images, or to its end: ``lacking`` tells what is missing
    then. Images of other classes are passed over. Raises BadRequest for a class that the model does not have.
    """
    choice: Choice[Image] = Choice()
    wanted = (made for made in stream if made.label in choice.lacking(labels, count))
    while lacking := sum(choice.lacking(labels, count).values()):
        if not (some := list(islice(wanted, min(BATCH, lacking)))):
            break
        studies = [made.study for made in some]
        views = judge.viewer.see(studies)
        judgements = judge.judge_seen(studies, [made.label for made in some], views)
        for at, (made, judgement) in enumerate(zip(some, judgements, strict=True)):
            if made.label in choice.lacking(labels, count):
                choice.looked.append(made)
                choice.judged.append(judgement)
                choice.views.append(views.take(slice(at, at + 1)))
                choice.kept += [(made, judgement)] if judgement.kept else []
    return choice
