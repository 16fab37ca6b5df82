from __future__ import annotations

import pytest

from bot.permissions.operations import (
    AlreadyServingError,
    BurstGrownError,
    NotAnOperatorError,
    NotServingError,
    Operations,
    OperationWakers,
)
from learning.summary_training.serving import NONE, SummarizerSource
from storage.database.engine import Database
from storage.deliveries import cards, notices
from storage.deliveries.notices import NothingGivenUpError
from storage.deliveries.undelivered import GivenUp
from storage.feedback import bursts
from storage.models import runs, versions
from storage.models.runs import RunUnderWayError
from storage.models.versions import NothingToRollBackToError, VersionNotFoundError
from storage.tables.feedback import Burst, Fate
from storage.tables.models import Decision, Grounds, Phase, Run, TaskName
from tests.factories import ANA, BEN, TEAM, label_set, predicted, say, together


class Office:
    """One team with v1 in service and v2 in shadow, and its operator Ana."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.woken: list[str] = []
        wakers = OperationWakers(
            *(lambda who=who: self.woken.append(who) for who in ("train", "swap", "tell", "learn", "deliver"))
        )
        self.operations = Operations(database, TEAM, (ANA,), wakers, SummarizerSource(NONE, None, 1, 1.0))
        with database.writing() as session:
            parent = versions.champion(session, TEAM, "base", "base")
            self.run_id = runs.ask(session, TEAM, "a test").id
            versions.register(session, TEAM, self.run_id, parent, "tuned", "digest", {})
            runs.tell(session, self.run_id, phase=Phase.SHADOW, version=2)

    @property
    def in_service(self) -> int | None:
        with self.database.reading() as session:
            return versions.in_service(session, TEAM)

    @property
    def run(self) -> Run:
        with self.database.reading() as session:
            return runs.get(session, self.run_id)


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


def test_of_two_who_have_something_tried_again_one_does(database: Database) -> None:
    office = Office(database)
    bug = label_set(database, "bug")["bug"]
    one = predicted(database, bug)
    with database.writing() as session:
        cards.give_up(session, one.id, "restricted_action", wanted=1)
        notices.add_given_up(session, TEAM, one.channel_id, "restricted_action")
        [notice] = notices.to_tell(session, TEAM)

    again = office.operations.try_again(notice.id)
    with pytest.raises(NothingGivenUpError):
        office.operations.try_again(notice.id)

    assert again == GivenUp(one.channel_id, "restricted_action", 1)
    assert office.woken == ["deliver"]
    with database.reading() as session:
        assert cards.count_due(session, TEAM) == 1


def test_only_those_whom_settings_name_are_operators(office: Office) -> None:
    office.operations.check(ANA)

    with pytest.raises(NotAnOperatorError, match="names them in OPERATORS"):
        office.operations.check(BEN)


def test_a_run_is_asked_for_by_a_person_and_begins_at_once(office: Office) -> None:
    office.operations.retrain(ANA)

    with office.database.reading() as session:
        run = runs.latest(session, TEAM)
    assert run
    assert (run.phase, run.asked_by) == (Phase.WAITING, ANA)
    assert office.woken == ["train", "tell"]
    assert office.run.phase is Phase.REFUSED  # the one in shadow makes way
    with pytest.raises(RunUnderWayError):
        office.operations.retrain(ANA)


def test_a_person_promotes_the_challenger_in_shadow_whose_duel_ends(office: Office) -> None:
    office.operations.promote(2, ANA)

    assert office.in_service == 2
    assert office.woken == ["swap", "tell"]
    assert office.run.phase is Phase.PROMOTED
    with office.database.reading() as session:
        [ruling] = versions.rulings(session, TEAM, 5)
    assert (ruling.decision, ruling.grounds, ruling.made_by) == (Decision.PROMOTE, Grounds.PERSON, ANA)
    with pytest.raises(AlreadyServingError, match="v2 is in service already"):
        office.operations.promote(2, ANA)
    with pytest.raises(VersionNotFoundError, match="no version 7"):
        office.operations.promote(7, ANA)


def test_of_two_clicks_on_roll_back_the_second_says_that_nothing_was_changed(office: Office) -> None:
    office.operations.promote(2, ANA)
    office.operations.roll_back_from(2, ANA)
    assert office.in_service == 1

    with pytest.raises(NotServingError, match="v2 is not in service any more"):
        office.operations.roll_back_from(2, ANA)
    assert office.in_service == 1


def test_of_two_who_press_roll_back_at_once_one_rolls_back(office: Office) -> None:
    office.operations.promote(2, ANA)

    def press() -> bool:
        try:
            office.operations.roll_back_from(2, ANA)
        except NotServingError:
            return False
        return True

    assert sorted(together(press, press)) == [False, True]
    with office.database.reading() as session:
        rulings = versions.rulings(session, TEAM, 9)
    assert [one.decision for one in rulings] == [Decision.ROLL_BACK, Decision.PROMOTE]


def test_the_first_version_took_nobodys_place(office: Office) -> None:
    with pytest.raises(NothingToRollBackToError):
        office.operations.roll_back(ANA)


def test_the_note_of_a_run_follows_each_swap_of_its_version(office: Office) -> None:
    with office.database.writing() as session:
        run = runs.get(session, office.run_id)
        runs.noted(session, run.id, run.noted, "C1", "1.1")
    office.operations.promote(2, ANA)
    with office.database.writing() as session:
        run = runs.get(session, office.run_id)
        runs.noted(session, run.id, run.noted, "C1", "1.1")
        assert runs.to_note(session, TEAM) is None

    office.operations.roll_back(ANA)

    with office.database.reading() as session:
        assert runs.to_note(session, TEAM)


def test_each_task_is_retrained_and_rolled_back_by_itself(office: Office) -> None:
    task = TaskName.SUMMARIZATION
    with office.database.writing() as session:
        writer = versions.champion(session, TEAM, "base", "a writer", task)
        tuned = versions.register(session, TEAM, "run", writer, "base", "digest", {})
    office.operations.promote(tuned.number, ANA)
    office.operations.retrain(ANA, task)

    back = office.operations.roll_back(ANA, task)

    assert (back.challenger, back.champion) == (writer.number, tuned.number)
    assert office.in_service == 1
    with office.database.reading() as session:
        assert versions.in_service(session, TEAM, task) == writer.number
    assert office.run.phase is Phase.SHADOW  # the classifier's run is another one
    with pytest.raises(RunUnderWayError):
        office.operations.retrain(ANA, task)


def test_the_button_on_a_note_rolls_back_the_version_that_it_names_of_whatever_task(office: Office) -> None:
    task = TaskName.SUMMARIZATION
    with office.database.writing() as session:
        writer = versions.champion(session, TEAM, "base", "a writer", task)
        tuned = versions.register(session, TEAM, "run", writer, "base", "digest", {})
    office.operations.promote(tuned.number, ANA)

    office.operations.roll_back_from(tuned.number, ANA)

    with office.database.reading() as session:
        assert versions.in_service(session, TEAM, task) == writer.number
    with pytest.raises(NotServingError):
        office.operations.roll_back_from(tuned.number, ANA)


def test_an_operator_decides_about_the_corrections_that_they_saw_and_no_others(office: Office) -> None:
    known = label_set(office.database, "bug", "billing")
    first = say(office.database, predicted(office.database, known["bug"]), BEN, known["billing"])
    at = first.created_at
    burst = Burst(id="b1", team_id=TEAM, user_id=BEN, corrections=0, began=at, ended=at, share_right=0.1)
    with office.database.writing() as session:
        bursts.flag(session, burst)
    say(office.database, predicted(office.database, known["bug"]), BEN, known["billing"])

    for seen in ("1", ""):
        with pytest.raises(BurstGrownError):
            office.operations.decide_burst("b1", seen, Fate.KEPT, ANA)
    with office.database.reading() as session:
        assert bursts.count_waiting(session, TEAM) == 1
    assert office.woken == []

    assert office.operations.decide_burst("b1", "2", Fate.KEPT, ANA).fate is Fate.KEPT


def test_a_switch_is_asked_for_once_and_not_to_what_serves(office: Office) -> None:
    office.operations.switch_encoder("multilingual", ANA)
    with pytest.raises(RunUnderWayError):
        office.operations.switch_encoder("multilingual", ANA)

    with office.database.reading() as session:
        asked = runs.to_switch(session, TEAM)
    assert asked is not None
    assert (asked.encoder, asked.asked_by, asked.phase) == ("multilingual", ANA, Phase.WAITING)
    assert office.run.phase is Phase.REFUSED, "a challenger in shadow makes way"
    with pytest.raises(AlreadyServingError):
        office.operations.switch_encoder("base", ANA)
