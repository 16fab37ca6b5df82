"""Two teams in one database: whatever one asks or does, the other's rows are out of reach."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from sqlmodel import Session, SQLModel, select

from storage.database.engine import Database
from storage.deliveries import cards
from storage.feedback import imports, judged_predictions, labels, resolution
from storage.feedback.labels import LabelSpec
from storage.messages import channels, contents, messages
from storage.models import predictions, versions
from storage.reports import digests, exports, overview
from storage.tables.deliveries import Card
from storage.tables.feedback import Label
from storage.tables.messages import Channel, Message, Mode
from storage.tables.models import Alias, Prediction, Revision, Vector, Version
from storage.workspaces import team_settings
from tests.factories import ANA, OTHER, SUPPORT, TEAM, UNPACED, label_set, predicted, received, say


@pytest.fixture
def theirs(database: Database) -> Message:
    """A message of another team in every state of its life, and everything around it."""
    their_labels = label_set(database, "bug", "billing", team_id=OTHER)
    received(database, team_id=OTHER)
    one = predicted(database, their_labels["bug"])
    refused = predicted(database, their_labels["bug"])
    say(database, one, ANA, their_labels["billing"])
    with database.writing() as session:
        channels.set_mode(session, OTHER, SUPPORT, Mode.REPLY, ANA)
        digests.wish(session, OTHER, SUPPORT, ANA)
        team_settings.choose(session, OTHER, {"timezone": "UTC"}, ANA)
        cards.give_up(session, refused.id, "is_archived", wanted=1)
        version = versions.champion(session, OTHER, "mini", "mini-name")
        versions.revise(session, version, "a", 1)
    return one


def test_nothing_of_another_team_is_read(database: Database, theirs: Message) -> None:
    with database.reading() as session:
        assert messages.waiting(session, TEAM, 9) == []
        assert messages.count_waiting(session, TEAM) == 0
        assert labels.active(session, TEAM) == []
        assert labels.counts(session, TEAM) == {}
        assert resolution.labelled(session, TEAM) == {}
        assert resolution.state(session, TEAM).words == 0
        assert predictions.of_message(session, TEAM, theirs.id) is None
        assert predictions.count(session, TEAM) == 0
        assert cards.next_due(session, TEAM, UNPACED) is None
        assert cards.count_due(session, TEAM) == 0
        assert cards.failures(session, TEAM) == {}
        assert channels.mode_of(session, TEAM, SUPPORT) is Mode.OFF
        assert channels.switched_on(session, TEAM) == []
        assert versions.in_service(session, TEAM) is None
        assert list(exports.settled(session, TEAM)) == []
        assert imports.labels(session, TEAM) == {}
        assert messages.standing_ids(session, TEAM) == []
        assert judged_predictions.reviewed(session, TEAM) == []
        assert digests.due(session, TEAM, math.inf) == []
        assert digests.of_week(session, TEAM, SUPPORT).helpers == []
        assert team_settings.of_team(session, TEAM) == {}
        ours = overview.of_team(session, TEAM)
    assert ours == overview.Overview(TEAM, {}, "none yet", 0, 0, 0, 0, 0, {})


def test_nothing_of_another_team_is_changed(database: Database, theirs: Message) -> None:
    before = _everything(database)

    with database.writing() as session:
        assert cards.claim(session, TEAM, 9, UNPACED).claims == []
        messages.erase(session, TEAM, theirs.channel_id, theirs.ts, is_heard=True)
        labels.synchronize(session, TEAM, [LabelSpec("bug", "another team's words"), LabelSpec("praise")])
        labels.propose(session, TEAM, "Billing", ANA)
        channels.set_mode(session, TEAM, SUPPORT, Mode.OFF, ANA)
        version = versions.champion(session, TEAM, "large", "large-name")
        versions.revise(session, version, "b", 2)

    assert _everything(database) == before


def test_a_card_knows_only_its_own_teams_labels(database: Database, theirs: Message) -> None:
    ours = label_set(database, "bug", "praise")

    with database.reading() as session:
        content = contents.of_message(session, theirs.id)

    assert not {label.id for label in ours.values()} & content.labels.keys()


def _everything(database: Database) -> list[dict[str, Any]]:
    """Every row of the other team."""
    of_team: list[type[Any]] = [Message, Label, Prediction, Card, Channel, Version, Revision, Alias]
    with database.reading() as session:
        rows = [
            row
            for table in of_team
            for row in session.exec(select(table).where(table.team_id == OTHER)).all()
        ]
        return sorted((row.model_dump() for row in [*rows, *_vectors(session)]), key=str)


def _vectors(session: Session) -> Sequence[SQLModel]:
    return session.exec(select(Vector)).all()
