"""Columns that tables share."""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Column,
    Enum,
)
from sqlmodel import Field


def new_id() -> str:
    """A random id: 32 hexadecimal digits."""
    return uuid.uuid4().hex


def one_of(choices: type[StrEnum], **others: Any) -> Any:
    """A column for one of `choices`, kept as text: a database's own enumerations are hard to extend."""
    return Field(sa_column=Column(kinds(choices), nullable=False), **others)


def kinds(choices: type[StrEnum]) -> Enum:
    values = [choice.value for choice in choices]
    return Enum(choices, native_enum=False, length=16, values_callable=lambda _: values)
