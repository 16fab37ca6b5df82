"""Who gave a suspicious label is asked about it: they alone, once, and few times a day."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from sqlmodel import select
from time_machine import TimeMachineFixture

from learning.text import edits
from storage.database.engine import Database
from storage.feedback import corrections
from storage.messages import channel_states, channels, label_questions, messages
from storage.messages.channel_states import ChannelChange
from storage.messages.label_questions import DAY_S, QuestionTally, Suspicion
from storage.privacy import erasure
from storage.tables.deliveries import News
from storage.tables.feedback import Correction, Label, LabelQuestion, OptOut, Outcome
from storage.tables.messages import Message, Mode
from storage.workspaces import pseudonyms
from tests.databases import on_both
from tests.factories import ANA, BEN, CAT, OTHER, SUPPORT, TEAM, label_set, predicted, review, say

CRASHES = "The export crashes"
PER_DAY = 2


@dataclass
class Doubted:
    """A team with a channel in which the bot is on, and what a run says of labels that users gave there."""

    database: Database
    known: dict[str, Label]

    def corrected(self, user: str = ANA, label: str = "bug", **given: object) -> Message:
        """A message that a user gave a label."""
        one = predicted(self.database, self.known["billing"], CRASHES, **given)
        say(self.database, one, user, self.known[label])
        return one

    def suspicion(self, of: Message, label: str = "bug", suggested: str = "billing") -> Suspicion:
        return Suspicion(of.id, self.known[label].id, self.known[suggested].id)

    def found(self, *suspicions: Suspicion) -> int:
        """A run finds these labels suspicious; about how many somebody is to be asked."""
        with self.database.writing() as session:
            return label_questions.replace(session, TEAM, suspicions)

    def next(self, per_day: int = PER_DAY) -> LabelQuestion | None:
        with self.database.reading() as session:
            return label_questions.to_ask(session, TEAM, per_day)

    def post(self, question: LabelQuestion) -> bool:
        """Ask what is next; was there still something to ask?"""
        with self.database.writing() as session:
            if label_questions.begin(session, question) is None:
                return False
        with self.database.writing() as session:
            return label_questions.asked(session, question, "D1", f"{time.time():.6f}")

    def ask(self) -> list[tuple[str, str]]:
        """Ask all that may be asked now: user and message of each."""
        asked = []
        while question := self.next():
            if self.post(question):
                asked.append((question.user_id, question.message_id))
        return asked

    def reply(self, of: Message, label: str, user: str = ANA) -> None:
        with self.database.writing() as session:
            label_questions.reply(session, of.id, user, self.known[label].id)

    def rows(self) -> Sequence[LabelQuestion]:
        with self.database.reading() as session:
            return session.exec(select(LabelQuestion).order_by(LabelQuestion.message_id)).all()

    def to_show(self) -> LabelQuestion | None:
        with self.database.reading() as session:
            return label_questions.to_show(session, TEAM)


@pytest.fixture
def doubted(database: Database) -> Doubted:
    with database.writing() as session:
        channels.set_mode(session, TEAM, SUPPORT, Mode.REPLY, ANA)
    return Doubted(database, label_set(database, "bug", "billing", "praise"))


@on_both
def test_the_user_who_gave_the_label_is_asked_and_nobody_else(doubted: Doubted) -> None:
    one = doubted.corrected(ANA)
    say(doubted.database, one, BEN, doubted.known["praise"])
    say(doubted.database, one, CAT, doubted.known["bug"])
    nobodys = predicted(doubted.database, doubted.known["bug"], CRASHES)

    doubted.found(doubted.suspicion(one), doubted.suspicion(nobodys))

    assert doubted.ask() == [(CAT, one.id)]  # the last of those who chose it


@on_both
def test_a_user_is_asked_few_times_a_day_about_the_newest_messages_first(
    doubted: Doubted, time_machine: TimeMachineFixture
) -> None:
    now = time.time()
    mine = [doubted.corrected(ANA, received_at=now - age) for age in (300.0, 100.0, 200.0)]
    theirs = doubted.corrected(BEN, received_at=now - 400.0)
    doubted.found(*(doubted.suspicion(one) for one in (*mine, theirs)))

    today = doubted.ask()
    time_machine.move_to(now + DAY_S + 60)
    tomorrow = doubted.ask()

    assert today == [(ANA, mine[1].id), (ANA, mine[2].id), (BEN, theirs.id)]
    assert tomorrow == [(ANA, mine[0].id)]


@on_both
def test_nobody_is_asked_twice_whatever_runs_find(doubted: Doubted) -> None:
    one = doubted.corrected()
    doubted.found(doubted.suspicion(one))
    first = doubted.ask()
    again = doubted.found(doubted.suspicion(one), doubted.suspicion(one, suggested="praise"))

    assert first == [(ANA, one.id)]
    assert again == 0
    assert doubted.ask() == []


@on_both
def test_a_label_that_was_kept_is_settled(doubted: Doubted) -> None:
    one = doubted.corrected()
    doubted.found(doubted.suspicion(one))
    doubted.ask()
    doubted.reply(one, "bug")
    say(doubted.database, one, BEN, doubted.known["bug"])

    again = doubted.found(doubted.suspicion(one))

    assert again == 0
    with doubted.database.reading() as session:
        wanted = {doubted.suspicion(one), doubted.suspicion(one, suggested="praise")}
        assert label_questions.kept(session, list(wanted)) == {doubted.suspicion(one)}
        assert label_questions.tally(session, TEAM) == QuestionTally(asked=1, kept=1)


@on_both
def test_a_run_takes_the_place_of_what_the_one_before_found(doubted: Doubted) -> None:
    before, after = doubted.corrected(), doubted.corrected()
    doubted.found(doubted.suspicion(before))

    doubted.found(doubted.suspicion(after))

    assert doubted.ask() == [(ANA, after.id)]


@on_both
@pytest.mark.parametrize(
    "meanwhile",
    [
        "changed",
        "outvoted",
        "reviewed",
        "discarded",
        "undone",
        "held",
        "off",
        "closed",
        "retired",
        "declined",
    ],
)
def test_nobody_is_asked_what_is_settled_or_not_wanted_by_then(doubted: Doubted, meanwhile: str) -> None:
    database, known = doubted.database, doubted.known
    one = doubted.corrected()
    doubted.found(doubted.suspicion(one))
    question = doubted.next()
    assert question
    match meanwhile:
        case "changed":
            say(database, one, ANA, known["praise"])
        case "outvoted":
            say(database, one, BEN, known["praise"])
            say(database, one, CAT, known["praise"])
        case "reviewed":
            review(database, one, known["bug"])
        case "discarded":
            review(database, one, None)
    with database.writing() as session:
        match meanwhile:
            case "undone":
                corrections.undo(session, TEAM, one.id, ANA, "undone")
            case "held":
                session.exec(select(Correction)).one().is_held = True
            case "off":
                channels.set_mode(session, TEAM, SUPPORT, Mode.OFF, ANA)
            case "closed":
                channel_states.change(session, TEAM, ChannelChange(SUPPORT, News.ARCHIVED, 1.0))
            case "retired":
                session.get_one(Label, known["billing"].id).retired_at = 1.0
            case "declined":
                session.add(OptOut(team_id=TEAM, user_id=ANA))

    assert not doubted.post(question)
    assert doubted.rows() == []


@on_both
def test_in_a_direct_message_there_is_nothing_to_turn_off(doubted: Doubted) -> None:
    one = doubted.corrected(channel_id="D1")

    doubted.found(doubted.suspicion(one))

    assert doubted.ask() == [(ANA, one.id)]


@on_both
def test_a_post_that_slack_did_not_take_is_tried_again_and_one_of_unknown_fate_is_not(
    doubted: Doubted,
) -> None:
    one, another = doubted.corrected(BEN), doubted.corrected(ANA)
    doubted.found(doubted.suspicion(one))
    question = doubted.next()
    assert question
    with doubted.database.writing() as session:
        label_questions.begin(session, question)
    with doubted.database.writing() as session:
        label_questions.postpone(session, question, 0.0, attempts=1)
    again = doubted.next()
    assert again
    with doubted.database.writing() as session:
        assert label_questions.begin(session, again)
        assert label_questions.begin(session, again) is None
    doubted.found(doubted.suspicion(one), doubted.suspicion(another))  # after a restart

    assert again.attempts == 1
    assert doubted.ask() == [(ANA, another.id)]


@on_both
def test_a_reply_is_shown_once(doubted: Doubted) -> None:
    one = doubted.corrected()
    doubted.found(doubted.suspicion(one))
    doubted.ask()
    before = doubted.to_show()
    doubted.reply(one, "praise")
    doubted.reply(one, "bug")  # it is answered already
    ended = doubted.to_show()
    assert ended
    with doubted.database.writing() as session:
        label_questions.shown(session, ended)

    assert before is None
    assert ended.outcome is Outcome.CHANGED
    assert doubted.to_show() is None


@on_both
def test_another_label_before_the_question_was_asked_makes_it_needless(doubted: Doubted) -> None:
    one = doubted.corrected()
    doubted.found(doubted.suspicion(one))

    doubted.reply(one, "praise")

    assert doubted.rows() == []


@on_both
def test_who_wants_no_questions_gets_none_until_they_want_them_again(doubted: Doubted) -> None:
    asked, waiting = doubted.corrected(received_at=2.0), doubted.corrected(received_at=1.0)
    both = doubted.suspicion(asked), doubted.suspicion(waiting)
    doubted.found(*both)
    first = doubted.next()
    assert first
    doubted.post(first)
    with doubted.database.writing() as session:
        label_questions.decline(session, TEAM, ANA)
        label_questions.decline(session, TEAM, ANA)
    declined = doubted.to_show()
    doubted.found(*both)
    meanwhile = doubted.ask()
    doubted.found(*both)
    with doubted.database.writing() as session:
        label_questions.accept(session, TEAM, ANA)

    assert declined
    assert (declined.message_id, declined.outcome) == (asked.id, Outcome.DECLINED)
    assert meanwhile == []
    assert doubted.ask() == [(ANA, waiting.id)]


@on_both
@pytest.mark.parametrize("end", ["erased", "edited"])
def test_with_its_message_or_its_meaning_a_question_goes_in_slack_too(doubted: Doubted, end: str) -> None:
    one, waiting = doubted.corrected(), doubted.corrected()
    doubted.found(doubted.suspicion(one))
    doubted.ask()
    doubted.found(doubted.suspicion(waiting))
    for message in (one, waiting):
        with doubted.database.writing() as session:
            if end == "erased":
                messages.erase(session, TEAM, SUPPORT, message.ts, is_heard=True)
            else:
                text = "I want a refund for my last invoice"
                messages.rewrite(session, TEAM, SUPPORT, message.ts, text, "", edits.judge)
    left = doubted.rows()
    shown = doubted.to_show()
    assert shown
    with doubted.database.writing() as session:
        label_questions.drop(session, shown)

    assert [(row.message_id, row.outcome) for row in left] == [(one.id, Outcome.WITHDRAWN)]
    assert (shown.channel_id, shown.ts) == ("D1", left[0].ts)
    assert doubted.rows() == []


@on_both
def test_a_typo_that_is_fixed_changes_no_question(doubted: Doubted) -> None:
    one = doubted.corrected()
    doubted.found(doubted.suspicion(one))
    with doubted.database.writing() as session:
        messages.rewrite(session, TEAM, SUPPORT, one.ts, f"{CRASHES}!", "", edits.judge)

    assert doubted.ask() == [(ANA, one.id)]


@on_both
def test_forgetting_a_user_erases_what_they_were_asked(doubted: Doubted) -> None:
    one, another = doubted.corrected(ANA), doubted.corrected(BEN)
    both = doubted.suspicion(one), doubted.suspicion(another)
    doubted.found(*both)
    question = doubted.next()
    doubted.ask()
    with doubted.database.writing() as session:
        session.add(OptOut(team_id=TEAM, user_id=ANA))
        session.add(OptOut(team_id=OTHER, user_id=ANA))
        erasure.disown(session, TEAM, ANA, f"{pseudonyms.FORGOTTEN}1")

    doubted.found(*both)

    assert question
    assert [row.user_id for row in doubted.rows()] == [BEN]
    with doubted.database.reading() as session:
        assert [one.team_id for one in session.exec(select(OptOut))] == [OTHER]


def test_a_user_who_is_forgotten_while_their_question_is_posted_is_known_to_be(doubted: Doubted) -> None:
    one = doubted.corrected()
    doubted.found(doubted.suspicion(one))
    question = doubted.next()
    assert question
    with doubted.database.writing() as session:
        label_questions.begin(session, question)
        erasure.disown(session, TEAM, ANA, f"{pseudonyms.FORGOTTEN}1")

    with doubted.database.writing() as session:
        assert not label_questions.asked(session, question, "D1", "1.0")


def test_with_no_questions_a_day_nobody_is_asked(doubted: Doubted) -> None:
    doubted.found(doubted.suspicion(doubted.corrected()))

    assert doubted.next(per_day=0) is None
