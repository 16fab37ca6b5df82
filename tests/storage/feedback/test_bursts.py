from __future__ import annotations

import time
from functools import partial

import pytest
from sqlmodel import Session, select

from storage.database.engine import Database
from storage.deliveries import cards, outbox
from storage.feedback import bursts, corrections, judged_predictions, labels, questions, resolution
from storage.feedback.bursts import BurstDecidedError, BurstNotFoundError
from storage.messages import contents
from storage.privacy import erasure
from storage.tables.deliveries import Card
from storage.tables.feedback import Burst, Correction, Fate, Label, Word
from storage.tables.messages import Message
from tests.databases import on_both
from tests.factories import ANA, BEN, OTHER, SUPPORT, TEAM, label_set, predicted, say, together

pytestmark = on_both


class Team:
    """Messages that the bot took for bugs, and of which Ben says that they are about billing."""

    def __init__(self, database: Database, number: int = 3) -> None:
        self.database = database
        self.known: dict[str, Label] = label_set(database, "bug", "billing")
        self.messages: list[Message] = []
        self.said: list[str] = []
        self.began = time.time()
        for _ in range(number):
            self.speak()

    def speak(self, user: str = BEN, word: Word = Word.CHANGED) -> Message:
        one = predicted(self.database, self.known["bug"])
        said = say(self.database, one, user, self.known["billing"], word)
        self.messages.append(one)
        if user == BEN:
            self.said.append(said.id)
            self.latest = said.created_at
            self.began = min(self.began, said.created_at)
        return one

    def burst(self, id: str = "b1", team_id: str = TEAM) -> Burst:
        return Burst(
            id=id,
            team_id=team_id,
            user_id=BEN,
            corrections=len(self.said),
            began=self.began,
            ended=self.latest,
            share_right=0.1,
        )

    def flag(self) -> Burst:
        found = self.burst()
        with self.database.writing() as session:
            assert bursts.flag(session, found) == len(self.said)
        return found

    def decide(self, fate: Fate, by: str = ANA) -> None:
        with self.database.writing() as session:
            bursts.decide(session, TEAM, "b1", fate, by)

    def labelled(self) -> set[str]:
        with self.database.reading() as session:
            return set(resolution.labelled(session, TEAM))

    def counted(self) -> tuple[int, dict[str, int], int]:
        with self.database.reading() as session:
            words = corrections.count(session, TEAM)
            judged = list(judged_predictions.judged(session, TEAM, 0.0, SUPPORT))
            return words, labels.counts(session, TEAM), len(judged)


@pytest.fixture
def team(database: Database) -> Team:
    return Team(database)


def test_what_is_held_back_counts_for_nothing_until_an_operator_keeps_it(team: Team) -> None:
    by_another = team.speak(ANA)
    before = team.counted()
    everything = team.labelled()

    team.flag()
    assert team.labelled() == {by_another.id}
    assert team.counted() == (1, {team.known["billing"].id: 1}, 1)

    team.decide(Fate.KEPT)
    assert team.labelled() == everything
    assert team.counted() == before


def test_what_is_discarded_never_counts_again_and_who_decided_is_stored(team: Team) -> None:
    team.flag()

    team.decide(Fate.DISCARDED)

    assert team.labelled() == set()
    with team.database.reading() as session:
        [decided] = [session.get(Burst, "b1")]
        assert decided
        assert (decided.fate, decided.decided_by) == (Fate.DISCARDED, ANA)
        assert decided.decided_at
        assert bursts.waiting(session, TEAM, 9) == []


def test_cards_follow_and_show_what_the_bot_had_said(team: Team) -> None:
    with team.database.reading() as session:
        wanted = _wanted(session, team.messages[0])
        assert contents.of_message(session, team.messages[0].id).words

    team.flag()

    with team.database.reading() as session:
        assert _wanted(session, team.messages[0]) == wanted + 1
        assert contents.of_message(session, team.messages[0].id).words == []
        assert cards.count_due(session, TEAM) == 3


def _wanted(session: Session, one: Message) -> int:
    card = session.get(Card, one.id)
    assert card
    return card.wanted


def test_what_the_same_user_says_meanwhile_is_held_back_too_but_for_what_they_take_back(team: Team) -> None:
    team.flag()

    later, taken_back, by_another = team.speak(), team.speak(word=Word.WITHDRAWN), team.speak(ANA)

    assert team.labelled() == {by_another.id}
    with team.database.reading() as session:
        [waiting] = bursts.waiting(session, TEAM, 9)
        assert waiting.corrections == 4
        held = {one.message.id for one in bursts.examples(session, "b1", 9)}
    assert later.id in held
    assert taken_back.id not in held


def test_reviewers_are_not_asked_about_what_is_held_back_unless_it_is_kept(team: Team) -> None:
    team.flag()
    later = team.speak()

    def asked() -> set[str]:
        with team.database.writing() as session:
            questions.ask_about_earlier_corrections(session, TEAM)
            return set(questions.concerned(session, TEAM))

    assert later.id not in asked()
    team.decide(Fate.KEPT)
    assert later.id in asked()
    with team.database.reading() as session:
        assert outbox.knows(session, later.id)


def test_what_was_said_while_the_burst_was_being_found_is_held_back_when_it_is_looked_for(team: Team) -> None:
    team.flag()
    late = team.speak(ANA)
    with team.database.writing() as session:
        [said] = session.exec(select(Correction).where(Correction.message_id == late.id))
        said.user_id = BEN  # as if it had been stored by a transaction that saw no burst yet

    with team.database.writing() as session:
        assert bursts.is_any_late(session, TEAM)
        bursts.hold_late_ones(session, TEAM)
        assert not bursts.is_any_late(session, TEAM)

    assert team.labelled() == set()


def test_what_they_say_once_it_is_decided_counts(team: Team) -> None:
    team.flag()
    team.decide(Fate.DISCARDED)

    later = team.speak()

    assert team.labelled() == {later.id}


def test_the_head_is_told_that_something_is_new_when_a_burst_is_held_back_and_when_it_is_decided(
    team: Team,
) -> None:
    def state() -> object:
        with team.database.reading() as session:
            return resolution.state(session, TEAM)

    first = state()
    team.flag()
    held = state()
    team.decide(Fate.KEPT)

    assert len({repr(first), repr(held), repr(state())}) == 3


def test_of_two_replicas_that_find_the_same_burst_one_holds_it_back(team: Team) -> None:
    def flag() -> int:
        with team.database.writing() as session:
            return bursts.flag(session, team.burst())

    assert sorted(together(flag, flag)) == [0, 3]


def test_of_two_operators_who_decide_at_once_the_second_is_told(team: Team) -> None:
    team.flag()

    def decide(fate: Fate) -> str:
        try:
            team.decide(fate)
        except BurstDecidedError:
            return "too late"
        return fate

    decided = together(partial(decide, Fate.KEPT), partial(decide, Fate.DISCARDED))

    assert decided.count("too late") == 1


def test_nobody_decides_about_another_teams_burst(team: Team) -> None:
    team.flag()

    with team.database.writing() as session, pytest.raises(BurstNotFoundError):
        bursts.decide(session, OTHER, "b1", Fate.KEPT, ANA)


def test_whoever_is_forgotten_is_not_named_by_a_burst(team: Team) -> None:
    team.flag()

    with team.database.writing() as session:
        erasure.disown(session, TEAM, BEN, "forgotten-1")
        [waiting] = bursts.waiting(session, TEAM, 9)

    assert waiting.user_id == "forgotten-1"


def test_an_example_says_what_the_bot_had_said_and_what_the_user_said(team: Team) -> None:
    team.flag()

    with team.database.reading() as session:
        first, *others = bursts.examples(session, "b1", 2)

    assert (first.message.id, first.said, first.predicted) == (team.messages[0].id, "billing", "bug")
    assert len(others) == 1


def test_the_channel_is_told_of_a_burst_once(team: Team) -> None:
    team.flag()

    with team.database.writing() as session:
        waiting = bursts.to_tell(session, TEAM)
        assert waiting
        bursts.told(session, waiting.id, 1.0)
    with team.database.reading() as session:
        assert bursts.to_tell(session, TEAM) is None


def test_the_probability_that_the_model_gave_a_label_is_kept_with_each_correction(team: Team) -> None:
    confirmed = predicted(team.database, team.known["bug"])
    say(team.database, confirmed, BEN, team.known["bug"], Word.CONFIRMED)

    with team.database.reading() as session:
        words = corrections.words(session, TEAM, [confirmed.id])

    assert [word.foreseen for word in words[confirmed.id]] == [0.8]


def test_what_is_known_of_a_user_is_how_often_they_agree_with_labels_of_messages_like_theirs(
    database: Database,
) -> None:
    known = label_set(database, "bug", "billing")
    right, wrong, unlike, own = (predicted(database, known["bug"], user_id=ANA) for _ in range(4))
    said = [say(database, one, BEN, known["billing"]) for one in (right, wrong, unlike)]
    own = predicted(database, known["bug"], user_id=BEN)
    mine = say(database, own, BEN, known["billing"])
    with database.writing() as session:
        assert len(corrections.twinless(session, TEAM, 9)) == 4
        twins = dict(zip((one.id for one in said), (known["billing"].id, known["bug"].id, ""), strict=True))
        corrections.keep_twins(session, twins | {mine.id: known["billing"].id})

    with database.reading() as session:
        [(user, found)] = corrections.backgrounds(session, TEAM, 0.25).items()
        assert corrections.twinless(session, TEAM, 9) == []
    assert user == BEN
    assert (found.agreements, found.disagreements, found.held) == (1, 1, 0)
