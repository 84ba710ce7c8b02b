"""When a test figure has a 95 % interval, and the words for it or for why there is none."""

from collections.abc import Mapping

# Of G groups there are C(2G - 1, G) different draws (Hall 1992, appendix I): 3, 10, 35 and 126 of two to five. To leave
# out a fortieth at either end takes more than 40 of them.
FEWEST_GROUPS = 5
RULE = f"A figure has no interval where fewer than {FEWEST_GROUPS} groups are behind it, or no draw of them changes it."


def spread(interval: tuple[float, float] | None, facts: Mapping[str, float | str]) -> str:
    """The interval of a test figure in words, or why there is none; of others than test figures nothing.

    Args:
        facts: of a test figure, the ``groups`` behind it, and what so many are called, its ``group``.
    """
    if "group" not in facts:
        return ""
    if interval is not None:
        return f"95 % interval {interval[0]:.1f} to {interval[1]:.1f}"
    return no_interval(int(facts["groups"]), str(facts["group"]))


def no_interval(groups: int, group: str) -> str:
    """Why a figure of so many groups has none: they are too few, or those of one side are, or no draw changes it."""
    if groups < FEWEST_GROUPS:
        return f"no interval: {groups} {group} {'is' if groups == 1 else 'are'} too few"
    return f"no interval: draws from {groups} {group} tell none"


def called(groups: int, plural: str) -> str:
    """What so many groups are called: ``patient`` for one, ``patients`` for more."""
    return plural.removesuffix("s") if groups == 1 else plural
