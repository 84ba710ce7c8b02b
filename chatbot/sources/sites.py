"""The sites that the web is searched on: a list that anyone can edit."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from diagnosis.errors import BadRequest

BUNDLED = Path(__file__).parent / "sites.toml"
MOST = 1200  # hosts that Exa takes with one search
_HOST = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"

Host = Annotated[str, StringConstraints(pattern=rf"^{_HOST}$", max_length=253)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Group(BaseModel):
    """Hosts of one sort.

    Attributes:
        title: what they are, for a reader.
        hosts: each with the name of who answers for it.
        patients: whether they are written for patients and families.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Text
    hosts: dict[Host, Text]
    patients: bool = False


@dataclass(frozen=True)
class Sites:
    """An allow-list.

    Attributes:
        groups: by name, in the order of the file.
        without: hosts below those of the groups that are left out.
    """

    groups: dict[str, Group]
    without: tuple[str, ...] = ()

    @property
    def hosts(self) -> tuple[str, ...]:
        """All hosts, in the order of the file, each once."""
        return tuple(dict.fromkeys(host for group in self.groups.values() for host in group.hosts))

    def allows(self, host: str, among: Iterable[str] | None = None) -> bool:
        """Whether ``host`` is one of ``among`` or below one; all of the list's own where that is None."""
        wanted = self.hosts if among is None else among
        return any(_within(host, one) for one in wanted) and not any(_within(host, one) for one in self.without)

    def narrowed(self, wanted: Sequence[str] = (), *, professional: bool = False) -> tuple[str, ...]:
        """The hosts to search.

        Args:
            wanted: hosts or names of groups; empty for all. What the list does not allow is left out.
            professional: without what is written for patients, unless nothing else is wanted.

        Raises:
            BadRequest: the list allows none of those that are wanted.
        """
        named = [host for one in wanted for host in (self.groups[one].hosts if one in self.groups else (one.lower(),))]
        found = list(dict.fromkeys(named)) if wanted else list(self.hosts)
        below = [host for host in found if self.allows(host)]
        above = [host for host in self.hosts for one in found if one not in below and _within(host, one)]
        allowed = tuple(dict.fromkeys((*below, *above)))
        if not allowed:
            raise BadRequest(
                f"None of these is on the list of sites: {', '.join(wanted)[:200] or 'no site at all'}.",
                "Choose others, or add them to the file that LIGHTBOX_SITES names.",
            )
        if not professional:
            return allowed
        own = [host for group in self.groups.values() if not group.patients for host in group.hosts]
        return tuple(host for host in allowed if any(_within(host, one) for one in own)) or allowed


def _within(host: str, above: str) -> bool:
    return host == above or host.endswith(f".{above}")


def load_sites(path: Path | None = None) -> Sites:
    """The allow-list of a file, or the bundled one.

    Raises:
        BadRequest: the file is missing, is no TOML, names no host, or holds something that is no host.
    """
    source = path or BUNDLED
    try:
        table = tomllib.loads(source.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"The list of sites {source} cannot be read.", "Check LIGHTBOX_SITES.") from error
    except tomllib.TOMLDecodeError as error:
        raise BadRequest(f"The list of sites {source} is no TOML: {error}.", "Write it as sites.toml is.") from error
    try:
        without = TypeAdapter(list[Host]).validate_python(table.pop("without", []))
        groups = TypeAdapter(dict[str, Group]).validate_python(table)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "without"
        why = "is no host such as nice.org.uk" if re.search("pattern", first["type"]) else first["msg"]
        raise BadRequest(
            f"The list of sites {source} has {where}: {first['input']!r:.80} {why}.", "Write it as sites.toml is."
        ) from error
    sites = Sites(groups, tuple(without))
    if not 0 < len(sites.hosts) <= MOST:
        raise BadRequest(f"The list of sites {source} names {len(sites.hosts)} hosts.", f"Name 1 to {MOST}.")
    return sites
