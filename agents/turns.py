"""Questions about a reading and their answers, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
