"""Tables of summaries, and of what users and reviewers said of them."""

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

from storage.tables.columns import new_id, one_of
from storage.tables.feedback import Status


class Origin(StrEnum):
    """How a summary was asked for."""

    SHORTCUT = "shortcut"
    COMMAND = "command"
    MENTION = "mention"
    LENGTH = "length"


class Making(StrEnum):
    """How far a summary is."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    ERASED = "erased"


class Opinion(StrEnum):
    """What a person said of a summary. By UNDONE they take back all that they said of it."""

    GOOD = "good"
    BAD = "bad"
    EDITED = "edited"
    UNDONE = "undone"


class SummaryConsent(SQLModel, table=True):
    """Whether a channel's messages may be summarized, who said so and since when.

    `over`: messages of more characters are summarized by themselves; None where none is.
    """

    team_id: str = Field(primary_key=True)
    channel_id: str = Field(primary_key=True)
    is_on: bool
    over: int | None = None
    set_by: str
    set_at: float = Field(default_factory=time.time)


class Summary(SQLModel, table=True):
    """A summary that somebody asked for, or that a long message is owed, and how Slack shows it.

    Of what: a thread (`of_ts`), or what was said in a channel since `since` (seconds since 1970), the latest `most`.
    It is shown in the thread `thread_ts`, or where that is None to `asked_by` alone. `sentences`: each with text,
    sources (message ids), support and unfounded. `aside`: why it was not the generative model that spoke.
    `fetched`: up to which ts Slack was asked for what was said. `wanted`, `shown`, `due` and the rest as in Card.
    """

    __table_args__ = (
        Index(
            "ix_summary_due", "team_id", "due_at", sqlite_where=text("due = 1"), postgresql_where=text("due")
        ),
        Index("ix_summary_team", "team_id", "created_at"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    team_id: str
    channel_id: str
    of_ts: str | None = None
    since: float | None = None
    most: int | None = None
    thread_ts: str | None = None
    asked_by: str
    origin: Origin = one_of(Origin)
    making: Making = one_of(Making)
    sentences: list[Any] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    engine: str = ""
    title: str = ""
    version: int | None = None
    messages: int = 0
    people: int = 0
    read: int = 0
    aside: str = ""
    failed: str = ""
    done: float = 0.0
    fetched: str | None = None
    attempts: int = 0
    held_until: float = 0.0
    created_at: float = Field(default_factory=time.time)
    made_at: float | None = None
    ts: str | None = None
    wanted: int = 1
    shown: int = 0
    due: bool = True
    due_at: float = Field(default_factory=time.time)
    attempted: bool = False
    refusals: int = 0
    claimed_until: float = 0.0
    refused: str | None = None


class SummarySource(SQLModel, table=True):
    """A message that a summary was made from: where it is erased, so is the summary. `place`: in order, from 0.

    `meaning`: what the message meant then; the summary is about an earlier text where that is another one now.
    """

    summary_id: str = Field(primary_key=True, foreign_key="summary.id")
    message_id: str = Field(primary_key=True, foreign_key="message.id", index=True)
    place: int
    meaning: int = 0


class SummaryWord(SQLModel, table=True):
    """One word of one person on one summary: good, bad, or what it should say. A person's last word counts."""

    __table_args__ = (Index("ix_summaryword_team", "team_id", "created_at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    summary_id: str = Field(foreign_key="summary.id", index=True)
    team_id: str
    user_id: str
    opinion: Opinion = one_of(Opinion)
    text: str = ""
    created_at: float = Field(default_factory=time.time)


class SummaryReview(SQLModel, table=True):
    """What Argilla has to hear of a summary: state `wanted`, and the state `told` that it knows.

    `record_id` is Argilla's own; `refused` holds why Argilla will never take it.
    """

    __table_args__ = (Index("ix_summaryreview_team", "team_id", "due_at"),)

    summary_id: str = Field(primary_key=True, foreign_key="summary.id")
    team_id: str
    dataset_id: str | None = None
    record_id: str | None = None
    wanted: int = 1
    told: int = 0
    due_at: float = Field(default_factory=time.time)
    attempts: int = 0
    refused: str | None = None


class SummaryAnswer(SQLModel, table=True):
    """One reviewer's response to a summary: what it should say, or (`status` discarded) that nothing is learned of it.

    `text` keeps people as marks, as a summary does.
    """

    __table_args__ = (Index("ix_summaryanswer_team", "team_id", "stored_at"),)

    response_id: str = Field(primary_key=True)
    summary_id: str = Field(foreign_key="summary.id", index=True)
    team_id: str
    reviewer: str
    status: Status = one_of(Status)
    text: str = ""
    answered_at: float
    stored_at: float = Field(default_factory=time.time)


class SummaryLesson(SQLModel, table=True):
    """A summary that a run learned from; `fingerprint` changes when what it should say does."""

    run_id: str = Field(primary_key=True, foreign_key="run.id")
    summary_id: str = Field(primary_key=True, foreign_key="summary.id")
    fingerprint: str
