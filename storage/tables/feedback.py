"""Tables of labels, corrections, questions and responses."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Index,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from storage.tables.columns import kinds, new_id, one_of


class LabelSource(StrEnum):
    """Where a label came from."""

    FILE = "file"
    PROPOSED = "proposed"
    IMPORTED = "imported"


class Word(StrEnum):
    """How a person said which label is right.

    By WITHDRAWN they take a reaction back, by UNDONE all that they said of the message; by IMPORTED nobody said
    anything: it came with a file of labelled data.
    """

    CONFIRMED = "confirmed"
    CHANGED = "changed"
    PROPOSED = "proposed"
    REACTED = "reacted"
    WITHDRAWN = "withdrawn"
    UNDONE = "undone"
    IMPORTED = "imported"


class Status(StrEnum):
    """What a reviewer did with a record, in Argilla's words."""

    SUBMITTED = "submitted"
    DISCARDED = "discarded"


class Panel(StrEnum):
    """How many reviewers answer each record of a dataset: as many as settings say, or two at least."""

    SINGLE = "single"
    DOUBLE = "double"


class Fate(StrEnum):
    """What became of a burst: an operator has yet to look, kept it, or discarded it."""

    OPEN = "open"
    KEPT = "kept"
    DISCARDED = "discarded"


class Outcome(StrEnum):
    """What became of a question about a label: its user kept the label, chose another, or wants no more questions; or
    it was withdrawn, because its message was erased or means something else now.
    """

    KEPT = "kept"
    CHANGED = "changed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Label(SQLModel, table=True):
    """One label of a team. A label taken out of use is retired, never deleted.

    One that an operator edited in Slack (`edited_at`) follows labels.toml no more; `file_name` is what it is called
    there.
    """

    __table_args__ = (UniqueConstraint("team_id", "name"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    team_id: str
    name: str
    description: str = ""
    emoji: str = ""
    examples: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    source: LabelSource = one_of(LabelSource)
    proposed_by: str | None = None
    retired_at: float | None = None
    created_at: float = Field(default_factory=time.time)
    file_name: str | None = None
    edited_by: str | None = None
    edited_at: float | None = None


class Correction(SQLModel, table=True):
    """One word of one person on one message. Every word is kept; a person's last word counts.

    One that is held back (`is_held`, by the burst `burst_id`) counts for nothing, and neither does one that is set
    aside: it is about an earlier text of the message, which had the meaning `aside`. `foreseen`: the probability that
    the prediction gave this label, None if it did not know it. `twin`: the known label of a message that says nearly
    the same, "" if there is none, None until it was looked for.
    """

    __table_args__ = (
        Index("ix_correction_team", "team_id", "created_at"),
        Index(
            "ix_correction_burst",
            "burst_id",
            sqlite_where=text("burst_id IS NOT NULL"),
            postgresql_where=text("burst_id IS NOT NULL"),
        ),
        Index(
            "ix_correction_twinless",
            "team_id",
            sqlite_where=text("twin IS NULL"),
            postgresql_where=text("twin IS NULL"),
        ),
        Index(
            "ix_correction_aside",
            "team_id",
            sqlite_where=text("aside IS NOT NULL"),
            postgresql_where=text("aside IS NOT NULL"),
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    message_id: str = Field(foreign_key="message.id", index=True)
    team_id: str
    user_id: str
    label_id: str = Field(foreign_key="label.id")
    word: Word = one_of(Word)
    created_at: float = Field(default_factory=time.time)
    foreseen: float | None = None
    twin: str | None = None
    burst_id: str | None = None
    is_held: bool = False
    aside: int | None = None


class Burst(SQLModel, table=True):
    """Corrections that one user gave in quick succession and that look wrong: held back until an operator decides.

    `began`, `ended`: the first and the latest of them; `share_right`: the estimated share of right ones.
    `told_at`: when the operators' channel was told.
    """

    __table_args__ = (Index("ix_burst_team", "team_id", "flagged_at"),)

    id: str = Field(primary_key=True)
    team_id: str
    user_id: str
    corrections: int
    began: float
    ended: float
    share_right: float
    fate: Fate = one_of(Fate, default=Fate.OPEN)
    decided_by: str = ""
    decided_at: float | None = None
    flagged_at: float = Field(default_factory=time.time)
    told_at: float | None = None


class Question(SQLModel, table=True):
    """A message about which reviewers are asked, and why: `source` is "correction" or the query strategy's name.

    `picked_at`: when it was paid for from the budget, which corrections are not. `is_random`: it belongs to the
    random tenth, by which accuracy is estimated. `rounds`: how often it is asked, more than once after a tie. After an
    edit that changed the meaning it is asked anew: `meanings` holds [first round, meaning] of each such stretch, None
    as long as there is one only. `panel`: in which dataset it is asked first; None until it is delivered for the first
    time.
    """

    __table_args__ = (Index("ix_question_picked", "team_id", "picked_at"),)

    message_id: str = Field(primary_key=True, foreign_key="message.id")
    team_id: str
    source: str
    is_random: bool = False
    picked_at: float | None = None
    rounds: int = 1
    panel: Panel | None = Field(default=None, sa_column=Column(kinds(Panel)))
    meanings: list[Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))


class LabelQuestion(SQLModel, table=True):
    """A question to the user who gave a label that a run found suspicious: is it right, or is `suggested`?

    When the run found it, the message meant `meaning`. `asked_at` is noted before the question is posted, so that it is
    posted once at most: as long as `ts` is None, nobody knows whether it reached Slack. `is_shown`: Slack shows what
    became of it. Not before `due_at` is it posted, or changed.
    """

    __table_args__ = (Index("ix_labelquestion_team", "team_id", "asked_at"),)

    message_id: str = Field(primary_key=True, foreign_key="message.id")
    user_id: str = Field(primary_key=True)
    suggested: str = Field(primary_key=True, foreign_key="label.id")
    team_id: str
    label_id: str = Field(foreign_key="label.id")
    meaning: int = 0
    made_at: float = Field(default_factory=time.time)
    due_at: float = 0.0
    attempts: int = 0
    asked_at: float | None = None
    channel_id: str | None = None
    ts: str | None = None
    outcome: Outcome | None = Field(default=None, sa_column=Column(kinds(Outcome)))
    is_shown: bool = False


class OptOut(SQLModel, table=True):
    """A user who wants no questions about the labels that they gave."""

    team_id: str = Field(primary_key=True)
    user_id: str = Field(primary_key=True)
    at: float = Field(default_factory=time.time)


class Answer(SQLModel, table=True):
    """One reviewer's response to one record: a label, or (`status` discarded) that the message is to be left out.

    `answered_at` is Argilla's time, `stored_at` ours. Each reviewer's latest answer on a message counts; one that is
    set aside, as a correction is, does not. `is_bulk`: it was submitted together with others. `is_brought`: it was
    given elsewhere and sent here by us, so that its time says nothing.
    """

    __table_args__ = (
        Index("ix_answer_team", "team_id", "stored_at"),
        Index(
            "ix_answer_aside",
            "team_id",
            sqlite_where=text("aside IS NOT NULL"),
            postgresql_where=text("aside IS NOT NULL"),
        ),
    )

    response_id: str = Field(primary_key=True)
    message_id: str = Field(foreign_key="message.id", index=True)
    team_id: str
    dataset_id: str = Field(foreign_key="dataset.id")
    round: int
    reviewer: str
    status: Status = one_of(Status)
    label_id: str | None = Field(default=None, foreign_key="label.id")
    answered_at: float
    stored_at: float = Field(default_factory=time.time)
    aside: int | None = None
    is_bulk: bool = False
    is_brought: bool = False


class AccidentalResponse(SQLModel, table=True):
    """A response that is the suggestion and came too soon to be meant: it counts for nothing.

    `asked_at`: when it was deleted in Argilla, so that the reviewer is asked again. That is done once: it stays None if
    the same reviewer's response to the same record was accidental before.
    """

    __table_args__ = (Index("ix_accidentalresponse_team", "team_id", "dataset_id", "answered_at"),)

    response_id: str = Field(primary_key=True)
    message_id: str = Field(foreign_key="message.id", index=True)
    team_id: str
    dataset_id: str = Field(foreign_key="dataset.id")
    round: int
    reviewer: str
    label_id: str = Field(foreign_key="label.id")
    answered_at: float
    asked_at: float | None = None
