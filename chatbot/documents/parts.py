"""What a reader makes of a file: its text in parts that no passage crosses."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A page, or what stands below one heading; ``page`` from 1, or None where there are none."""

    text: str
    heading: str = ""
    page: int | None = None


@dataclass(frozen=True)
class Parts:
    """A file's text in order, and the title that it gives itself, or None."""

    parts: tuple[Part, ...]
    title: str | None = None


def under_headings(lines: list[tuple[str, bool]]) -> tuple[Part, ...]:
    """(line, is it a heading) in order → parts below their headings; a heading alone is not kept."""
    found: list[Part] = []
    heading, held = "", list[str]()
    for line, is_heading in [*lines, ("", True)]:
        if not is_heading:
            held.append(line)
            continue
        if any(one.strip() for one in held):
            found.append(Part("\n".join(held).strip("\n"), heading))
        heading, held = line.strip(), []
    return tuple(found)
