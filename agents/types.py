"""Words about a reading, as values."""

from dataclasses import dataclass, field
from typing import Literal

from agents.ledger import Ledger, Usage

Reader = Literal["clinician", "student", "patient"]
Length = Literal["short", "full"]


@dataclass(frozen=True)
class Sentence:
    """One sentence of an explanation.

    Attributes:
        text: the sentence without its citations.
        cites: ids of the findings that it states; none for a fixed notice.
        struck: why the sentence is not supported by what it cites, or None for one that stands.
    """

    text: str
    cites: tuple[str, ...] = ()
    struck: str | None = None

    @property
    def cited(self) -> str:
        """The sentence with its citations in brackets."""
        return self.text + "".join(f" [{cite}]" for cite in self.cites)


@dataclass(frozen=True)
class Paragraph:
    """Sentences under a heading, struck ones in their place."""

    heading: str
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True)
class Explanation:
    """Words about a reading, and who wrote them.

    Attributes:
        written_by: ``template``, or the name of the language model.
        reader, length, language: for whom; ``language`` is a BCP 47 code.
        prompt: ``name@version`` of the prompt that was used, or None for templates.
        rebuilt: whether so much was struck that the paragraphs are the templates' after all.
        draft: what the language model is writing right now; nothing has checked it yet. Empty once all is written.
        problem: why the words are not as they were asked for, in words for people, or None.
        usage: tokens and cost, or None where no language model counted them.
        ledger: what was sent to the language model.
    """

    paragraphs: tuple[Paragraph, ...]
    written_by: str = "template"
    reader: Reader = "patient"
    length: Length = "full"
    language: str = "en"
    prompt: str | None = None
    rebuilt: bool = False
    draft: str = ""
    problem: str | None = None
    usage: Usage | None = None
    ledger: Ledger = field(default=Ledger(), repr=False)

    @property
    def cited(self) -> tuple[str, ...]:
        """Ids of the findings that standing sentences cite, in order, each once."""
        return tuple(dict.fromkeys(cite for one in self._all if one.struck is None for cite in one.cites))

    @property
    def struck(self) -> tuple[Sentence, ...]:
        """The sentences that do not stand."""
        return tuple(one for one in self._all if one.struck is not None)

    @property
    def text(self) -> str:
        """What stands, as plain text with the citations in brackets."""
        return "\n\n".join(
            f"{part.heading}\n" + " ".join(one.cited for one in part.sentences if one.struck is None)
            for part in self.paragraphs
        )

    @property
    def _all(self) -> tuple[Sentence, ...]:
        return tuple(one for part in self.paragraphs for one in part.sentences)
