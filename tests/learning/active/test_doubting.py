from __future__ import annotations

import pytest

from learning.active import doubting
from learning.active.doubting import LATEST, PORTION, pays
from storage.database.engine import Database
from storage.feedback import imports, questions
from storage.feedback.imports import Labelled
from storage.models import runs
from storage.privacy import erasure
from storage.tables.messages import Message
from storage.tables.models import Phase
from tests.databases import on_both
from tests.factories import TEAM, label_set, received, review


class Doubted:
    """A team whose latest run found 60 labels suspicious, each of them *bug*."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.known = label_set(database, "bug", "billing")
        self.suspects = [received(database, f"where is my invoice {number}") for number in range(60)]
        bug, billing = self.known["bug"].id, self.known["billing"].id
        found = [{"id": one.id, "label_id": bug, "suggested": billing} for one in self.suspects]
        with database.writing() as session:
            run = runs.ask(session, TEAM, "a test")
            runs.end(session, run.id, Phase.REFUSED, "a test", report={"suspects": found})
            doubting.begin(session, TEAM, {"suspects": found})

    def go_on(self) -> None:
        """What the schedule does each minute."""
        with self.database.reading() as session:
            due = doubting.due(session, TEAM)
        with self.database.writing() as session:
            doubting.ask(session, TEAM, due)

    def asked(self) -> list[Message]:
        """The most suspicious first."""
        with self.database.reading() as session:
            doubted = questions.doubted(session, [one.id for one in self.suspects])
        return [one for one in self.suspects if one.id in doubted]

    def answer(self, some: list[Message], label: str) -> None:
        for one in some:
            review(self.database, one, self.known[label])


@pytest.fixture
def doubted(database: Database) -> Doubted:
    return Doubted(database)


@on_both
def test_the_most_suspicious_labels_are_asked_about_first_and_no_more_before_these_are_answered(
    doubted: Doubted,
) -> None:
    first = doubted.asked()
    doubted.answer(first[:10], "billing")
    doubted.go_on()

    assert first == doubted.suspects[:PORTION]
    assert doubted.asked() == first


@on_both
def test_while_answers_find_labels_wrong_the_next_ones_are_asked_about(doubted: Doubted) -> None:
    doubted.answer(doubted.asked(), "billing")
    doubted.go_on()
    second = doubted.asked()
    doubted.answer(second[PORTION:], "billing")
    doubted.go_on()
    doubted.go_on()

    assert second == doubted.suspects[: 2 * PORTION]
    assert doubted.asked() == doubted.suspects


def test_where_the_labels_were_right_nobody_is_asked_about_the_others(doubted: Doubted) -> None:
    first = doubted.asked()
    doubted.answer(first[:5], "billing")
    doubted.answer(first[5:], "bug")

    doubted.go_on()

    assert doubted.asked() == first


def test_a_few_that_stay_unanswered_hold_nothing_up(doubted: Doubted) -> None:
    doubted.answer(doubted.asked()[:-3], "billing")

    doubted.go_on()

    assert len(doubted.asked()) == 2 * PORTION


def test_what_is_erased_or_was_imported_is_asked_of_nobody(doubted: Doubted) -> None:
    with doubted.database.writing() as session:
        imports.keep(session, TEAM, [Labelled("It crashes", doubted.known["bug"].id)])
        [imported] = imports.labels(session, TEAM)
        erasure.erase(session, [doubted.suspects[40].id])
        asked = doubting.ask(session, TEAM, [imported, doubted.suspects[40].id, doubted.suspects[50].id])

    assert asked == 1
    assert doubted.suspects[50] in doubted.asked()


def test_only_the_latest_answers_decide_whether_it_pays() -> None:
    assert pays([True] * LATEST)
    assert pays([False] * 100 + [True] * LATEST)
    assert not pays([True] * 100 + [False] * LATEST)
