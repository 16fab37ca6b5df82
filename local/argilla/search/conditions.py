"""Argilla's filters and sorts as SQL over the index; every value is a parameter, never part of the text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from argilla_server.search_engine.base import (
    AndFilter,
    MetadataFilterScope,
    RangeFilter,
    RecordFilterScope,
    ResponseFilterScope,
    SuggestionFilterScope,
    TermsFilter,
)

from local.argilla.search.documents import LARGEST, METADATA, RESPONSE, STATUS, SUGGESTION, moment, plain
from local.argilla.search.words import storable

Sql = tuple[str, list[Any]]

TIMES = ("inserted_at", "updated_at")
COLUMNS = ("id", "external_id", "status", *TIMES)
PENDING = "pending"


def condition(dataset: str, wanted: Any) -> Sql:
    """What has to hold for a row of `record` (called r)."""
    if isinstance(wanted, AndFilter):
        parts = [condition(dataset, one) for one in wanted.filters]
        return " AND ".join(f"({sql})" for sql, _ in parts) or "1", [one for _, some in parts for one in some]
    if isinstance(wanted.scope, RecordFilterScope):
        name = _column(wanted.scope)
        return _compare(f"r.{name}", wanted, is_time=name in TIMES)
    if isinstance(wanted.scope, ResponseFilterScope) and not wanted.scope.question:
        return _of_status(dataset, wanted)
    return _of_facet(dataset, wanted.scope, _compare("value", wanted))


def order(sorts: list[Any]) -> Sql:
    """ORDER BY, records without the value last, earlier records first among equals."""
    terms, given = [], []
    for one in sorts:
        direction = "DESC" if plain(one.order) == "desc" else "ASC"
        sql, values = _sorted_by(one.scope, direction)
        terms.append(f"{sql} {direction} NULLS LAST")
        given += values
    return ", ".join([*terms, "r.row"]), given


def _sorted_by(scope: Any, direction: str) -> Sql:
    """A record with several values stands where the first of them would, by responses where their mean would."""
    if isinstance(scope, RecordFilterScope):
        return f"r.{_column(scope)}", []
    first = "min(value)" if direction == "ASC" else "max(value)"
    chosen = (
        f"CASE WHEN typeof(min(value)) = 'text' THEN {first} ELSE avg(value) END"
        if isinstance(scope, ResponseFilterScope)
        else first
    )
    kind, name, user = _facet(scope)
    of = "record = r.row AND kind = ? AND name = ?" + (" AND user = ?" if user else "")
    return f"(SELECT {chosen} FROM facet WHERE {of})", [kind, name, *([user] if user else [])]  # noqa: S608


def _facet(scope: Any) -> tuple[str, str, str]:
    """Kind, name and user ("" for anybody) of a scope."""
    if isinstance(scope, MetadataFilterScope):
        return METADATA, scope.metadata_property, ""
    if isinstance(scope, SuggestionFilterScope):
        return SUGGESTION + plain(scope.property), scope.question, ""
    user = str(scope.user.id) if scope.user else ""
    return (RESPONSE, scope.question, user) if scope.question else (STATUS, "", user)


def _of_facet(dataset: str, scope: Any, compared: Sql) -> Sql:
    kind, name, user = _facet(scope)
    sql, given = compared
    by = " AND user = ?" if user else ""
    chosen = f"SELECT record FROM facet WHERE dataset = ? AND kind = ? AND name = ? AND {sql}{by}"  # noqa: S608
    return f"r.row IN ({chosen})", [dataset, kind, name, *given, *([user] if user else [])]


def _of_status(dataset: str, wanted: Any) -> Sql:
    """The status of responses: pending is that there is none (of this user)."""
    values = [plain(one) for one in wanted.values]
    given = [one for one in values if one != PENDING]
    parts = [_of_facet(dataset, wanted.scope, _among("value", given))] if given else []
    if PENDING in values:
        sql, parameters = _of_facet(dataset, wanted.scope, ("1", []))
        parts.append((f"NOT {sql}", parameters))
    return " OR ".join(f"({sql})" for sql, _ in parts) or "0", [one for _, some in parts for one in some]


def _column(scope: Any) -> str:
    name = plain(scope.property)
    if name not in COLUMNS:
        raise ValueError(f"records have no {name!r}")
    return name


def _compare(column: str, wanted: Any, is_time: bool = False) -> Sql:
    if isinstance(wanted, TermsFilter):
        return _among(column, [storable(plain(one)) for one in wanted.values])
    if isinstance(wanted, RangeFilter):
        return _between(column, _bound(wanted.ge, is_time), _bound(wanted.le, is_time))
    raise ValueError(f"no such filter: {type(wanted).__name__}")


def _among(column: str, values: list[str]) -> Sql:
    """Any of these; numbers are compared as numbers, as they come as text."""
    wanted = [*values, *(number for value in values if (number := _number(value)) is not None)]
    return f"{column} IN ({', '.join('?' * len(wanted))})", wanted


def _number(value: str) -> float | int | None:
    """What the text says as a number; None where it says none, or one that SQLite has no place for."""
    for kind in (int, float):  # a long whole number is another one as a float
        try:
            number = kind(value)
        except ValueError:
            continue
        return number if abs(number) < LARGEST else None
    return None


def _between(column: str, low: Any, high: Any) -> Sql:
    """Both bounds are within. For SQLite every text is above every number, so kinds are not compared."""
    parts, given = [f"{column} IS NOT NULL"], []
    for sign, bound in ((">=", low), ("<=", high)):
        if bound is not None:
            parts.append(f"{column} {sign} ?")
            given.append(bound)
    if any(isinstance(one, str) for one in given):
        parts.append(f"typeof({column}) = 'text'")
    elif given:
        parts.append(f"typeof({column}) IN ('integer', 'real')")
    return " AND ".join(parts), given


def _bound(value: Any, is_time: bool) -> Any:
    if value is None:
        return None
    if not is_time:
        number = _number(str(value))
        return storable(str(value)) if number is None else number
    try:
        time = datetime.fromisoformat(str(value))
    except ValueError:
        return storable(str(value))
    return moment(time.astimezone(UTC) if time.tzinfo else time)
