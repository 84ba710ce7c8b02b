"""Prompts are files in ``agents/prompts``: a name, a version, and text with ``{placeholders}``."""

import string
from dataclasses import dataclass
from pathlib import Path

from diagnosis.errors import BadRequest, Missing

FOLDER = Path(__file__).parent / "prompts"
FENCE = "---\n"


@dataclass(frozen=True)
class Prompt:
    """A prompt as its file has it."""

    name: str
    version: str
    text: str

    @property
    def reference(self) -> str:
        """``name@version``, as a report shows it."""
        return f"{self.name}@{self.version}"

    @property
    def placeholders(self) -> frozenset[str]:
        """Names in braces."""
        return frozenset(name for _, name, _, _ in string.Formatter().parse(self.text) if name is not None)

    def fill(self, **values: str) -> str:
        """The text with every placeholder filled. Values are put in as they are: braces in them mean nothing."""
        return self.text.format(**values)


def load_prompt(name: str, *placeholders: str, folder: Path = FOLDER) -> Prompt:
    """Read ``name``.md, whose placeholders must be exactly those that the code fills.

    Raises:
        Missing: there is no such file.
        BadRequest: its head or its placeholders are not as they must be.
    """
    path = folder / f"{name}.md"
    if not path.is_file():
        raise Missing(f"The prompt {path.name} is missing.", f"Put it back into {folder}.")
    prompt = _parse(path.read_text("utf-8"), path.name)
    if prompt.name != name:
        raise BadRequest(f"{path.name} says that its name is {prompt.name!r}.", f"Call it {name}.")
    try:
        found = prompt.placeholders
    except ValueError as error:
        raise BadRequest(f"{path.name}: {error}.", "Write {{ and }} for braces that are no placeholder.") from error
    if found != set(placeholders):
        wrong = ", ".join(sorted(found ^ set(placeholders)))
        raise BadRequest(
            f"{path.name} has the wrong placeholders: {wrong}.",
            f"It needs exactly: {', '.join(placeholders) or 'none'}.",
        )
    return prompt


def _parse(text: str, file: str) -> Prompt:
    """``---``, ``name: …``, ``version: …``, ``---``, and the text."""
    empty, opened, rest = text.partition(FENCE)
    head, closed, body = rest.partition("\n" + FENCE)
    fields = dict(line.partition(":")[::2] for line in head.splitlines())
    if empty or not opened or not closed or list(fields) != ["name", "version"] or not body.strip():
        raise BadRequest(f"{file} does not begin as a prompt must.", "Begin it as agents/prompts/explain.md does.")
    return Prompt(fields["name"].strip(), fields["version"].strip(), body.strip())
