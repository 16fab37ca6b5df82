from __future__ import annotations

import itertools
import time
from typing import Any

import pytest

from learning.active.suspicion import LEAST
from learning.active.vetting import Vetting
from learning.classifying.micro_batches import Classifier
from learning.data import trust
from learning.data.trust import Belief
from learning.encoders.encoder import Encoder
from learning.heads.champion import Champion
from learning.heads.refit import Refitter
from storage.database.engine import Database
from storage.feedback import bursts, corrections, imports, labels
from storage.feedback.imports import Labelled
from storage.feedback.labels import LabelSpec
from storage.messages import messages
from storage.models import predictions
from storage.tables.feedback import Burst, Fate, Label, Word
from storage.tables.messages import Message
from tests.factories import ANA, BEN, CAT, TEAM, received, say

TEXTS = {
    "bug": [
        "The app {} crashes with an error",
        "I see an exception when I open {}",
        "{} is broken since the update",
        "Clicking on {} does nothing, it fails",
    ],
    "billing": [
        "I want a refund for {}",
        "My invoice for {} is too high",
        "I was charged twice for {}",
        "Which payment methods can I use for {}?",
    ],
    "praise": [
        "Thank you, {} is great",
        "I love how {} works, well done",
        "Great job on {}, thanks a lot",
        "You are amazing, {} made my day",
    ],
}
THINGS = ("the report", "search", "the calendar", "the mobile app", "export", "the dashboard")
SPECS = [
    LabelSpec("bug", "something is broken: an error, a crash", examples=("It crashes with an error",)),
    LabelSpec("billing", "invoice, payment, refund, price", examples=("I need an invoice",)),
    LabelSpec("praise", "thank you, this is great", examples=("Thanks, this is wonderful",)),
]


class Team:
    """A bot that has answered messages whose right labels are known to whoever wants to say them."""

    def __init__(self, database: Database, encoder: Encoder) -> None:
        self.database = database
        self.belief = Belief(operators=frozenset({ANA}))
        with database.writing() as session:
            labels.synchronize(session, TEAM, SPECS)
        with database.reading() as session:
            self.known: dict[str, Label] = {label.name: label for label in labels.active(session, TEAM)}
        self.refitter = Refitter(database, TEAM, encoder, "all-MiniLM-L6-v2", belief=self.belief)
        self.flagged = 0
        self.vetting = self.another()
        self.truth: dict[str, str] = {}
        written = [(name, text) for name, texts in TEXTS.items() for text in texts]
        for (name, text), thing in itertools.product(written, THINGS):
            one = received(database, text.format(thing), user_id="U9")
            self.truth[one.id] = name
        self.classifier = Classifier(database, TEAM, Champion(self.refitter.serve()), 0.3)
        self._predict()

    def _predict(self) -> None:
        while self.classifier.predict_waiting().messages:
            pass

    def edit(self) -> None:
        """Every author changes what they wrote into something that has another label."""
        texts = {name: TEXTS[WRONG[name]][0] for name in TEXTS}
        with self.database.writing() as session:
            for number, (message_id, name) in enumerate(self.truth.items()):
                one = session.get_one(Message, message_id)
                messages.edit(session, TEAM, one.channel_id, one.ts, texts[name].format(f"item {number}"))
        self._predict()

    def another(self) -> Vetting:
        """What vets in another replica."""
        return Vetting(self.database, TEAM, self.belief, self._count)

    def _count(self) -> None:
        self.flagged += 1

    def speak(self, user: str, number: int, called: dict[str, str], first: int = 0) -> None:
        """A user gives so many corrections; `called`: what they call each label."""
        about = list(self.truth)[first::2][:number]
        with self.database.reading() as session:
            shown = predictions.labels_said(session, about)
            found = {message_id: session.get(Message, message_id) for message_id in about}
        for message_id, one in found.items():
            assert one
            label = self.known[called[self.truth[message_id]]]
            word = Word.CONFIRMED if shown[message_id] == label.id else Word.CHANGED
            say(self.database, one, user, label, word)

    def held(self) -> list[Burst]:
        with self.database.reading() as session:
            return bursts.waiting(session, TEAM, 9)

    def learned(self) -> int:
        with self.database.reading() as session:
            return len(trust.for_head(session, TEAM, self.belief))


RIGHT = {name: name for name in TEXTS}
WRONG = {"bug": "praise", "billing": "bug", "praise": "billing"}


@pytest.fixture
def team(database: Database, remembering_encoder: Encoder) -> Team:
    return Team(database, remembering_encoder)


def test_the_head_learns_from_a_newcomer_at_once_and_forgets_a_burst_that_is_held_back(team: Team) -> None:
    team.speak(BEN, 5, WRONG)
    team.vetting.look(team.refitter)
    assert team.learned() == 5

    team.speak(BEN, 30, WRONG)
    team.vetting.look(team.refitter)

    [burst] = team.held()
    assert (burst.user_id, burst.corrections) == (BEN, 35)
    assert burst.share_right < 0.3
    assert team.learned() == 0
    assert team.flagged == 1


def test_an_honest_newcomer_is_left_alone_however_quick_they_are(team: Team) -> None:
    team.speak(BEN, 36, RIGHT)

    team.vetting.look(team.refitter)

    assert team.held() == []
    assert team.learned() == trust.HEAD_MOST


def test_what_somebody_took_back_neither_looks_hostile_nor_hides_what_does(team: Team) -> None:
    team.speak(CAT, 20, WRONG)
    for message_id, name in list(team.truth.items())[-62:]:
        with team.database.reading() as session:
            one = session.get_one(Message, message_id)
        for user, word in itertools.product((BEN, CAT), (Word.REACTED, Word.WITHDRAWN)):
            say(team.database, one, user, team.known[WRONG[name]], word)

    team.vetting.look(team.refitter)

    assert [burst.user_id for burst in team.held()] == [CAT]


def test_nobody_looks_hostile_because_others_edit_their_messages_afterwards(team: Team) -> None:
    team.speak(BEN, 36, RIGHT)
    team.speak("U9", 36, RIGHT)  # who wrote all of them

    team.edit()
    team.vetting.look(team.refitter)

    assert [burst.user_id for burst in team.held()] == ["U9"]


def test_newcomers_who_say_the_same_wrong_things_do_not_excuse_each_other(team: Team) -> None:
    for user in (BEN, CAT, "U7"):
        team.speak(user, 30, WRONG)

    team.vetting.look(team.refitter)

    assert {burst.user_id for burst in team.held()} == {BEN, CAT, "U7"}


def test_nobody_holds_back_what_an_operator_says(team: Team) -> None:
    team.speak(ANA, 30, WRONG)

    team.vetting.look(team.refitter)

    assert team.held() == []


def test_of_whom_an_operator_kept_what_looked_wrong_no_more_is_held_back(team: Team) -> None:
    team.speak(BEN, 20, WRONG)
    team.vetting.look(team.refitter)
    [burst] = team.held()
    with team.database.writing() as session:
        bursts.decide(session, TEAM, burst.id, Fate.KEPT, ANA)

    team.speak(BEN, 36, WRONG, first=1)
    team.vetting.look(team.refitter)

    assert team.held() == []


def test_whose_burst_was_discarded_is_looked_at_again(team: Team) -> None:
    team.speak(BEN, 30, WRONG)
    team.vetting.look(team.refitter)
    [burst] = team.held()
    with team.database.writing() as session:
        bursts.decide(session, TEAM, burst.id, Fate.DISCARDED, ANA)

    team.speak(BEN, 32, WRONG, first=1)
    team.vetting.look(team.refitter)

    assert [burst.corrections for burst in team.held()] == [32]


def test_a_hostile_burst_after_many_right_corrections_is_held_back_alone(
    team: Team, time_machine: Any
) -> None:
    team.speak(BEN, 36, RIGHT)
    team.vetting.look(team.refitter)
    time_machine.move_to(time.time() + 3_600)
    team.speak(BEN, 18, WRONG, first=1)
    team.vetting.look(team.refitter)

    [burst] = team.held()
    assert burst.corrections == 18
    assert team.learned() == trust.HEAD_MOST


def test_whoever_waits_a_day_is_held_back_again_though_nobody_looked(team: Team, time_machine: Any) -> None:
    team.speak(BEN, 30, WRONG)
    team.vetting.look(team.refitter)
    time_machine.move_to(time.time() + 2 * 86_400)
    team.speak(BEN, 36, WRONG, first=1)

    team.vetting.look(team.refitter)

    assert sorted(burst.corrections for burst in team.held()) == [30, 36]
    assert team.learned() == 0


def test_all_that_is_wrong_is_held_back_however_much_it_is(team: Team) -> None:
    team.speak(BEN, 36, WRONG)
    team.speak(BEN, 36, WRONG, first=1)

    team.vetting.look(team.refitter)

    [burst] = team.held()
    assert burst.corrections == 72
    assert team.learned() == 0


def test_nobody_is_accused_of_choosing_a_label_of_which_only_the_name_is_known(team: Team) -> None:
    with team.database.writing() as session:
        team.known["new"] = labels.propose(session, TEAM, "q3-27", by=CAT)

    team.speak(BEN, 30, dict.fromkeys(TEXTS, "new"))
    team.vetting.look(team.refitter)

    assert team.held() == []


def test_few_corrections_are_no_burst_however_wrong(team: Team) -> None:
    team.speak(BEN, LEAST - 1, WRONG)

    team.vetting.look(team.refitter)

    assert team.held() == []


def test_a_correction_is_compared_with_the_known_label_of_a_message_that_says_nearly_the_same(
    team: Team,
) -> None:
    with team.database.writing() as session:
        bug = team.known["bug"].id
        imports.keep(session, TEAM, [Labelled("the  calendar is broken since the update!", bug)])
    team.refitter.read_again()
    for message_id, name in team.truth.items():
        with team.database.reading() as session:
            one = session.get(Message, message_id)
        assert one
        if "calendar is broken" in one.text or "love how" in one.text:
            say(team.database, one, BEN, team.known[name])

    assert team.vetting.compare(team.refitter)
    assert not team.vetting.compare(team.refitter)

    with team.database.reading() as session:
        found = corrections.backgrounds(session, TEAM, trust.OF_A_CONFIRMATION)
    assert (found[BEN].agreements, found[BEN].disagreements) == (1, 0)
