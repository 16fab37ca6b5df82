from __future__ import annotations

import time

import numpy as np
import pytest
from sqlalchemy import update
from sqlmodel import col

from learning.encoders.encoder import Encoder
from learning.heads.champion import Champion, Served
from learning.heads.head import Head
from learning.monitoring.drifting import WEEK_S, Drifting
from storage.database.engine import Database
from storage.feedback import labels
from storage.feedback.labels import LabelSpec
from storage.messages import messages
from storage.models import predictions, runs, versions
from storage.tables.feedback import Label
from storage.tables.messages import Message
from storage.tables.models import Version
from tests.databases import on_both
from tests.factories import ANA, TEAM, message, prediction, say

TOPICS = {
    "money": ["the invoice", "a refund", "my payment", "the price", "this bill", "our fee"],
    "garden": ["the roses", "a hedge", "my tomatoes", "the compost", "this lawn", "our greenhouse"],
}


class Weeks:
    """A team whose people write about one thing or another, at some time."""

    def __init__(self, database: Database, encoder: Encoder) -> None:
        self.database = database
        self.told: list[str] = []
        with database.writing() as session:
            labels.synchronize(session, TEAM, [LabelSpec("bug"), LabelSpec("praise")])
            self.bug, self.praise = labels.active(session, TEAM)
            versions.champion(session, TEAM, encoder.fingerprint, "base")
        weights = np.zeros((2, encoder.dimensions), dtype=np.float32)
        champion = Champion(Served(1, 0, encoder, Head((self.bug.id, self.praise.id), weights)))
        self.drifting = Drifting(database, TEAM, champion, self.told.append)

    def write(self, topic: str, number: int, days_ago: float) -> list[Message]:
        some = [message(f"What about {TOPICS[topic][at % 6]}, in case {at}?") for at in range(number)]
        with self.database.writing() as session:
            for one in some:
                messages.receive(session, one)
                said = prediction(one, self.bug, created_at=time.time() - days_ago * 86_400)
                predictions.put(session, [said])
        return some

    def judge(self, some: list[Message], label: Label) -> None:
        for one in some:
            say(self.database, one, ANA, label)


@pytest.fixture(scope="module")
def encoder(remembering_encoder: Encoder) -> Encoder:
    return remembering_encoder


@pytest.fixture
def weeks(database: Database, encoder: Encoder) -> Weeks:
    return Weeks(database, encoder)


def test_where_people_write_of_something_else_this_week_it_is_told_why(weeks: Weeks) -> None:
    weeks.write("money", 80, days_ago=10)
    weeks.write("money", 40, days_ago=1)
    weeks.write("garden", 40, days_ago=1)

    weeks.drifting.look()

    [reason] = weeks.told
    assert reason.startswith("what people write has changed (p = ")


def test_where_people_write_as_before_nothing_is_told(weeks: Weeks) -> None:
    weeks.write("money", 80, days_ago=10)
    weeks.write("money", 80, days_ago=1)

    weeks.drifting.look()

    assert weeks.told == []


def test_on_the_first_days_nothing_is_told(weeks: Weeks) -> None:
    weeks.write("money", 100, days_ago=1)

    weeks.drifting.look()

    assert weeks.told == []


@on_both
def test_what_came_after_a_version_was_trained_is_not_what_it_was_made_from(weeks: Weeks) -> None:
    weeks.write("money", 80, days_ago=30)
    weeks.write("garden", 160, days_ago=9)
    weeks.write("garden", 80, days_ago=1)
    with weeks.database.writing() as session:
        run = runs.ask(session, TEAM, "a test")
        made = update(Version).where(col(Version.number) == 1)
        session.connection().execute(made.values(run_id=run.id, created_at=time.time() - 20 * 86_400))

    weeks.drifting.look()

    assert len(weeks.told) == 1


@on_both
def test_where_the_model_is_right_less_often_this_week_it_is_told(weeks: Weeks) -> None:
    before, lately = weeks.write("money", 60, days_ago=10), weeks.write("money", 60, days_ago=1)
    weeks.judge([*before[:55], *lately[:35]], weeks.bug)
    weeks.judge([*before[55:], *lately[35:]], weeks.praise)

    weeks.drifting.look()

    [reason] = weeks.told
    assert "right less often: 58% lately, 92% before" in reason


def test_erased_messages_are_looked_at_no_more(weeks: Weeks) -> None:
    weeks.write("money", 80, days_ago=10)
    lately = weeks.write("garden", 80, days_ago=1)
    with weeks.database.writing() as session:
        gone = update(Message).where(col(Message.id).in_([one.id for one in lately]))
        session.connection().execute(gone.values(erased_at=time.time(), text=""))

    weeks.drifting.look()

    assert weeks.told == []
    with weeks.database.reading() as session:
        assert predictions.between(session, TEAM, time.time() - WEEK_S, time.time(), 10) == []
