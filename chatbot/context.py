"""What was measured of an image, as evidence for a question."""

from collections.abc import Sequence
from typing import Protocol

from chatbot.types import Evidence


class Measured(Protocol):
    """A finding: one sentence with the value in it."""

    @property
    def id(self) -> str: ...
    @property
    def statement(self) -> str: ...


def reading_evidence(title: str, model: str, findings: Sequence[Measured]) -> Evidence:
    """The findings of a reading as one passage, to be cited like any other.

    Args:
        title: what the reading is about, e.g. the class with the highest score: a question that leans is about that.
        model: name of the model that read the image.
    """
    text = " ".join(finding.statement for finding in findings)
    return Evidence(title, f"reading:{model}", "measured by Lightbox", text, 0, len(text), "reading", score=1.0)
