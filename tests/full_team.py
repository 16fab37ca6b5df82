"""A team that has a row in every table, whichever tables there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Column, Enum, insert
from sqlmodel import SQLModel

from storage.database.engine import Database

# What no team's row stands in: the erasure's own note, and marks of the database as a whole.
OF_NO_TEAM = {"erasure", "probe", "purge", "usedstate"}
MADE_UP: dict[type, Callable[[str], Any]] = {
    str: lambda name: name,
    bytes: lambda name: name.encode(),
    bool: lambda _: False,
    int: lambda _: 1,
    float: lambda _: 0.0,
    dict: lambda _: {},
    object: lambda name: name,  # SQLModel's own kind of text
}


def fill(database: Database, team_id: str) -> None:
    """Let a team have one row in every table."""
    rows: dict[str, dict[str, Any]] = {}
    with database.writing() as session:
        for table in SQLModel.metadata.sorted_tables:
            if table.name not in OF_NO_TEAM:
                rows[table.name] = {column.name: _value(column, team_id, rows) for column in table.c}
                session.connection().execute(insert(table).values(rows[table.name]))


def _value(column: Column[Any], team_id: str, rows: dict[str, dict[str, Any]]) -> Any:
    for key in column.foreign_keys:
        return rows[key.column.table.name][key.column.name]
    if column.table.name == "lease" and column.name == "name":
        return f"courier {team_id}"
    if column.name == "team_id":
        return team_id
    if isinstance(column.type, Enum):
        return column.type.python_type(column.type.enums[0])
    return MADE_UP[column.type.python_type](f"{column.table.name} of {team_id}")
