from __future__ import annotations

import time

import pytest
from sqlmodel import select

from learning.evaluation import accuracy
from storage.database.engine import Database
from storage.feedback import judged_predictions
from storage.feedback.judged_predictions import Judged
from storage.reports import digests
from storage.tables.feedback import Label, Word
from storage.tables.messages import Message, Mode
from storage.tables.models import Prediction
from tests.databases import on_both
from tests.factories import (
    ANA,
    BEN,
    OTHER,
    SUPPORT,
    TEAM,
    label_set,
    predicted,
    review,
    review_at_random,
    say,
)


@pytest.fixture
def known(database: Database) -> dict[str, Label]:
    return label_set(database, "bug", "billing")


def answered(database: Database, label: Label, days: float = 0.0, mode: Mode = Mode.REPLY) -> Message:
    """A message that was answered so many days ago."""
    message = predicted(database, label, mode=mode)
    with database.writing() as session:
        one = session.exec(select(Prediction).where(Prediction.message_id == message.id)).one()
        one.created_at = time.time() - judged_predictions.DAY_S * days
    return message


def reviewed(database: Database, since: float = 0.0, most: int | None = None) -> list[bool]:
    """Of each message that counts, latest first: was the answer right?"""
    with database.reading() as session:
        return [one.is_right for one in judged_predictions.reviewed(session, TEAM, since, most)]


def judged(database: Database, days: float = 7.0) -> list[Judged]:
    with database.reading() as session:
        return list(
            judged_predictions.judged(session, TEAM, time.time() - judged_predictions.DAY_S * days, SUPPORT)
        )


@on_both
def test_reviewed_messages_that_were_picked_at_random_count_and_no_others(
    database: Database, known: dict[str, Label]
) -> None:
    review_at_random(database, answered(database, known["bug"]), known["bug"])
    review_at_random(database, answered(database, known["bug"], mode=Mode.ASK), known["billing"])
    review_at_random(database, answered(database, known["bug"]), None)
    review(database, answered(database, known["bug"]), known["billing"])
    say(database, answered(database, known["bug"]), ANA, known["billing"])
    theirs = label_set(database, "bug", team_id=OTHER)["bug"]
    review_at_random(database, answered(database, theirs), theirs)

    assert reviewed(database) == [False, True]


def test_reviewers_outrank_what_people_in_slack_say(database: Database, known: dict[str, Label]) -> None:
    one = answered(database, known["bug"])
    say(database, one, ANA, known["billing"])
    review_at_random(database, one, known["bug"])

    assert reviewed(database) == [True]


def test_the_latest_ones_count_and_those_since_a_moment(database: Database, known: dict[str, Label]) -> None:
    for days, right in ((20, "billing"), (10, "bug"), (2, "bug")):
        review_at_random(database, answered(database, known["bug"], days), known[right])

    assert reviewed(database) == [True, True, False]
    assert reviewed(database, most=2) == [True, True]
    assert reviewed(database, since=time.time() - 7 * judged_predictions.DAY_S) == [True]


def test_a_tie_is_not_counted(database: Database, known: dict[str, Label]) -> None:
    one = answered(database, known["bug"])
    review_at_random(database, one, known["bug"])
    review(database, one, known["billing"], "r2")

    assert reviewed(database) == []


def test_what_people_settled_in_a_channel_says_who_did(database: Database, known: dict[str, Label]) -> None:
    say(database, answered(database, known["bug"]), ANA, known["billing"])
    say(database, answered(database, known["bug"], 8), ANA, known["billing"])
    say(database, predicted(database, known["bug"], channel_id="C9"), ANA, known["billing"])

    assert judged(database) == [Judged(known["bug"].id, known["billing"].id, (ANA,))]


def test_a_correction_that_was_taken_back_or_outvoted_settles_nothing_wrong(
    database: Database, known: dict[str, Label]
) -> None:
    back = answered(database, known["bug"], 2)
    say(database, back, ANA, known["billing"], Word.REACTED)
    say(database, back, ANA, known["billing"], Word.WITHDRAWN)
    outvoted = answered(database, known["bug"], 2)
    say(database, outvoted, ANA, known["billing"])
    say(database, outvoted, BEN, known["bug"], Word.CONFIRMED)
    say(database, outvoted, "U9", known["bug"], Word.CONFIRMED)

    assert judged(database) == [Judged(known["bug"].id, known["bug"].id, (BEN, "U9"))]


@on_both
def test_where_no_label_was_said_to_fit_none_was_right_or_wrong(
    database: Database, known: dict[str, Label]
) -> None:
    one = answered(database, known["bug"])
    with database.writing() as session:
        session.exec(select(Prediction).where(Prediction.message_id == one.id)).one().is_none = True
    review_at_random(database, one, known["bug"])
    say(database, one, ANA, known["bug"])

    with database.reading() as session:
        assert [found.is_none for found in judged_predictions.reviewed(session, TEAM)] == [True]
        assert accuracy.latest(session, TEAM) is None
        of_week = digests.of_week(session, TEAM, SUPPORT)
    assert [found.is_wrong for found in judged(database)] == [True]
    assert (of_week.words, of_week.confusion, of_week.helpers) == (1, None, [(ANA, 1)])
