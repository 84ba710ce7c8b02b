"""Why a language model gave no answer, in words that are safe to show: no key, no reply body, no trace.

Unavailable          the words are made by templates instead; nothing else is lost
├── Unreachable      no connection, or none that the endpoint keeps
├── Refused          the key is missing, wrong, or not allowed to use the model
├── UnknownModel     the endpoint has no such model, or the address is not that of its API
├── Busy             too many requests, or nothing left of the account's credit
├── Failing          the endpoint reports a fault of its own, or turned the request down
├── Unreadable       the reply is not what the protocol says
├── Empty            the reply holds no words
├── TooSlow          nothing came in time
└── Stopped          the visitor stopped it
"""

import asyncio

from diagnosis.errors import Missing

TEMPLATES_STAND = "The words here are made by templates."


class Unavailable(Missing):
    """No answer from the language model."""


class Unreachable(Unavailable):
    pass


class Refused(Unavailable):
    pass


class UnknownModel(Unavailable):
    pass


class Busy(Unavailable):
    pass


class Failing(Unavailable):
    pass


class Unreadable(Unavailable):
    pass


class Empty(Unavailable):
    pass


class TooSlow(Unavailable):
    pass


class Stopped(Unavailable):
    pass


def no_key() -> Refused:
    return Refused(
        "The language model has no key.", "Set OPENAI_API_KEY, or OPENAI_BASE_URL for an endpoint without one."
    )


def stopped() -> Stopped:
    return Stopped("The language model was stopped.", TEMPLATES_STAND)


def empty(host: str) -> Empty:
    return Empty(f"The language model at {host} answered without a word.", "Try again, or name another model.")


def cut(host: str) -> Unreachable:
    return Unreachable(f"The connection to {host} broke off in the middle of the answer.", "Try again.")


def too_slow(host: str, seconds: float) -> TooSlow:
    return TooSlow(
        f"The language model at {host} sent nothing for {seconds:g} seconds, or did not come to an end.",
        "Try again, or raise LIGHTBOX_LLM_TIMEOUT.",
    )


def explained(error: Exception, host: str, model: str, seconds: float, *, begun: bool) -> Unavailable | None:
    """What went wrong at the endpoint, or None for an error that is a fault of this program.

    Args:
        seconds: how long the endpoint may be silent.
        begun: whether part of an answer had arrived.
    """
    import httpx2
    import openai

    match error:
        case Unavailable():
            return error
        case openai.APIStatusError():
            return _status(error.status_code, host, model)
        case TimeoutError() | asyncio.TimeoutError() | openai.APITimeoutError() | httpx2.TimeoutException():
            return too_slow(host, seconds)
        case openai.APIResponseValidationError():
            return _unreadable(host)
        case openai.APIConnectionError() | httpx2.TransportError():
            return cut(host) if begun else _unreachable(host)
        case openai.APIError():  # an error told in the middle of a stream
            return Failing(f"The language model at {host} broke off with an error of its own.", "Try again later.")
        case httpx2.InvalidURL() | httpx2.StreamError():
            return _unreachable(host)
        case ValueError() | TypeError() | KeyError() | IndexError() | AttributeError():
            return _unreadable(host)  # raised by the client's parser for a reply that it did not expect
    return None


def _unreachable(host: str) -> Unreachable:
    return Unreachable(f"The language model at {host} cannot be reached.", "Is it running, and OPENAI_BASE_URL right?")


def _unreadable(host: str) -> Unreadable:
    return Unreadable(
        f"{host} answered in a way that cannot be read.", "Is OPENAI_BASE_URL that of an OpenAI-compatible API?"
    )


def _status(status: int, host: str, model: str) -> Unavailable:
    match status:
        case 401 | 403:
            return Refused(f"{host} did not accept the key (status {status}).", "Check OPENAI_API_KEY.")
        case 404:
            return UnknownModel(
                f"{host} knows no model {model!r} at this address (status 404).",
                "Check LIGHTBOX_LLM_MODEL and OPENAI_BASE_URL.",
            )
        case 402 | 429:
            return Busy(
                f"{host} takes no more requests for now (status {status}).",
                "Wait a little, or check the account there.",
            )
        case _ if 300 <= status < 400:
            return Failing(
                f"{host} sends requests on to another address (status {status}), which is not followed.",
                "Set OPENAI_BASE_URL to that address.",
            )
        case _ if status >= 500:
            return Failing(f"The language model at {host} fails (status {status}).", "Try again later.")
    return Failing(
        f"{host} turned the request down (status {status}).", "Check that LIGHTBOX_LLM_MODEL is a chat model."
    )
