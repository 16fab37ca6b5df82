"""Tables of messages and of the channels that they are in."""

from __future__ import annotations

import time
from enum import StrEnum

from sqlalchemy import (
    Column,
    Index,
    UniqueConstraint,
    false,
    text,
)
from sqlmodel import Field, SQLModel

from storage.tables.columns import kinds, new_id, one_of
from storage.tables.feedback import Word


class Mode(StrEnum):
    """What the bot does in a channel."""

    OFF = "off"
    ASK = "ask"
    REPLY = "reply"
    QUIET = "quiet"


class Lane(StrEnum):
    """Who waits for a message's prediction and card: whoever asked the bot, or nobody; it heard it in a channel."""

    ASKED = "asked"
    HEARD = "heard"


class Channel(SQLModel, table=True):
    """A channel in which somebody chose what the bot does; `keep_days`: for how long its messages are kept;
    `workflows`: posts by workflows, and by apps in the name of a user, are read like users' messages.

    `next_days` takes the place of `keep_days` at `next_at`, unless somebody undoes that before.
    """

    team_id: str = Field(primary_key=True)
    channel_id: str = Field(primary_key=True)
    mode: Mode = one_of(Mode)
    workflows: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    keep_days: int | None = None
    next_days: int | None = None
    next_at: float | None = None
    next_by: str | None = None
    set_by: str
    set_at: float = Field(default_factory=time.time)


class Message(SQLModel, table=True):
    """What a person wrote, known by (team, channel, ts). An erased one keeps its row, so that it stays erased.

    `edited_ts` orders its edits: Slack's `edited.ts` of the latest one, and the event's own. `meaning` is counted up by
    edits that change it; `still` is the label that people chose before the latest edit, as long as they are asked
    whether it still fits. `is_addressed`: it mentions us, and that was answered.
    """

    __table_args__ = (
        UniqueConstraint("team_id", "channel_id", "ts"),
        Index(
            "ix_message_waiting",
            "team_id",
            "lane",
            "received_at",
            sqlite_where=text("waiting = 1"),
            postgresql_where=text("waiting"),
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    team_id: str
    channel_id: str
    ts: str
    thread_ts: str | None = None
    user_id: str
    text: str
    mode: Mode = one_of(Mode)
    lane: Lane = one_of(Lane, default=Lane.HEARD)
    waiting: bool = True
    received_at: float = Field(default_factory=time.time)
    erased_at: float | None = None
    edited_ts: str = ""
    meaning: int = 0
    still: str | None = None
    is_addressed: bool = False


class Wording(SQLModel, table=True):
    """A text that an edited message had, known by a digest: what it said is not kept.

    `meaning` is that of the message with this text, `letters` by how many it differs from the first text of that
    meaning, `since` when it last became the message's text.
    """

    message_id: str = Field(primary_key=True, foreign_key="message.id")
    digest: str = Field(primary_key=True)
    meaning: int
    letters: int
    since: float


class Unattributed(SQLModel, table=True):
    """What somebody did of whom Slack has not said yet whether they are a user: it counts for nothing until then.

    A reaction to a message, which says by `word` and `label_id` what a correction will, or a post that the app `app`
    made in somebody's name. `ts`: of that message, or that post. `text`, `edited_ts` and `is_mention`: as of a message;
    `is_left_alone`: it has no words, or is small talk. `user_id`: about whom Slack is asked, at `due_at`.
    """

    __table_args__ = (Index("ix_unattributed_due", "team_id", "due_at"),)

    id: str = Field(primary_key=True)
    team_id: str
    user_id: str
    channel_id: str
    ts: str
    happened_at: float
    label_id: str | None = Field(default=None, foreign_key="label.id")
    word: Word | None = Field(default=None, sa_column=Column(kinds(Word)))
    app: str = ""
    text: str = ""
    edited_ts: str = ""
    is_mention: bool = False
    is_left_alone: bool = False
    due_at: float = Field(default_factory=time.time)
    attempts: int = 0


class ChannelState(SQLModel, table=True):
    """What became of a channel in which the bot is on, as Slack told by events, or was asked at `asked_at`.

    `archived_at`, `shared_at`, `left_at` and `deleted_at` hold since when nothing is posted there. `is_returning`:
    the channel should hear that the bot goes on, if Slack says that it can.
    """

    team_id: str = Field(primary_key=True)
    channel_id: str = Field(primary_key=True)
    name: str = ""
    is_private: bool = False
    archived_at: float | None = None
    shared_at: float | None = None
    left_at: float | None = None
    deleted_at: float | None = None
    is_returning: bool = False
    asked_at: float = 0.0
