from __future__ import annotations

import time
from pathlib import Path

import pytest

from learning.classifying.micro_batches import Classifier
from learning.monitoring.dueling import Budget, Dueling
from storage.database.engine import Database
from storage.deliveries import cards
from storage.messages import contents
from storage.models import disagreements, runs, versions
from storage.tables.annotation import Dataset, Stage
from storage.tables.feedback import Answer, Status
from storage.tables.models import Decision, Dispute, Grounds, Phase, Ruling, Run
from tests.databases import on_both
from tests.factories import BEN, TEAM, received, say
from tests.learning.tiny_team import TinyTeam

TEXTS = (
    "where is my invoice",
    "the export crashes",
    "thank you",
    "is my invoice where",
    "crashes the export",
)

# The first seed whose random model often disagrees with the base.
CONTRARY = 2


class Duel(TinyTeam):
    """A champion that says one thing of everything, a challenger in shadow that says the other."""

    def __init__(
        self, database: Database, folder: Path, base: str, people_per_day: int = 100, most: int = 50
    ) -> None:
        super().__init__(database, folder, base)
        self.champion = self.following()
        self.classifier = Classifier(database, TEAM, self.champion.champion, 0.3)
        number = self.version(seed=CONTRARY)
        with database.writing() as session:
            run = runs.ask(session, TEAM, "a test")
            runs.tell(session, run.id, phase=Phase.SHADOW, version=number, stage="in shadow")
            versions.rule(
                session,
                Ruling(
                    team_id=TEAM,
                    run_id=run.id,
                    challenger=number,
                    champion=1,
                    grounds=Grounds.HOLDOUT,
                    decision=Decision.GO_ON,
                    reason="can't tell",
                ),
            )
        self.run_id = run.id
        budget = Budget(people_per_day, reviewers_per_day=0, most=most)
        self.dueling = Dueling(database, TEAM, self.registry, budget, _nothing, _nothing)
        self.dueling.step()

    def write(self, number: int) -> None:
        for at in range(number):
            received(self.database, f"{TEXTS[at % len(TEXTS)]} {at}")
        while self.classifier.predict_waiting().messages:
            pass
        while self.dueling.step() == 0.0:
            pass

    def disputed(self) -> list[Dispute]:
        with self.database.reading() as session:
            return disagreements.of_run(session, self.run_id)

    def review(self, message_id: str, label_id: str) -> None:
        answer = Answer(
            response_id=f"r-{message_id}",
            message_id=message_id,
            team_id=TEAM,
            dataset_id="d",
            round=1,
            reviewer="r1",
            status=Status.SUBMITTED,
            label_id=label_id,
            answered_at=time.time(),
        )
        with self.database.writing() as session:
            session.merge(Dataset(id="d", team_id=TEAM, stage=Stage.CURRENT))
            session.flush()
            session.add(answer)

    def run(self) -> Run:
        with self.database.reading() as session:
            return runs.get(session, self.run_id)


def _nothing() -> None:
    """Nobody to tell."""


@pytest.fixture
def duel(database: Database, tmp_path: Path, tiny_base: str) -> Duel:
    made = Duel(database, tmp_path, tiny_base)
    made.write(40)
    assert len(made.disputed()) >= 12  # the two random models disagree often enough
    return made


@on_both
def test_people_are_asked_on_the_card_which_of_the_two_is_right(duel: Duel) -> None:
    asked = [one for one in duel.disputed() if one.asked_at]
    with duel.database.reading() as session:
        content = contents.of_message(session, asked[0].message_id)
        due = cards.count_due(session, TEAM)

    assert content.choice == (asked[0].champion_label, asked[0].challenger_label)
    assert due >= len(asked)


@on_both
def test_a_challenger_that_people_side_with_is_promoted(duel: Duel) -> None:
    for dispute in duel.disputed()[:12]:
        duel.review(dispute.message_id, dispute.challenger_label)

    duel.dueling.step()

    assert duel.run().phase is Phase.PROMOTED
    assert duel.in_service() == 2
    assert duel.rulings()[0].grounds is Grounds.DUEL
    assert "12" in duel.rulings()[0].reason


def test_a_challenger_that_is_wrong_is_refused_and_its_questions_go_away(duel: Duel) -> None:
    asked = [one for one in duel.disputed() if one.asked_at]
    for dispute in duel.disputed()[:12]:
        duel.review(dispute.message_id, dispute.champion_label)

    duel.dueling.step()

    assert duel.run().phase is Phase.REFUSED
    assert duel.in_service() == 1
    with duel.database.reading() as session:
        assert contents.of_message(session, asked[-1].message_id).choice is None


def test_words_of_somebody_who_is_often_wrong_do_not_decide(duel: Duel) -> None:
    """Reviewers contradict what this person said of other messages."""
    for number in range(12):
        one = received(duel.database, f"where is my invoice, number {number}")
        say(duel.database, one, BEN, duel.known["export"])
        duel.review(one.id, duel.known["invoice"].id)
    for dispute in duel.disputed()[:20]:
        with duel.database.reading() as session:
            label = contents.of_message(session, dispute.message_id).labels[dispute.challenger_label]
            message = contents.of_message(session, dispute.message_id).message
        say(duel.database, message, BEN, label)

    duel.dueling.step()

    assert duel.run().phase is Phase.SHADOW


def test_no_more_is_asked_than_a_day_allows(database: Database, tmp_path: Path, tiny_base: str) -> None:
    duel = Duel(database, tmp_path, tiny_base, people_per_day=10)

    duel.write(60)

    assert len([one for one in duel.disputed() if one.asked_at]) == 2  # a fifth of the day's
