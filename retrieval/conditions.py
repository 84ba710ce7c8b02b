"""Filters → the WHERE of a statement, with every value beside it: no text of a query becomes SQL."""

from collections.abc import Collection, Sequence
from typing import LiteralString

from psycopg import sql

from retrieval.database import Connection, sendable
from retrieval.filters import NAMELESS, Filter, unknown_key, unknown_value

_FITTING = "SELECT term, key, value, number, cases FROM lightbox_terms WHERE key = ANY(%s)"


class Where:
    """Conditions on a case, all of which must hold.

    Attributes:
        values: what they compare, by the name of its placeholder.
        least, most: between these lies the number of cases that filters leave, as far as the counts of terms tell.
    """

    def __init__(self, cases: int) -> None:
        self.least = self.most = cases
        self.values: dict[str, object] = {}
        self._parts: list[sql.Composable] = [sql.SQL("true")]

    def add(self, condition: LiteralString, value: object) -> None:
        """One more; ``{}`` stands for its value."""
        name = f"value{len(self.values)}"
        self.values[name] = value
        self._parts.append(sql.SQL(condition).format(sql.Placeholder(name)))

    def into(self, statement: LiteralString) -> sql.Composed:
        """A statement with the conditions where it says ``{fit}``."""
        return sql.SQL(statement).format(fit=sql.SQL(" AND ").join(self._parts))


def conditions(connection: Connection, cases: int, filters: tuple[Filter, ...], without: Collection[str]) -> Where:
    """What filters and names that are left out ask of one of so many cases.

    Raises BadRequest for an unknown key or value.
    """
    where = Where(cases)
    if filters:
        _filtered(where, connection, cases, filters)
    if without:
        _left_out(where, connection, [sendable(name) for name in without])
    return where


def _filtered(where: Where, connection: Connection, cases: int, filters: tuple[Filter, ...]) -> None:
    """Add filters: of one key any may hold, of different keys all must, of exclusions every one."""
    found = connection.execute("SELECT DISTINCT key FROM lightbox_terms")
    keys = sorted({key for (key,) in found} - {NAMELESS})
    for one in filters:
        if one.key not in (NAMELESS, *keys):
            raise unknown_key(one, keys)
    terms = connection.execute(_FITTING, (list({one.key for one in filters}),)).fetchall()
    kept: dict[str, dict[int, int]] = {}
    for one in filters:
        fitting = _fitting(one, [row for row in terms if row[1] == one.key])
        if one.excluded:
            where.add("NOT terms && {}::int[]", list(fitting))
            where.least -= sum(fitting.values())
        else:
            kept.setdefault(one.key, {}).update(fitting)
    for counts in kept.values():
        where.add("terms && {}::int[]", list(counts))
        where.most = min(where.most, sum(counts.values()))
        where.least -= cases - max(counts.values(), default=0)


def _fitting(one: Filter, terms: Sequence[tuple]) -> dict[int, int]:
    """The terms of a filter's key for which it holds, and how many cases have each."""
    if one.value is None:
        low, high = one.bounds
        return {term: cases for term, _, _, number, cases in terms if number is not None and low <= number <= high}
    found = {term: cases for term, _, value, _, cases in terms if value == one.value}
    if not found:
        raise unknown_value(one, [value for _, _, value, _, _ in terms])
    return found


def _left_out(where: Where, connection: Connection, names: list[str]) -> None:
    """Add what is left out: each name is a case, or a patient where no case is called that."""
    found = connection.execute("SELECT id FROM lightbox_cases WHERE id = ANY(%s)", (names,)).fetchall()
    ids = {id for (id,) in found}
    where.add("id <> ALL({}::text[])", sorted(ids))
    where.add("coalesce(patient <> ALL({}::text[]), true)", sorted({*names} - ids))
