from __future__ import annotations

import time

import pytest
from sqlmodel import select

from storage import record
from storage.database import Database
from storage.record import Stretch
from storage.tables import Label, Message, Mode, Prediction, Word
from tests.factories import ANA, BEN, OTHER, TEAM, label_set, predicted, say

DAY_S = 86_400.0


@pytest.fixture
def known(database: Database) -> dict[str, Label]:
    return label_set(database, "bug", "billing")


def answered(database: Database, label: Label, days: float, mode: Mode = Mode.REPLY) -> Message:
    """A message that was answered so many days ago."""
    message = predicted(database, label, mode=mode)
    with database.writing() as session:
        one = session.exec(select(Prediction).where(Prediction.message_id == message.id)).one()
        one.created_at = time.time() - DAY_S * days
    return message


def of(database: Database, *stretches: tuple[int, int]) -> list[Stretch]:
    with database.reading() as session:
        return record.of_days(session, TEAM, list(stretches))


def test_what_nobody_corrected_for_a_day_is_right_and_what_is_younger_counts_for_nothing(
    database: Database, known: dict[str, Label]
) -> None:
    answered(database, known["bug"], 2)
    answered(database, known["bug"], 0.5)

    assert of(database, (7, 0)) == [Stretch(1, 0)]


@pytest.mark.parametrize("mode", [Mode.ASK, Mode.OFF])
def test_what_nobody_saw_or_was_a_question_nobody_let_stand(
    database: Database, known: dict[str, Label], mode: Mode
) -> None:
    answered(database, known["bug"], 2, mode)
    say(database, answered(database, known["bug"], 2, mode), ANA, known["bug"], Word.CONFIRMED)
    say(database, answered(database, known["bug"], 2, mode), ANA, known["billing"])
    answered(database, known["bug"], 2, Mode.QUIET)

    assert of(database, (7, 0)) == [Stretch(2, 1)]


def test_words_count_at_once(database: Database, known: dict[str, Label]) -> None:
    say(database, answered(database, known["bug"], 0.1), ANA, known["bug"], Word.CONFIRMED)
    say(database, answered(database, known["bug"], 0.1), ANA, known["billing"])
    say(database, answered(database, known["bug"], 3), ANA, known["billing"])

    [week] = of(database, (7, 0))
    assert week == Stretch(1, 2)
    assert week.accuracy == pytest.approx(1 / 3)


def test_a_word_that_was_taken_back_or_outvoted_is_none(database: Database, known: dict[str, Label]) -> None:
    back = answered(database, known["bug"], 2)
    say(database, back, ANA, known["billing"], Word.REACTED)
    say(database, back, ANA, known["billing"], Word.WITHDRAWN)
    outvoted = answered(database, known["bug"], 2)
    say(database, outvoted, ANA, known["billing"])
    say(database, outvoted, BEN, known["bug"], Word.CONFIRMED)
    say(database, outvoted, "U9", known["bug"], Word.CONFIRMED)

    assert of(database, (7, 0)) == [Stretch(2, 0)]


def test_each_stretch_has_its_own_answers_and_no_other_teams(
    database: Database, known: dict[str, Label]
) -> None:
    answered(database, known["bug"], 2)
    say(database, answered(database, known["bug"], 10), ANA, known["billing"])
    answered(database, label_set(database, "bug", team_id=OTHER)["bug"], 2)
    answered(database, known["bug"], 40)

    assert of(database, (30, 0), (7, 0), (14, 7)) == [Stretch(1, 1), Stretch(1, 0), Stretch(0, 1)]
    assert of(database, (21, 14))[0].accuracy is None
