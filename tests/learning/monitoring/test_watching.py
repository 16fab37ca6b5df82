from __future__ import annotations

from pathlib import Path

import pytest

from learning.classifying.micro_batches import Classifier
from learning.data.trust import Belief
from learning.monitoring.watching import Watching
from storage.database.engine import Database
from storage.messages import contents
from storage.tables.messages import Message
from storage.tables.models import Decision, Grounds
from tests.databases import on_both
from tests.factories import ANA, BEN, TEAM, received, say
from tests.learning.tiny_team import TinyTeam

HOUR_S = 3_600.0


class Watched(TinyTeam):
    """A version that took the place of one that was corrected in 2 of 40 messages; ANA is believed, BEN is not."""

    def __init__(self, database: Database, folder: Path, base: str) -> None:
        super().__init__(database, folder, base)
        served = self.following()
        self._classifier = Classifier(database, TEAM, served.champion, 0.3)
        self.correct(self.write(40)[:2])
        self.promote(self.version(seed=1))
        served.follow()

    def write(self, number: int) -> list[Message]:
        written = [received(self.database, f"where is my invoice, number {at}") for at in range(number)]
        while self._classifier.predict_waiting().messages:
            pass
        return written

    def correct(self, some: list[Message], by: str = ANA) -> None:
        for one in some:
            said = self.said(one)
            say(self.database, one, by, next(label for label in self.known.values() if label.id != said))

    def said(self, one: Message) -> str:
        with self.database.reading() as session:
            content = contents.of_message(session, one.id)
        assert content.prediction
        return content.prediction.label_id

    def watching(self, settle_s: float) -> Watching:
        belief = Belief(operators=frozenset({ANA}))
        return Watching(self.database, TEAM, 0.05, settle_s, belief, lambda: None)


@pytest.fixture
def team(database: Database, tmp_path: Path, tiny_base: str) -> Watched:
    return Watched(database, tmp_path, tiny_base)


@on_both
def test_a_new_champion_that_is_corrected_more_often_is_rolled_back_by_itself(team: Watched) -> None:
    team.correct(team.write(30)[:24])

    team.watching(settle_s=0.0).step()

    assert team.in_service() == 1
    latest = team.rulings()[0]
    assert (latest.decision, latest.grounds) == (Decision.ROLL_BACK, Grounds.WATCH)
    assert "24 of 30" in latest.reason


@on_both
def test_it_goes_with_the_correction_that_makes_it_certain_whatever_silence_would_still_say(
    team: Watched,
) -> None:
    watching = team.watching(HOUR_S)
    served, needed = team.write(14), 0

    while team.in_service() == 2 and needed < 12:
        team.correct([served[needed]])
        watching.step()
        needed += 1

    assert team.in_service() == 1
    assert f"{needed} of 14" in team.rulings()[0].reason


def test_a_champion_as_good_as_the_one_before_stays_although_its_corrections_come_before_the_silence(
    team: Watched,
) -> None:
    team.correct(team.write(60)[:3])

    team.watching(HOUR_S).step()

    assert team.in_service() == 2


def test_corrections_by_somebody_who_is_not_believed_roll_nothing_back(team: Watched) -> None:
    team.correct(team.write(14)[:12], by=BEN)

    team.watching(HOUR_S).step()

    assert team.in_service() == 2
