"""Tables of versions, runs and predictions."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel

from storage.tables.columns import new_id, one_of
from storage.tables.messages import Mode


class Side(StrEnum):
    """Whether a labelled message may ever be trained on."""

    TRAINING = "training"
    HOLDOUT = "holdout"


class TaskName(StrEnum):
    """What a model is for: each task has its own runs, versions and champion."""

    CLASSIFICATION = "classification"
    SUMMARIZATION = "summarization"


class Phase(StrEnum):
    """How far a training run is. A challenger that neither was promoted nor refused yet runs in shadow."""

    WAITING = "waiting"
    TRAINING = "training"
    SHADOW = "shadow"
    PROMOTED = "promoted"
    REFUSED = "refused"
    FAILED = "failed"


class Grounds(StrEnum):
    """By what a ruling came about."""

    HOLDOUT = "holdout"
    DUEL = "duel"
    WATCH = "watch"
    SWAP = "swap"
    PERSON = "person"


class Decision(StrEnum):
    """What a ruling decided."""

    PROMOTE = "promote"
    REFUSE = "refuse"
    GO_ON = "go_on"
    ROLL_BACK = "roll_back"


def _task() -> Any:
    return one_of(TaskName, default=TaskName.CLASSIFICATION)


class Vector(SQLModel, table=True):
    """The vector of one message under one encoder: little-endian float16, computed once and kept."""

    message_id: str = Field(primary_key=True, foreign_key="message.id")
    encoder: str = Field(primary_key=True)
    float16: bytes


class Mean(SQLModel, table=True):
    """The mean embedding of a team's messages under one encoder: little-endian float32, of so many messages."""

    team_id: str = Field(primary_key=True)
    encoder: str = Field(primary_key=True)
    messages: int
    float32: bytes
    made_at: float = Field(default_factory=time.time)


class Prediction(SQLModel, table=True):
    """What the model said of a message, and which version said it.

    `ranked` holds the likeliest labels as [label id, probability], likeliest first. `mode`: how it was shown.
    `likeness`: how well any label fits, None in earlier releases; `floor`: the likeness below which none does, None if
    that was not known yet. If `is_none`, `label_id` is the label that comes closest. `offered`: how many of the
    likeliest labels a question about it offers, None unless a set of them was made for such questions.
    """

    __table_args__ = (Index("ix_prediction_team", "team_id", "created_at", "mode"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    message_id: str = Field(foreign_key="message.id", unique=True)
    team_id: str
    version: int
    revision: int
    label_id: str = Field(foreign_key="label.id")
    confidence: float
    margin: float
    ranked: list[Any] = Field(sa_column=Column(JSON, nullable=False))
    cut: bool = False
    mode: Mode = one_of(Mode)
    created_at: float = Field(default_factory=time.time)
    likeness: float | None = None
    floor: float | None = None
    is_none: bool = False
    offered: int | None = None


class Version(SQLModel, table=True):
    """One model of a team, which numbers the models of all its tasks together.

    `encoder` is the fingerprint of its encoder, `base` that of the encoder it was fine-tuned from (its own where it
    was not). `artifact` is the digest of the files that the registry keeps of it, None where the encoder is the one
    that settings name, or that an operator switched to. `card` tells how it was made and how good it is. Of a
    summarizer the two fingerprints also say which model writes.
    """

    team_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    task: TaskName = _task()
    encoder: str
    encoder_name: str
    base: str
    artifact: str | None = None
    run_id: str | None = None
    card: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    created_at: float = Field(default_factory=time.time)


class Run(SQLModel, table=True):
    """One training run: why it was asked for, how far it is, and what became of it.

    `encoder`: it trains nothing, but switches to the encoder of this name. `report` is what was noticed in its data,
    `recipe` how it trains, `failed` why it failed. `noted` counts the
    changes that operators should see, `shown` those that the note in their channel (`note_ts`) shows.
    """

    __table_args__ = (Index("ix_run_team", "team_id", "created_at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    team_id: str
    task: TaskName = _task()
    cause: str
    encoder: str | None = None
    asked_by: str = ""
    phase: Phase = one_of(Phase)
    stage: str = ""
    done: float = 0.0
    seed: int = 0
    attempts: int = 0
    version: int | None = None
    recipe: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    report: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    failed: str | None = None
    picture: bytes | None = None
    picture_text: str = ""
    noted: int = 1
    shown: int = 0
    note_channel: str | None = None
    note_ts: str | None = None
    created_at: float = Field(default_factory=time.time)
    started_at: float | None = None
    ended_at: float | None = None


class Split(SQLModel, table=True):
    """On which side of the split a labelled message is, for ever: the database refuses to change it.

    It goes only with all else of its team.
    """

    __table_args__ = (UniqueConstraint("message_id", "side"),)

    message_id: str = Field(primary_key=True, foreign_key="message.id")
    team_id: str = Field(index=True)
    side: Side = one_of(Side)
    drawn_at: float = Field(default_factory=time.time)


class Lesson(SQLModel, table=True):
    """A message that a run learned from, and as what. None of the holdout can be one."""

    __table_args__ = (
        ForeignKeyConstraint(["message_id", "side"], ["split.message_id", "split.side"]),
        CheckConstraint("side = 'training'", name="never_the_holdout"),
    )

    run_id: str = Field(primary_key=True, foreign_key="run.id")
    message_id: str = Field(primary_key=True)
    side: Side = one_of(Side)
    label_id: str = Field(foreign_key="label.id")


class Ruling(SQLModel, table=True):
    """A verdict on `challenger` against `champion`, the version that then served: what, why, and the numbers.

    A roll back names as `challenger` the version that comes back. `shown_at`: when operators were told.
    """

    __table_args__ = (Index("ix_ruling_team", "team_id", "made_at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    team_id: str
    task: TaskName = _task()
    run_id: str | None = Field(default=None, foreign_key="run.id")
    challenger: int
    champion: int
    grounds: Grounds = one_of(Grounds)
    decision: Decision = one_of(Decision)
    reason: str
    figures: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    made_by: str = ""
    made_at: float = Field(default_factory=time.time)
    shown_at: float | None = None


class Dispute(SQLModel, table=True):
    """A message of which champion and challenger say different things; `asked_at`: when people were asked."""

    __table_args__ = (Index("ix_dispute_asked", "team_id", "asked_at"),)

    run_id: str = Field(primary_key=True, foreign_key="run.id")
    message_id: str = Field(primary_key=True, foreign_key="message.id", index=True)
    team_id: str
    champion_label: str = Field(foreign_key="label.id")
    challenger_label: str = Field(foreign_key="label.id")
    asked_at: float | None = None
    created_at: float = Field(default_factory=time.time)


class Tuning(SQLModel, table=True):
    """The recipe that a team's runs train by, as `corrigible tune` found it."""

    team_id: str = Field(primary_key=True)
    recipe: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    score: float
    made_at: float = Field(default_factory=time.time)


class Revision(SQLModel, table=True):
    """One fit of a version's head, known by a fingerprint of what it was fitted on."""

    team_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    fingerprint: str
    labelled: int
    created_at: float = Field(default_factory=time.time)


class Alias(SQLModel, table=True):
    """A name for a version: `champion` is the classifier in service, `summarizer` the summarizer."""

    team_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    version: int


class Estimate(SQLModel, table=True):
    """The latest estimate of how good a team's model is, as `figures` by name, or why there is none."""

    team_id: str = Field(primary_key=True)
    figures: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    made_at: float = Field(default_factory=time.time)


class Basis(StrEnum):
    """The kind of messages that a floor was made of."""

    RESPONSES = "responses"
    LABELLED = "labelled"
    POOL = "pool"
    NOTHING = "nothing"


class Floor(SQLModel, table=True):
    """The likeness below which no label fits a message, for the version of a team's model that was in service.

    `at` is None if nothing is called none. At most `share` of the messages that have a label should fall below.
    `messages`: how many it was made of. `made_of`: what decides whether it has to be made again.

    A question offers the labels that are at least `offers_at` likely, so that the right one is missing from at most
    `offers_share` of questions; None if the `questions` that it is made of are too few, 0 if that can't be promised.
    """

    team_id: str = Field(primary_key=True)
    version: int
    at: float | None = None
    share: float
    basis: Basis = one_of(Basis)
    messages: int
    made_of: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    made_at: float = Field(default_factory=time.time)
    offers_at: float | None = None
    offers_share: float = 0.0
    questions: int = 0
