"""What a tab holds of one visitor."""

from dataclasses import dataclass, field

import gradio as gr

from diagnosis.checks import Trust, Yardstick
from diagnosis.findings import Finding
from diagnosis.reading import Reading
from diagnosis.study import Study


@dataclass(eq=False)
class Tray:
    """What one visitor has put in on one tab: the last study, whether its reading has begun, and what was tested.

    It changes while work runs, so that work on an earlier study sees that it is no longer wanted.

    Attributes:
        trusts: finished tests of the study's maps, by class and method.
        yardstick: what knows nothing of the model, once it was read; whoever uses it takes it away.
        erased: findings of what was erased.
        erased_for: digest and class of the reading that the last erasure is about.
        turns: the last run of each kind of work; an earlier run sees that it is not its own.
    """

    study: Study | None = None
    taken: bool = True
    trusts: dict[tuple[str, str], Trust] = field(default_factory=dict)
    yardstick: Yardstick | None = None
    erased: tuple[Finding, ...] = ()
    erased_for: tuple[str, str] | None = None
    turns: dict[str, object] = field(default_factory=dict)

    def put(self, study: Study) -> None:
        """Another study; whatever runs for the last one is no longer wanted."""
        self.study, self.taken = study, False
        self.trusts, self.yardstick, self.erased, self.erased_for, self.turns = {}, None, (), None, {}

    def take(self) -> Study | None:
        """The study that waits to be read, once; None where none does."""
        study, self.taken = None if self.taken else self.study, True
        return study

    def begin(self, work: str) -> object:
        """A new run of some work, which ends the one before."""
        self.turns[work] = object()
        return self.turns[work]

    def wants(self, work: str, run: object) -> bool:
        return self.turns.get(work) is run

    def holds(self, reading: Reading | None) -> bool:
        """Whether a reading is of the study that was put in last."""
        return reading is not None and self.study == reading.study

    def take_yardstick(self) -> Yardstick | None:
        found, self.yardstick = self.yardstick, None
        return found


@dataclass(frozen=True)
class States:
    """What a tab holds of each visitor.

    Attributes:
        tray: what was put in.
        reading: the reading as it was made; whoever sets it has everything redrawn.
        chosen: the same about the class that the visitor chose. Both are None before there is one.
    """

    tray: gr.State
    reading: gr.State
    chosen: gr.State
