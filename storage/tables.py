"""The tables. Times are seconds since 1970 (UTC); ids are ours, so that nothing waits for the database."""

from __future__ import annotations

import time
import uuid
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Enum,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    false,
    text,
)
from sqlmodel import Field, SQLModel


def new_id() -> str:
    """A random id: 32 hexadecimal digits."""
    return uuid.uuid4().hex


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


class Kind(StrEnum):
    """What happened to a message that Argilla has to hear of."""

    PREDICTION = "prediction"
    CORRECTION = "correction"
    EDIT = "edit"
    ERASURE = "erasure"
    TIE = "tie"


class Status(StrEnum):
    """What a reviewer did with a record, in Argilla's words."""

    SUBMITTED = "submitted"
    DISCARDED = "discarded"


class Stage(StrEnum):
    """Where one of a team's datasets in Argilla is in its life."""

    FILLING = "filling"
    CURRENT = "current"
    MOVED = "moved"
    GONE = "gone"


class Panel(StrEnum):
    """How many reviewers answer each record of a dataset: as many as settings say, or two at least."""

    SINGLE = "single"
    DOUBLE = "double"


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


class Fate(StrEnum):
    """What became of a burst: an operator has yet to look, kept it, or discarded it."""

    OPEN = "open"
    KEPT = "kept"
    DISCARDED = "discarded"


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


class Outcome(StrEnum):
    """What became of a question about a label: its user kept the label, chose another, or wants no more questions; or
    it was withdrawn, because its message was erased or means something else now.
    """

    KEPT = "kept"
    CHANGED = "changed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Opinion(StrEnum):
    """What a person said of a summary. By UNDONE they take back all that they said of it."""

    GOOD = "good"
    BAD = "bad"
    EDITED = "edited"
    UNDONE = "undone"


def _one_of(choices: type[StrEnum], **others: Any) -> Any:
    """A column for one of `choices`, kept as text: a database's own enumerations are hard to extend."""
    return Field(sa_column=Column(_kinds(choices), nullable=False), **others)


def _kinds(choices: type[StrEnum]) -> Enum:
    values = [choice.value for choice in choices]
    return Enum(choices, native_enum=False, length=16, values_callable=lambda _: values)


def _task() -> Any:
    return _one_of(TaskName, default=TaskName.CLASSIFICATION)


class Channel(SQLModel, table=True):
    """A channel in which somebody chose what the bot does; `keep_days`: for how long its messages are kept;
    `workflows`: posts by workflows, and by apps in the name of a user, are read like users' messages.

    `next_days` takes the place of `keep_days` at `next_at`, unless somebody undoes that before.
    """

    team_id: str = Field(primary_key=True)
    channel_id: str = Field(primary_key=True)
    mode: Mode = _one_of(Mode)
    workflows: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    keep_days: int | None = None
    next_days: int | None = None
    next_at: float | None = None
    next_by: str | None = None
    set_by: str
    set_at: float = Field(default_factory=time.time)


class ScopeNote(SQLModel, table=True):
    """Of which scopes that the installation lacks operators were told; with commas between them."""

    team_id: str = Field(primary_key=True)
    lacking: str
    told_at: float = Field(default_factory=time.time)


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
    source: LabelSource = _one_of(LabelSource)
    proposed_by: str | None = None
    retired_at: float | None = None
    created_at: float = Field(default_factory=time.time)
    file_name: str | None = None
    edited_by: str | None = None
    edited_at: float | None = None


class Choice(SQLModel, table=True):
    """What an operator chose for their team over what the settings of the process say."""

    team_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    value: Any = Field(sa_column=Column(JSON, nullable=False))
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
    mode: Mode = _one_of(Mode)
    lane: Lane = _one_of(Lane, default=Lane.HEARD)
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
    mode: Mode = _one_of(Mode)
    created_at: float = Field(default_factory=time.time)
    likeness: float | None = None
    floor: float | None = None
    is_none: bool = False
    offered: int | None = None


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
    word: Word = _one_of(Word)
    created_at: float = Field(default_factory=time.time)
    foreseen: float | None = None
    twin: str | None = None
    burst_id: str | None = None
    is_held: bool = False
    aside: int | None = None


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
    word: Word | None = Field(default=None, sa_column=Column(_kinds(Word)))
    app: str = ""
    text: str = ""
    edited_ts: str = ""
    is_mention: bool = False
    is_left_alone: bool = False
    due_at: float = Field(default_factory=time.time)
    attempts: int = 0


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
    fate: Fate = _one_of(Fate, default=Fate.OPEN)
    decided_by: str = ""
    decided_at: float | None = None
    flagged_at: float = Field(default_factory=time.time)
    told_at: float | None = None


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
    lane: Lane = _one_of(Lane, default=Lane.HEARD)
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
    kind: Delivery = Field(sa_column=Column(_kinds(Delivery), primary_key=True))
    item: str = Field(primary_key=True)
    channel_id: str
    attempts: int = 0
    refused: str | None = None


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


class Notice(SQLModel, table=True):
    """Something that operators, or a channel, are told once. `told_at`: when they were, or need not be any more."""

    __table_args__ = (Index("ix_notice_team", "team_id", "made_at"),)

    id: str = Field(primary_key=True)
    team_id: str
    news: News = _one_of(News)
    channel_id: str = ""
    about: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    made_at: float = Field(default_factory=time.time)
    told_at: float | None = None


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
    phase: Phase = _one_of(Phase)
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
    side: Side = _one_of(Side)
    drawn_at: float = Field(default_factory=time.time)


class Lesson(SQLModel, table=True):
    """A message that a run learned from, and as what. None of the holdout can be one."""

    __table_args__ = (
        ForeignKeyConstraint(["message_id", "side"], ["split.message_id", "split.side"]),
        CheckConstraint("side = 'training'", name="never_the_holdout"),
    )

    run_id: str = Field(primary_key=True, foreign_key="run.id")
    message_id: str = Field(primary_key=True)
    side: Side = _one_of(Side)
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
    grounds: Grounds = _one_of(Grounds)
    decision: Decision = _one_of(Decision)
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
    kind: Kind = _one_of(Kind)
    created_at: float = Field(default_factory=time.time)
    due_at: float = Field(default_factory=time.time)
    attempts: int = 0
    refused: str | None = None


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
    panel: Panel | None = Field(default=None, sa_column=Column(_kinds(Panel)))
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
    outcome: Outcome | None = Field(default=None, sa_column=Column(_kinds(Outcome)))
    is_shown: bool = False


class OptOut(SQLModel, table=True):
    """A user who wants no questions about the labels that they gave."""

    team_id: str = Field(primary_key=True)
    user_id: str = Field(primary_key=True)
    at: float = Field(default_factory=time.time)


class Dataset(SQLModel, table=True):
    """A team's dataset in Argilla. `seen`: Argilla's time of the last activity whose answers are all stored here.

    `followed_version`, `followed_revision`, `followed_floor`: what all its records that nobody answered were last
    compared with.
    """

    id: str = Field(primary_key=True)
    team_id: str = Field(index=True)
    stage: Stage = _one_of(Stage)
    panel: Panel = _one_of(Panel, default=Panel.SINGLE)
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
    status: Status = _one_of(Status)
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


class Pseudonym(SQLModel, table=True):
    """A person's number in a team, by which Argilla's reviewers tell people apart without knowing them."""

    team_id: str = Field(primary_key=True)
    user_id: str = Field(primary_key=True)
    number: int

    __table_args__ = (UniqueConstraint("team_id", "number"),)


class Lease(SQLModel, table=True):
    """Who alone may do something, until when."""

    name: str = Field(primary_key=True)
    owner: str
    expires_at: float


class UsedState(SQLModel, table=True):
    """A state of an installation that was used, until it expires."""

    nonce: str = Field(primary_key=True)
    expires_at: float = Field(index=True)


class Probe(SQLModel, table=True):
    """Where it is tried whether anything can be stored; no row stays."""

    id: str = Field(default_factory=new_id, primary_key=True)
    filler: str


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
    basis: Basis = _one_of(Basis)
    messages: int
    made_of: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    made_at: float = Field(default_factory=time.time)
    offers_at: float | None = None
    offers_share: float = 0.0
    questions: int = 0


class Job(SQLModel, table=True):
    """Something that a team's bots do at set times: when next, who does it now, and how it went last.

    `failing_since`: of work that never pauses, when `failed` began; None if it goes well.
    """

    team_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    due_at: float
    owner: str = ""
    held_until: float = 0.0
    succeeded_at: float | None = None
    failed: str | None = None
    failing_since: float | None = None


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
    origin: Origin = _one_of(Origin)
    making: Making = _one_of(Making)
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
    opinion: Opinion = _one_of(Opinion)
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
    status: Status = _one_of(Status)
    text: str = ""
    answered_at: float
    stored_at: float = Field(default_factory=time.time)


class SummaryLesson(SQLModel, table=True):
    """A summary that a run learned from; `fingerprint` changes when what it should say does."""

    run_id: str = Field(primary_key=True, foreign_key="run.id")
    summary_id: str = Field(primary_key=True, foreign_key="summary.id")
    fingerprint: str


class Acceptance(SQLModel, table=True):
    """An operator took it upon the team that a model that writes is trained on what people wrote in Slack.

    `policy` is what was quoted to whoever accepted it. It holds until it is withdrawn.
    """

    __table_args__ = (Index("ix_acceptance_team", "team_id", "accepted_at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    team_id: str
    policy: str
    accepted_by: str
    accepted_at: float = Field(default_factory=time.time)
    withdrawn_by: str = ""
    withdrawn_at: float | None = None


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


class OrganizationTeam(SQLModel, table=True):
    """A workspace of an organization that installed the app as a whole."""

    team_id: str = Field(primary_key=True)
    enterprise_id: str = Field(index=True)


class Erasure(SQLModel, table=True):
    """An erasure of a team whose rows are gone: what is still to be removed elsewhere.

    While it stands, the database lets the team's splits go, and no bot serves the team. `artifacts` are digests of
    models that no other team has; `runs` name the folders of training runs; `datasets` are ids in Argilla, where they
    bear the `mark`.
    """

    team_id: str = Field(primary_key=True)
    begun_at: float = Field(default_factory=time.time)
    artifacts: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    runs: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    datasets: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    mark: str | None = None


class Purge(SQLModel, table=True):
    """Text was erased or replaced, and the database's files may still hold its bytes; gone once they do not."""

    id: str = Field(default_factory=new_id, primary_key=True)
    marked_at: float = Field(default_factory=time.time)
