"""What the tests of the web search share."""

import traceback
from typing import Any

from pydantic import SecretStr

from chatbot.sources.exa import ExaSource
from chatbot.sources.unavailable import WebUnavailable
from tests.chatbot.exa_server import KEY, ExaServer

QUESTION = "How is a collapsed lung treated?"
NICE = "https://www.nice.org.uk/guidance/one"
NHS = "https://www.nhs.uk/conditions/collapsed-lung/"
SAYS = "A small pneumothorax may heal without treatment."
ALSO = "A large one is drained with a tube between the ribs."


def source_of(server: ExaServer | str, **how: Any) -> ExaSource:
    """A source that asks this server, once unless ``how`` says otherwise."""
    url = server if isinstance(server, str) else server.url
    return ExaSource(SecretStr(how.pop("key", KEY)), base_url=url, **{"retries": 0, **how})


def safe(error: WebUnavailable, host: str) -> None:
    """The error names the host and the remedy, and neither it nor its trace tells the key."""
    assert host in error.problem and error.remedy and error.exit_code == 3
    assert KEY not in "".join(traceback.format_exception(error))
    assert error.__cause__ is None and (error.__suppress_context__ or error.__context__ is None)
