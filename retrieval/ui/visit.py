"""What is one visitor's on the tab of similar cases."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from diagnosis.study import Study
from retrieval.filters import Filter, parse_filter
from retrieval.found import Found, Similar
from retrieval.mine import MyCases
from retrieval.query import WITH, Query
from retrieval.shared import Cases

CHOSEN = ("modality", "label", "dataset", "licence", "sex")  # filters by value, in the order on the page
COUNTS = (12, 24, 48)
AGES = (0, 100)  # years; either end is open


@dataclass(frozen=True)
class Wish:
    """What the tab's boxes say."""

    words: str = ""
    percent: float = 50  # of the image beside the words
    chosen: tuple[tuple[str, ...], ...] = ()  # values of each of ``CHOSEN``
    youngest: float = AGES[0]
    oldest: float = AGES[1]
    synthetic: str = WITH
    count: int = COUNTS[0]
    pictures: bool = True

    @classmethod
    def of(cls, boxes: Sequence[Any]) -> "Wish":
        """From the values of the boxes, in their order."""
        words, percent, *chosen, youngest, oldest, synthetic, count, pictures = boxes
        values = tuple(tuple(one or ()) for one in chosen)
        return cls(words or "", percent, values, youngest, oldest, synthetic, int(count), bool(pictures))

    @property
    def filters(self) -> tuple[Filter, ...]:
        """Raises BadRequest for an age range that holds no age."""
        found = [Filter(key, value) for key, values in zip(CHOSEN, self.chosen, strict=False) for value in values]
        if (self.youngest, self.oldest) != AGES:
            low = f"{self.youngest:g}" if self.youngest > AGES[0] else ""
            high = f"{self.oldest:g}" if self.oldest < AGES[1] else ""
            found.append(parse_filter(f"age={low}..{high}"))
        return tuple(found)


@dataclass(eq=False)
class Visit:
    """It changes while a search runs, so that the search sees that a later one is wanted.

    Attributes:
        more, less: id → label of the cases that results should be like, and unlike.
        found: the last outcome.
        turn: of the last search, or of the image put in since; an earlier search shows nothing any more.
        waiting: whether an image was put in that no search has begun with.
        pair: the case that the image is compared with; a comparison with any other shows nothing any more.
        key, mine: to the visitor's own cases, and these; None where there are none.
    """

    study: Study | None = None
    more: dict[str, str] = field(default_factory=dict)
    less: dict[str, str] = field(default_factory=dict)
    found: Found | None = None
    turn: int = 0
    waiting: bool = False
    pair: Similar | None = None
    key: str | None = None
    mine: MyCases | None = None

    def put(self, study: Study | None) -> None:
        """Another image, or none: what was found for the last one and liked beside it no longer counts."""
        self.show(self.begin(), None)
        self.study, self.waiting = study, study is not None
        self.more.clear()
        self.less.clear()

    def begin(self) -> int:
        """The number of a search that begins now."""
        self.turn += 1
        self.waiting, self.pair = False, None
        return self.turn

    def show(self, turn: int, found: Found | None) -> bool:
        """Keep the outcome of a search, None where it failed; False where it is no longer wanted."""
        if self.turn != turn:
            return False
        self.found, self.pair = found, None
        return True

    def query(self, wish: Wish) -> Query:
        """Raises BadRequest where there is nothing to look for."""
        return Query(
            image=self.study,
            text=wish.words.strip(),
            weight=wish.percent / 100,
            more=tuple(self.more),
            less=tuple(self.less),
            filters=wish.filters,
            synthetic=wish.synthetic,
        )

    def own(self, cases: Cases, key: str | None) -> MyCases | None:
        """The visitor's own cases, as the key in their browser says."""
        if self.mine is None or key != self.key or not self.mine.path.is_file():
            self.key, self.mine = key, cases.mine(key)
        return self.mine

    def result(self, id: object) -> Similar | None:
        """A case of the last outcome."""
        matches = self.found.matches if self.found else ()
        return next((one for one in matches if one.case.id == id), None)
