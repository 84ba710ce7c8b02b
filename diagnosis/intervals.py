"""When a test figure has a 95 % interval, and the words for it or for why there is none."""

from collections.abc import Mapping

# Of G groups there are C(2G - 1, G) different draws (Hall 1992, appendix I): 3, 10, 35 and 126 of two to five. To leave
# out a fortieth at either end takes more than 40 of them.
FEWEST_GROUPS = 5
RULE = f"A figure has no interval where fewer than {FEWEST_GROUPS} groups are behind it, or no draw of them changes it."


def spread(interval: tuple[float, float] | None, facts: Mapping[str, float | str]) -> str:
    """The interval of a test figure in words, or why there is none; of others than test figures nothing.

    Args:
        facts: of a test figure, what its groups are called, its ``group``; how many ``groups`` there were, where that
            is known; and the ``rarest``, those of the class that has the fewest, where the figure rests on them.
    """
    if "group" not in facts:
        return ""
    if interval is not None:
        return f"95 % interval {interval[0]:.1f} to {interval[1]:.1f}"
    if "groups" not in facts:
        return f"no interval: how many {facts['group']} there were is unknown"
    groups = int(facts["groups"])
    return no_interval(groups, str(facts["group"]), int(facts.get("rarest", groups)))


def no_interval(groups: int, group: str, rarest: int = FEWEST_GROUPS) -> str:
    """Why a figure of so many groups has none: they, or those of the ``rarest`` class, are too few; or no draw does."""
    if groups < FEWEST_GROUPS:
        return f"no interval: {groups} {group} {'is' if groups == 1 else 'are'} too few"
    if rarest < FEWEST_GROUPS:
        have = "has" if rarest == 1 else "have"
        return f"no interval: {rarest} of the {groups} {group} {have} the rarest class, too few"
    return f"no interval: draws from {groups} {group} tell none"


def called(groups: int, plural: str) -> str:
    """What so many groups are called: ``patient`` for one, ``patients`` for more; ``group of images`` for one."""
    first, of, rest = plural.partition(" of ")
    return first.removesuffix("s") + of + rest if groups == 1 else plural
