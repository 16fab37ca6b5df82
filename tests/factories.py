"""Rows for tests, as the bot would store them; what a test is about is given, the rest made up."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from storage import corrections, labels, messages, predictions, versions
from storage.database import Database
from storage.labels import LabelSpec
from storage.pacing import Pace
from storage.tables import Correction, Label, Message, Mode, Prediction, Version, Word

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
    one = received(database, text, team_id=label.team_id, **given)
    with database.writing() as session:
        predictions.keep_vectors(session, ENCODER, {one.id: np.ones(3, dtype=np.float32)})
        predictions.put(session, [prediction(one, label)])
        predictions.show(session, [one])
        messages.take(session, [one])
    return one


def say(database: Database, of: Message, user: str, label: Label, word: Word = Word.CHANGED) -> Correction:
    """A person's word on a message."""
    said = Correction(message_id=of.id, team_id=of.team_id, user_id=user, label_id=label.id, word=word)
    with database.writing() as session:
        corrections.add(session, said)
    return said


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
