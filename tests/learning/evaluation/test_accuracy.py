from __future__ import annotations

import time

import pytest
from sqlmodel import select

from learning.evaluation import accuracy
from learning.evaluation.accuracy import WEEK_S
from storage.database.engine import Database
from storage.tables.feedback import Label, Word
from storage.tables.models import Prediction
from tests.factories import ANA, TEAM, label_set, measured, predicted, review_at_random, say


@pytest.fixture
def known(database: Database) -> dict[str, Label]:
    return label_set(database, "bug", "billing")


def picked(database: Database, label: Label, right: Label, weeks: float = 0.0) -> None:
    """A message that was answered so many weeks ago, picked at random and reviewed."""
    one = predicted(database, label)
    with database.writing() as session:
        said = session.exec(select(Prediction).where(Prediction.message_id == one.id)).one()
        said.created_at = time.time() - WEEK_S * weeks
    review_at_random(database, one, right)


def test_corrections_alone_say_nothing_of_accuracy(database: Database, known: dict[str, Label]) -> None:
    """Whoever corrects speaks up against mistakes: of 100 answers that were nearly all right, half of the words are."""
    say(database, predicted(database, known["bug"]), ANA, known["billing"])
    say(database, predicted(database, known["bug"]), ANA, known["bug"], Word.CONFIRMED)

    with database.reading() as session:
        assert accuracy.latest(session, TEAM) is None
        assert accuracy.by_week(session, TEAM, 4) == []


def test_the_share_comes_with_its_interval_and_what_it_rests_on(
    database: Database, known: dict[str, Label]
) -> None:
    for right in ("bug", "bug", "bug", "billing"):
        picked(database, known["bug"], known[right])

    with database.reading() as session:
        assert accuracy.latest(session, TEAM) == measured(3, 4)


def test_weeks_begin_with_the_first_that_has_data_and_one_without_data_is_none(
    database: Database, known: dict[str, Label]
) -> None:
    picked(database, known["bug"], known["bug"], 0.5)
    picked(database, known["bug"], known["bug"], 2.4)
    picked(database, known["bug"], known["billing"], 2.6)

    with database.reading() as session:
        assert accuracy.by_week(session, TEAM, 8) == [measured(1, 1), None, measured(1, 2)]
