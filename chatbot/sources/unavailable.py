"""Why the web gave no passages, in words that are safe to show: no key, no reply body, no trace.

WebUnavailable       the other sources answer without it
├── Refused          the key is wrong, or may not do this
├── NoCredit         nothing is left of the account's credit
├── Busy             too many searches, here or there
├── Failing          the server reports a fault of its own, or turned the search down
├── Unreachable      no connection, or none that the server keeps
├── Unreadable       the reply is not what the protocol says
└── TooSlow          nothing whole came in time
"""

from diagnosis.errors import Missing

AGAIN = frozenset({408, 429, 500, 502, 503, 504})  # statuses after which the same search may succeed


class WebUnavailable(Missing):
    """No passages from the web."""


class Refused(WebUnavailable):
    pass


class NoCredit(WebUnavailable):
    pass


class Busy(WebUnavailable):
    pass


class Failing(WebUnavailable):
    pass


class Unreachable(WebUnavailable):
    pass


class Unreadable(WebUnavailable):
    pass


class TooSlow(WebUnavailable):
    pass


def bad_key() -> Refused:
    return Refused("EXA_API_KEY holds characters that no key has.", "Copy the key again, without anything around it.")


def own_limit(per_minute: int) -> Busy:
    return Busy(
        f"Lightbox searches the web at most {per_minute} times a minute.",
        "Wait a little, or raise LIGHTBOX_EXA_PER_MINUTE.",
    )


def unreachable(host: str) -> Unreachable:
    return Unreachable(
        f"The web search at {host} cannot be reached.", "Is this machine online, and LIGHTBOX_EXA_URL right?"
    )


def cut(host: str) -> Unreachable:
    return Unreachable(f"The connection to {host} broke off in the middle of the reply.", "Try again.")


def unreadable(host: str) -> Unreadable:
    return Unreadable(f"{host} answered in a way that cannot be read.", "Is LIGHTBOX_EXA_URL the address of Exa's API?")


def too_slow(host: str, seconds: float) -> TooSlow:
    return TooSlow(
        f"The web search at {host} gave no whole reply in {seconds:g} seconds.",
        "Try again, or raise LIGHTBOX_EXA_TIMEOUT.",
    )


def turned_away(status: int, host: str) -> WebUnavailable:
    """What a status other than success means."""
    match status:
        case 401 | 403:
            return Refused(f"{host} did not accept the key (status {status}).", "Check EXA_API_KEY.")
        case 402:
            return NoCredit(
                f"The account at {host} has no credit left (status {status}).",
                "Add credit there, or raise the key's budget.",
            )
        case 429:
            return Busy(f"{host} takes no more searches for now (status {status}).", "Wait a little and try again.")
        case _ if 300 <= status < 400:
            return Failing(
                f"{host} sends searches on to another address (status {status}), which is not followed.",
                "Set LIGHTBOX_EXA_URL to that address, if you know it.",
            )
        case _ if status >= 500:
            return Failing(f"The web search at {host} fails (status {status}).", "Try again later.")
    return Failing(
        f"{host} turned the search down (status {status}).", "Check LIGHTBOX_EXA_URL and LIGHTBOX_EXA_SEARCH."
    )
