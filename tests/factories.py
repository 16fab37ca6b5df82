"""Rows for tests, as the bot would store them; what a test is about is given, the rest made up."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from learning.evaluation.accuracy import Accuracy
from learning.evaluation.estimate import accuracy
from storage.database.engine import Database
from storage.deliveries.pacing import Pace
from storage.feedback import corrections, labels, questions
from storage.feedback.labels import LabelSpec
from storage.messages import messages, unattributed
from storage.models import predictions, versions
from storage.tables.annotation import Dataset, Stage
from storage.tables.feedback import Answer, Correction, Label, Status, Word
from storage.tables.messages import Message, Mode, Unattributed
from storage.tables.models import Prediction, Version

TEAM, OTHER = "T1", "T2"
SUPPORT = "C1"
ANA, BEN, CAT = "U1", "U2", "U3"
ENCODER = "0123456789abcdef"
UNPACED = Pace(1_000, 1_000)

_numbers = itertools.count(1)


def message(text: str = "Where is my invoice?", **given: Any) -> Message:
    """A message of its own `ts`, not stored."""
    standard = {"team_id": TEAM, "channel_id": SUPPORT, "user_id": ANA, "mode": Mode.REPLY}
    return Message(text=text, **{"ts": f"1700000000.{next(_numbers):06}", **standard, **given})


def received(database: Database, text: str = "Where is my invoice?", **given: Any) -> Message:
    """A message that is stored and waits."""
    one = message(text, **given)
    with database.writing() as session:
        assert messages.receive(session, one)
    return one


def label_set(database: Database, *names: str, team_id: str = TEAM) -> dict[str, Label]:
    """The labels of a team, by name, as a file with these names would make them."""
    with database.writing() as session:
        labels.synchronize(session, team_id, [LabelSpec(name) for name in names])
    with database.reading() as session:
        return {label.name: label for label in labels.active(session, team_id)}


def prediction(of: Message, label: Label, **given: Any) -> Prediction:
    """What a model might have said of a message, not stored."""
    said = {"label_id": label.id, "confidence": 0.8, "margin": 0.6, "ranked": [[label.id, 0.8]]}
    standard = {"version": 1, "revision": 0, "mode": of.mode, **said}
    return Prediction(message_id=of.id, team_id=of.team_id, **{**standard, **given})


def predicted(database: Database, label: Label, text: str = "Where is my invoice?", **given: Any) -> Message:
    """A message with vector, prediction and card."""
    [one] = predicted_all(database, label, [text], **given)
    return one


def predicted_all(database: Database, label: Label, texts: Sequence[str], **given: Any) -> list[Message]:
    """Messages with vector, prediction and card, stored together."""
    some = [message(text, team_id=label.team_id, **given) for text in texts]
    with database.writing() as session:
        for one in some:
            assert messages.receive(session, one)
    with database.writing() as session:
        predictions.keep_vectors(session, ENCODER, {one.id: np.ones(3, dtype=np.float32) for one in some})
        predictions.put(session, [prediction(one, label) for one in some])
        predictions.show(session, some)
        messages.take(session, some)
    return some


def say(database: Database, of: Message, user: str, label: Label, word: Word = Word.CHANGED) -> Correction:
    """A person's word on a message."""
    said = Correction(message_id=of.id, team_id=of.team_id, user_id=user, label_id=label.id, word=word)
    with database.writing() as session:
        corrections.add(session, said)
    return said


def waiting_post(database: Database, text: str = "Where is my invoice?", **given: Any) -> Unattributed:
    """A post that an app made in a user's name, of whom Slack has not said yet whether they are one."""
    number = next(_numbers)
    standard = {"team_id": TEAM, "user_id": ANA, "channel_id": SUPPORT, "ts": f"1700000000.{number:06}"}
    post = Unattributed(
        id=f"post {number}", text=text, app="B1", **{"happened_at": float(number), **standard, **given}
    )
    with database.writing() as session:
        assert unattributed.keep(session, post)
    return post


def waiting_reaction(database: Database, of: Message, label: Label, **given: Any) -> Unattributed:
    """A reaction to a message by somebody of whom Slack has not said yet whether they are a user."""
    number = next(_numbers)
    standard = {"user_id": ANA, "word": Word.REACTED, "happened_at": float(number)}
    reaction = Unattributed(
        id=f"reaction {number}",
        team_id=of.team_id,
        channel_id=of.channel_id,
        ts=of.ts,
        label_id=label.id,
        **{**standard, **given},
    )
    with database.writing() as session:
        assert unattributed.keep(session, reaction)
    return reaction


def review(database: Database, of: Message, label: Label | None, reviewer: str = "r1") -> None:
    """A reviewer says what a message is; None discards it."""
    response_id = f"{reviewer}-{of.id}"
    answer = Answer(
        response_id=response_id,
        message_id=of.id,
        team_id=of.team_id,
        dataset_id=f"d-{of.team_id}",
        round=1,
        reviewer=reviewer,
        status=Status.SUBMITTED if label else Status.DISCARDED,
        label_id=label.id if label else None,
        answered_at=time.time(),
    )
    with database.writing() as session:
        session.merge(Dataset(id=answer.dataset_id, team_id=of.team_id, stage=Stage.CURRENT))
        session.flush()
        session.add(answer)


def review_at_random(database: Database, of: Message, label: Label | None) -> None:
    """A message is picked at random, and a reviewer says what it is; None discards it."""
    with database.writing() as session:
        questions.ask(session, of.team_id, of.id, questions.RANDOM, is_random=True)
    review(database, of, label)


def measured(right: int, of: int) -> Accuracy:
    """The accuracy of a model that was right in so many of these messages."""
    share = accuracy(right, of)
    assert share
    return Accuracy(share, of)


def second_version(database: Database, team_id: str = TEAM) -> int:
    """A version that is as the first one is, and can take its place; its number."""
    with database.writing() as session:
        first = versions.get(session, team_id, 1)
        second = Version(
            team_id=team_id,
            number=2,
            encoder=first.encoder,
            encoder_name=first.encoder_name,
            base=first.base,
        )
        session.add(second)
    return 2


def together(*steps: Any) -> list[Any]:
    """Run all steps at the same time, each in a thread; what they return, or the first one's error."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    ready = Barrier(len(steps))

    def run(step: Any) -> Any:
        ready.wait()
        return step()

    with ThreadPoolExecutor(len(steps)) as pool:
        return list(pool.map(run, steps))
