from __future__ import annotations

import time

import pytest

from learning.classifying.examples import LabelExamples, gather
from learning.data.trust import HEAD_MOST, Belief
from storage.database.engine import Database
from storage.feedback import imports, responses
from storage.feedback.imports import Labelled
from storage.tables.annotation import Dataset, Stage
from storage.tables.feedback import Answer, Label, Status
from storage.tables.messages import Message
from tests.databases import on_both
from tests.factories import ANA, BEN, CAT, ENCODER, TEAM, label_set, received, say

pytestmark = on_both
HELD_OUT = 0.3


class Team:
    """An operator, Ana, reviewers, and newcomers."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.known: dict[str, Label] = label_set(database, "bug", "billing")
        self._number = 0
        with database.writing() as session:
            session.add(Dataset(id="d", team_id=TEAM, stage=Stage.CURRENT))

    def write(self) -> Message:
        self._number += 1
        return received(self.database, f"What is this about, and where is number {self._number}?")

    def speak(self, *users: str, times: int, label: str = "bug") -> set[str]:
        """Each of these users says the same of so many messages, one after the other; their ids."""
        about = [self.write() for _ in range(times)]
        for one in about:
            for user in users:
                say(self.database, one, user, self.known[label])
        return {one.id for one in about}

    def review(self, message_ids: set[str], label: str) -> None:
        with self.database.writing() as session:
            for message_id in message_ids:
                answer = Answer(
                    response_id=f"r-{message_id}",
                    message_id=message_id,
                    team_id=TEAM,
                    dataset_id="d",
                    round=1,
                    reviewer="r1",
                    status=Status.SUBMITTED,
                    label_id=self.known[label].id,
                    answered_at=time.time(),
                )
                responses.replace(session, (message_id, 1), "d", [answer], TEAM)

    def lessons(self) -> LabelExamples:
        belief = Belief(operators=frozenset({ANA}))
        return gather(self.database, TEAM, ENCODER, HELD_OUT, belief)


@pytest.fixture
def team(database: Database) -> Team:
    made = Team(database)
    with database.writing() as session:  # without two labels there is nothing to learn from
        rows = [Labelled(f"Imported {number}", made.known["billing"].id) for number in range(20)]
        imports.keep(session, TEAM, rows)
    return made


def test_neither_training_nor_the_holdout_sees_what_newcomers_say_and_the_head_sees_so_many(
    team: Team,
) -> None:
    of_operator = team.speak(ANA, times=20)
    reviewed = {one.id for one in [team.write() for _ in range(20)]}
    team.review(reviewed, "bug")
    of_newcomers = team.speak(BEN, times=30, label="billing") | team.speak(
        BEN, CAT, times=10, label="billing"
    )

    found = team.lessons()

    learned, held_out = set(found.learned), {example.id for example in found.holdout}
    assert learned & of_operator
    assert learned & reviewed
    assert held_out
    assert held_out <= reviewed
    assert not (learned | held_out) & of_newcomers
    assert 0 < len({example.id for example in found.said} & of_newcomers) <= 2 * HEAD_MOST


def test_whoever_reviewers_agree_with_is_learned_from_and_whoever_they_disagree_with_is_not(
    team: Team,
) -> None:
    right, wrong = team.speak(BEN, times=12), team.speak(CAT, times=12)
    team.review(right, "bug")
    team.review(wrong, "billing")
    later, of_other = team.speak(BEN, times=20), team.speak(CAT, times=20)

    learned = set(team.lessons().learned)

    assert learned & later
    assert not learned & of_other


def test_an_operator_who_says_the_same_later_vouches_for_a_newcomer(team: Team) -> None:
    team.speak(BEN, ANA, times=12)
    team.speak(ANA, CAT, times=12)
    later, of_other = team.speak(BEN, times=20), team.speak(CAT, times=20)

    learned = set(team.lessons().learned)

    assert learned & later
    assert not learned & of_other
