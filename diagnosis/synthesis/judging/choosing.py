"""From a stream of made images those worth showing, and a count of what was thrown away."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar

from diagnosis.synthesis.judging.judge import Judge, Judgement, Made
from diagnosis.synthesis.judging.views import Views

BATCH = 16  # images judged at a time
Image = TypeVar("Image", bound=Made)


@dataclass(eq=False)
class Choice(Generic[Image]):
    """What was kept of a stream of images of one class, and what was not.

    Attributes:
        looked: every image that was looked at, in the order of the stream.
        judged, views: of each of ``looked``; the views in parts.
        kept: the first that nothing speaks against, with their judgements; at most as many as were asked for.
    """

    looked: list[Image] = field(default_factory=list)
    judged: list[Judgement] = field(default_factory=list)
    views: list[Views] = field(default_factory=list)
    kept: list[tuple[Image, Judgement]] = field(default_factory=list)

    @property
    def thrown(self) -> Counter[str]:
        """How many images were thrown away for each reason; one image may have several."""
        return Counter(reason for one in self.judged for reason in one.reasons)


def choose(stream: Iterable[Image], judge: Judge, count: int, sample: int) -> Choice[Image]:
    """Keep images that are no copies, that the gate lets pass and whose class the model agrees with.

    Looks at the first ``sample`` images whatever is found of them, so that what they tell of the generator does not
    depend on when enough were found; then on, until ``count`` are kept or the stream ends. Raises BadRequest for a
    class that the model does not have.
    """
    choice: Choice[Image] = Choice()
    left = iter(stream)
    while lacking := max(sample - len(choice.looked), count - len(choice.kept)):
        if not (some := list(islice(left, min(BATCH, lacking)))):
            break
        studies = [made.study for made in some]
        views = judge.viewer.see(studies)
        judgements = judge.judge_seen(studies, [made.label for made in some], views)
        choice.looked += some
        choice.judged += judgements
        choice.views.append(views)
        good = [(made, judgement) for made, judgement in zip(some, judgements, strict=True) if judgement.kept]
        choice.kept += good[: count - len(choice.kept)]
    return choice
