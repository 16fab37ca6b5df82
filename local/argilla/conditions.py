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

from local.argilla.documents import METADATA, RESPONSE, STATUS, SUGGESTION, moment

Sql = tuple[str, list[Any]]

COLUMNS = {"id": "id", "external_id": "external_id", "status": "status"}
TIMES = {"inserted_at": "inserted_at", "updated_at": "updated_at"}
PENDING = "pending"


def condition(dataset: str, wanted: Any) -> Sql:
    """What has to hold for a row of `record` (called r)."""
    if isinstance(wanted, AndFilter):
        parts = [condition(dataset, one) for one in wanted.filters]
        return " AND ".join(f"({sql})" for sql, _ in parts) or "1", [
            one for _, given in parts for one in given
        ]
    if isinstance(wanted.scope, RecordFilterScope):
        return _of_column(wanted)
    if isinstance(wanted.scope, ResponseFilterScope) and not wanted.scope.question:
        return _of_status(dataset, wanted)
    kind, name, user = _facet(wanted.scope)
    return _of_facet(dataset, kind, name, user, _compare("value", wanted))


def order(sorts: list[Any] | None) -> Sql:
    """ORDER BY, records without the value last, earlier records first among equals."""
    terms, given = [], []
    for one in sorts or []:
        sql, values = _sorted_by(one.scope)
        direction = "DESC" if str(getattr(one.order, "value", one.order)) == "desc" else "ASC"
        terms += [f"{sql} IS NULL", f"{sql} {direction}"]
        given += values * 2
    return ", ".join([*terms, "r.row"]), given


def _sorted_by(scope: Any) -> Sql:
    if isinstance(scope, RecordFilterScope):
        return f"r.{_column(str(getattr(scope.property, 'value', scope.property)))}", []
    kind, name, user = _facet(scope)
    of = "record = r.row AND kind = ? AND name = ?" + (" AND user = ?" if user else "")
    average = "CASE WHEN typeof(min(value)) = 'text' THEN min(value) ELSE avg(value) END"
    return f"(SELECT {average} FROM facet WHERE {of})", [kind, name, *([user] if user else [])]  # noqa: S608


def _facet(scope: Any) -> tuple[str, str, str]:
    """Kind, name and user ("" for anybody) of a scope."""
    if isinstance(scope, MetadataFilterScope):
        return METADATA, scope.metadata_property, ""
    if isinstance(scope, SuggestionFilterScope):
        return SUGGESTION + str(scope.property), scope.question, ""
    user = str(scope.user.id) if scope.user else ""
    return (RESPONSE, scope.question, user) if scope.question else (STATUS, "", user)


def _of_facet(dataset: str, kind: str, name: str, user: str, compared: Sql) -> Sql:
    sql, given = compared
    by = " AND user = ?" if user else ""
    chosen = f"SELECT record FROM facet WHERE dataset = ? AND kind = ? AND name = ? AND {sql}{by}"  # noqa: S608
    return f"r.row IN ({chosen})", [dataset, kind, name, *given, *([user] if user else [])]


def _of_status(dataset: str, wanted: Any) -> Sql:
    """The status of responses: pending is that there is none (of this user)."""
    values = [str(getattr(one, "value", one)) for one in wanted.values]
    user = str(wanted.scope.user.id) if wanted.scope.user else ""
    given = [one for one in values if one != PENDING]
    parts = [_of_facet(dataset, STATUS, "", user, _among("value", given))] if given else []
    if PENDING in values:
        sql, parameters = _of_facet(dataset, STATUS, "", user, ("1", []))
        parts.append((f"NOT {sql}", parameters))
    return " OR ".join(f"({sql})" for sql, _ in parts) or "0", [one for _, some in parts for one in some]


def _of_column(wanted: Any) -> Sql:
    name = str(getattr(wanted.scope.property, "value", wanted.scope.property))
    return _compare(f"r.{_column(name)}", wanted, is_time=name in TIMES)


def _column(name: str) -> str:
    return {**COLUMNS, **TIMES}[name]


def _compare(column: str, wanted: Any, is_time: bool = False) -> Sql:
    if isinstance(wanted, TermsFilter):
        return _among(column, [str(getattr(one, "value", one)) for one in wanted.values])
    if isinstance(wanted, RangeFilter):
        return _between(column, _bound(wanted.ge, is_time), _bound(wanted.le, is_time))
    raise ValueError(f"no such filter: {type(wanted).__name__}")


def _among(column: str, values: list[str]) -> Sql:
    """Any of these; numbers are compared as numbers, as they come as text."""
    wanted = [*values, *(number for value in values if (number := _number(value)) is not None)]
    return f"{column} IN ({', '.join('?' * len(wanted))})", wanted


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _between(column: str, low: Any, high: Any) -> Sql:
    parts, given = [f"{column} IS NOT NULL"], []
    for sign, bound in ((">=", low), ("<=", high)):
        if bound is not None:
            parts.append(f"{column} {sign} ?")
            given.append(bound)
    if any(isinstance(one, float) for one in given):
        parts.append(
            f"typeof({column}) IN ('integer', 'real')"
        )  # for SQLite every text is above every number
    return " AND ".join(parts), given


def _bound(value: Any, is_time: bool) -> Any:
    if value is None:
        return None
    if not is_time:
        return float(value)
    try:
        time = datetime.fromisoformat(str(value))
    except ValueError:
        return str(value)
    return moment(time.astimezone(UTC) if time.tzinfo else time)
