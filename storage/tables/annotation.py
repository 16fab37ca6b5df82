"""Tables of the records that Argilla has of messages."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Index,
)
from sqlmodel import Field, SQLModel

from storage.tables.columns import new_id, one_of
from storage.tables.feedback import Panel


class Stage(StrEnum):
    """Where one of a team's datasets in Argilla is in its life."""

    FILLING = "filling"
    CURRENT = "current"
    MOVED = "moved"
    GONE = "gone"


class Dataset(SQLModel, table=True):
    """A team's dataset in Argilla. `seen`: Argilla's time of the last activity whose answers are all stored here.

    `followed_version`, `followed_revision`, `followed_floor`: what all its records that nobody answered were last
    compared with.
    """

    id: str = Field(primary_key=True)
    team_id: str = Field(index=True)
    stage: Stage = one_of(Stage)
    panel: Panel = one_of(Panel, default=Panel.SINGLE)
    seen: str = ""
    moved_at: float | None = None
    followed_version: int = 0
    followed_revision: int = 0
    followed_floor: float | None = None


class Ownership(SQLModel, table=True):
    """The `mark` that a team's datasets in Argilla bear, by which they are told from another bot's."""

    team_id: str = Field(primary_key=True)
    mark: str = Field(default_factory=new_id)


class Record(SQLModel, table=True):
    """A message as one record of a dataset; `record_id` is Argilla's own id, None until it told us.

    `suggested`: what the record says the model thinks. `vector`: the vector field that was sent last. `received_at`:
    that of the message, by which an index has the newest first.
    """

    __table_args__ = (Index("ix_record_newest", "dataset_id", "received_at", "message_id", "round"),)

    message_id: str = Field(primary_key=True, foreign_key="message.id")
    dataset_id: str = Field(primary_key=True, foreign_key="dataset.id")
    round: int = Field(primary_key=True)
    record_id: str | None = None
    suggested: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    vector: str | None = None
    received_at: float = 0.0
