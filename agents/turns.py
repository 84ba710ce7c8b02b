"""Questions about a reading and their answers, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agents.ledger import Ledger, Usage
from agents.types import Sentence
from diagnosis.findings import Finding
from diagnosis.reading import Reading


@dataclass(frozen=True)
class Step:
    """One use of a tool.

    Attributes:
        tool: its name.
        arguments: what it was asked for, as it was understood; as it was written where it was not.
        findings: what it found, each with its id.
        error: why it found nothing, in words, or None.
    """

    tool: str
    arguments: Mapping[str, Any]
    findings: tuple[Finding, ...] = ()
    error: str | None = None

    @property
    def called(self) -> str:
        """The call on one line, e.g. ``map_share(place='lower left')``."""
        return f"{self.tool}({', '.join(f'{name}={value!r}' for name, value in self.arguments.items())})"

    @property
    def result(self) -> str:
        """What came of it, a line a finding."""
        return self.error or "\n".join(f"[{one.id}] {one.statement}" for one in self.findings)


@dataclass(frozen=True)
class Turn:
    """One question and its answer, as far as it has come.

    Attributes:
        reading: what was asked about, with all findings that the steps added: every citation is to be found there.
        steps: uses of tools, in order.
        sentences: the answer, unsupported sentences struck in their place.
        written_by: ``template``, or the name of the language model.
        language: BCP 47 code of the language that the answer is in.
        note: what the person who asked should know of how the answer came about, or None.
        sent: what went to a language model's endpoint.
        usage: tokens and cost, or None where no language model counted them.
        doing: what takes its time before there is an answer, in words; empty where nothing does.
        done: whether the answer is complete.
    """

    question: str
    reading: Reading
    steps: tuple[Step, ...] = ()
    sentences: tuple[Sentence, ...] = ()
    written_by: str = "template"
    language: str = "en"
    note: str | None = None
    sent: Ledger = field(default=Ledger(), repr=False)
    usage: Usage | None = None
    doing: str = ""
    done: bool = False

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings that this turn's steps added to the reading."""
        used = {one.id for step in self.steps for one in step.findings}
        return tuple(one for one in self.reading.added if one.id in used)

    @property
    def cited(self) -> tuple[str, ...]:
        """Ids of the findings that standing sentences cite, in order, each once."""
        return tuple(dict.fromkeys(cite for one in self.sentences if one.struck is None for cite in one.cites))

    @property
    def struck(self) -> tuple[Sentence, ...]:
        """The sentences that do not stand."""
        return tuple(one for one in self.sentences if one.struck is not None)

    @property
    def text(self) -> str:
        """What stands, as plain text with the citations in brackets."""
        return " ".join(one.cited for one in self.sentences if one.struck is None)

    def over(self, reading: Reading) -> "Turn":
        """The turn over a reading that has come to know more: what it measured and cites has the ids that it has there.

        A turn about another study, model or class stays as it is.
        """
        then = self.reading
        if not same_subject(then, reading):
            return self
        used = {*self.cited, *(one.id for step in self.steps for one in step.findings), *(one.id for one in then.added)}
        known = [one for one in then.findings if one.id in used]
        grown, entered = reading.enter(known)
        named = {before.id: after for before, after in zip(known, entered, strict=True)}
        steps = (replace(step, findings=tuple(named[one.id] for one in step.findings)) for step in self.steps)
        told = (replace(one, cites=tuple(_known(cite, named) for cite in one.cites)) for one in self.sentences)
        return replace(self, reading=grown, steps=tuple(steps), sentences=tuple(told))


def same_subject(one: Reading, other: Reading) -> bool:
    """Whether two readings are of the same study by the same model, and explain the same class."""
    return (one.study, one.prediction.model, one.label) == (other.study, other.prediction.model, other.label)


def _known(cite: str, named: Mapping[str, Finding]) -> str:
    """The id that a finding has now; what a struck sentence cites may not exist."""
    return named[cite].id if cite in named else cite
