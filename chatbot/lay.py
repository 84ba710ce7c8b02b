"""What people say in everyday words, in the words of the field."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent


def plain(question: str) -> str:
    """The question with everyday words and phrases replaced by the ones that articles use; the rest as it stands."""
    pattern, words = _lay()
    return pattern.sub(lambda found: words[" ".join(found.group().casefold().split())], question)


@cache
def everyday() -> frozenset[str]:
    """Words of everyday talk that say nothing of what a question is about."""
    return frozenset((HERE / "everyday.txt").read_text("utf-8").split())


@cache
def _lay() -> tuple[re.Pattern[str], Mapping[str, str]]:
    table = tomllib.loads((HERE / "lay.toml").read_text("utf-8"))
    words: dict[str, str] = {said: means for group in table.values() for said, means in group.items()}
    longest_first = sorted(words, key=len, reverse=True)
    phrases = "|".join(re.escape(one).replace(r"\ ", r"\s+") for one in longest_first)
    return re.compile(rf"(?<![\w-])(?:{phrases})(?![\w-])", re.IGNORECASE), words
