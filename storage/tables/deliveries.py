"""Tables of what is owed to Slack and Argilla."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Index,
    text,
)
from sqlmodel import Field, SQLModel

from storage.tables.columns import kinds, new_id, one_of
from storage.tables.messages import Lane


class Kind(StrEnum):
    """What happened to a message that Argilla has to hear of."""

    PREDICTION = "prediction"
    CORRECTION = "correction"
    EDIT = "edit"
    ERASURE = "erasure"
    TIE = "tie"


class Delivery(StrEnum):
    """What is owed to Slack besides cards and summaries, which keep their attempts in their own rows."""

    RUN = "run"
    RULING = "ruling"
    BURST = "burst"
    NOTICE = "notice"
    DIGEST = "digest"
    SCOPES = "scopes"


class News(StrEnum):
    """What a notice tells."""

    ARCHIVED = "archived"
    UNARCHIVED = "unarchived"
    SHARED = "shared"
    RENAMED = "renamed"
    PRIVATE = "private"
    PUBLIC = "public"
    DELETED = "deleted"
    REMOVED = "removed"
    BACK = "back"
    GIVEN_UP = "given_up"
    RATE_LIMITED = "rate_limited"
    STILL = "still"
    FOREIGN = "foreign"


class Card(SQLModel, table=True):
    """The bot's answer in Slack to one message: what it should show (`wanted`) and what it shows (`shown`).

    A card with `shown < wanted` is due at `due_at`. `attempted` says that a post may have reached Slack of which we do
    not know. In quiet mode the answer is no post but a `reaction`: the name of the emoji that stands.
    """

    __table_args__ = (
        Index("ix_card_due", "team_id", "due_at", sqlite_where=text("due = 1"), postgresql_where=text("due")),
        Index(
            "ix_card_failed",
            "team_id",
            "channel_id",
            sqlite_where=text("failed IS NOT NULL"),
            postgresql_where=text("failed IS NOT NULL"),
        ),
    )

    message_id: str = Field(primary_key=True, foreign_key="message.id")
    team_id: str
    channel_id: str
    thread_ts: str
    lane: Lane = one_of(Lane, default=Lane.HEARD)
    ts: str | None = None
    reaction: str = ""
    wanted: int = 1
    shown: int = 0
    due: bool = True
    due_at: float = Field(default_factory=time.time)
    attempted: bool = False
    attempts: int = 0
    claimed_until: float = 0.0
    failed: str | None = None


class Pacing(SQLModel, table=True):
    """How fast posts went to one channel: at an even pace, all so far would have been sent by `even_at`.

    `told_at`: when the channel last heard that there is more to answer than may be posted.
    """

    team_id: str = Field(primary_key=True)
    channel_id: str = Field(primary_key=True)
    even_at: float = 0.0
    told_at: float | None = None


class Undelivered(SQLModel, table=True):
    """A delivery that Slack has not taken so far: how often it was tried, and why it was given up, if it was.

    Of a digest, a row that was tried no time says that it is to be posted now.
    """

    team_id: str = Field(primary_key=True)
    kind: Delivery = Field(sa_column=Column(kinds(Delivery), primary_key=True))
    item: str = Field(primary_key=True)
    channel_id: str
    attempts: int = 0
    refused: str | None = None


class Notice(SQLModel, table=True):
    """Something that operators, or a channel, are told once. `told_at`: when they were, or need not be any more."""

    __table_args__ = (Index("ix_notice_team", "team_id", "made_at"),)

    id: str = Field(primary_key=True)
    team_id: str
    news: News = one_of(News)
    channel_id: str = ""
    about: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    made_at: float = Field(default_factory=time.time)
    told_at: float | None = None


class Outbox(SQLModel, table=True):
    """Something that Argilla has to hear of, appended in the transaction in which it happened.

    Gone once it was delivered; `refused` holds why Argilla will never take it. It names the message and quotes
    nothing of it: what is delivered is read when it is delivered.
    """

    __table_args__ = (
        Index(
            "ix_outbox_due",
            "team_id",
            "due_at",
            sqlite_where=text("refused IS NULL"),
            postgresql_where=text("refused IS NULL"),
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    team_id: str
    message_id: str = Field(foreign_key="message.id", index=True)
    kind: Kind = one_of(Kind)
    created_at: float = Field(default_factory=time.time)
    due_at: float = Field(default_factory=time.time)
    attempts: int = 0
    refused: str | None = None


class Digest(SQLModel, table=True):
    """A channel that wishes a digest each week. `begun_at`: since when the latest one may be in Slack; `told_at`: since
    when it is.
    """

    team_id: str = Field(primary_key=True)
    channel_id: str = Field(primary_key=True)
    set_by: str
    set_at: float = Field(default_factory=time.time)
    begun_at: float = 0.0
    told_at: float = 0.0
