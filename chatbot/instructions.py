"""Sentences in found text that speak to a program rather than to a reader."""

import re
import tomllib
from functools import cache, lru_cache
from pathlib import Path

from chatbot.words import sentences


@cache
def _patterns() -> re.Pattern[str]:
    table = tomllib.loads((Path(__file__).parent / "lexicon.toml").read_text("utf-8"))
    return re.compile(rf"(?<!\w)(?:{'|'.join(table['instructions']['patterns'])})", re.MULTILINE)


def speaks_to_programs(sentence: str) -> bool:
    """Whether a sentence tells a program what to do."""
    return _patterns().search(sentence.casefold()) is not None


@lru_cache(maxsize=1024)
def sound(text: str) -> str:
    """The text without such sentences; what is left stands as it stood."""
    for one in reversed(sentences(text)):
        if speaks_to_programs(text[one.start : one.end]):
            text = text[: one.start] + text[one.end :]
    return text
