"""Questions that tell of an emergency, and questions about one person: found by rules, without a model.

Words that must occur together stand in ``emergencies/rules.toml``, the words of each language and its advice in
``emergencies/<language>.toml``. What is denied, lies in the past or is asked in general is left out before the rules
look: "no chest pain", "my grandfather had a heart attack in 1990", "What are the signs of a stroke?".
"""

import re
from dataclasses import dataclass

from chatbot import red_flags
from chatbot.privacy import mask

_INTRODUCED = re.compile(  # who asks is no private person
    r"\b(?:my name is|this is|i am|i'm|mein name ist|ich hei(?:ß|ss)e|ich bin|mon nom est|je m'appelle|je suis"
    r"|mi nombre es|me llamo|soy|il mio nome è|mi chiamo|sono|meu nome é|me chamo|chamo-me"
    r"|mijn naam is|ik heet|ik ben)\s+\[name\]",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Alarm:
    """An emergency that a question tells of.

    Attributes:
        kind: which, for example ``stroke`` or ``suicide``.
        advice: two sentences that come before all else, in the language of the question.
        language: ISO 639-1 code of that language.
    """

    kind: str
    advice: str
    language: str


def urgent(question: str) -> Alarm | None:
    """The emergency that the question tells of, or None."""
    rules = red_flags.rules()
    for lexicon in red_flags.spoken(question):
        told, asked = lexicon.told(question)
        fitting = (
            rule.kind for rule in rules for one in (asked if rule.even_asked else told) if rule.fits(lexicon, one)
        )
        found = next(fitting, None)
        if found:
            return Alarm(found, " ".join(lexicon.advice(found)), lexicon.code)
    return None


def personal(question: str) -> str | None:
    """Whether it asks for a dose for a person, a diagnosis of a person, or about a private person by name.

    Returns:
        ``dose``, ``diagnosis``, ``private person``, or None for any other question.
    """
    masked = mask(question)
    text = _INTRODUCED.sub("", masked.text).replace("[name]", " personname ")
    return next((kind for lexicon in red_flags.spoken(question) if (kind := lexicon.personal(text))), None)
