"""Takes out of a text what could tell who a person is, before the text is sent anywhere.

Rules over characters, with the lists of ``privacy.toml``. They err on the side of masking where somebody introduces
a person, and on the side of keeping where a word is also the name of a disease.
"""

from dataclasses import dataclass

from chatbot.identifiers import Finding, findings

ROUNDS = 20
"""Each round finds what the round before uncovered; two are enough as a rule."""


@dataclass(frozen=True)
class Masked:
    """A text without identifying details.

    Attributes:
        text: with ``[name]``, ``[date of birth]``, ``[phone]``, ``[e-mail]``, ``[address]`` or ``[number]`` for each.
        found: the kinds of what was masked, one a detail.
    """

    text: str
    found: tuple[str, ...] = ()


def mask(text: str) -> Masked:
    """The text with identifying details replaced; masking the result again changes nothing."""
    found: list[str] = []
    for _ in range(ROUNDS):
        details = findings(text)
        if not details:
            break
        found.extend(one.kind for one in details)
        text = _replaced(text, details)
    return Masked(text, tuple(found))


def _replaced(text: str, details: list[Finding]) -> str:
    for one in reversed(details):
        text = f"{text[: one.start]}[{one.kind}]{text[one.end :]}"
    return text
