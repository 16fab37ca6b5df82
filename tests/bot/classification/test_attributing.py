"""What is stored before Slack says who did it: until then it counts for nothing, then it counts or goes."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from slack_sdk import WebClient
from sqlalchemy import update
from sqlmodel import select

from bot.classification import app_posts, attributing
from bot.classification.app_posts import MOST
from bot.classification.attributing import Attributing
from bot.classification.service import MessageWakers, Service
from bot.context.metrics import Metrics
from bot.context.reading import reader
from bot.slack.payloads import Deleted, MessagePosted, Reacted
from bot.summaries.service import SummaryService
from bot.web_api.actors import ActorKind, Actors
from bot.web_api.reach import Reach
from learning.text.masking import Masking
from local.slack.setup.credentials import BOT_TOKEN
from local.slack.setup.seed import PEOPLE
from storage.database import purging
from storage.database.engine import Database
from storage.feedback import corrections, labels
from storage.feedback.labels import LabelSpec
from storage.messages import channels, messages
from storage.tables.feedback import Label
from storage.tables.messages import Lane, Message, Mode, Unattributed
from tests.factories import SUPPORT, TEAM, message, predicted
from tests.local.running import Slack, workspace

ANA, BEN, DEPLOYS = PEOPLE["ana"], PEOPLE["ben"], "U0DEPLOYS1"
CRASH = "The export crashes"


def _nothing() -> None:
    """Nobody to wake."""


@dataclass
class Team:
    """A team's bot in one channel, and the Slack that it asks."""

    database: Database
    slack: Slack
    service: Service
    attributing: Attributing
    bug: Label

    def ask(self) -> None:
        """Let whoever it is time for be asked about, until nothing is due."""
        with self.database.writing() as session:
            session.connection().execute(update(Unattributed).values(due_at=0.0))
        while self.attributing.step() == 0.0:
            pass

    def is_silent(self, times: int = 1) -> None:
        """Slack says that often nothing about users."""
        self.slack.fault("method", method="users.info", kind="no_answer", times=times)

    def quiet(self) -> Message:
        """A message in quiet mode."""
        return predicted(self.database, self.bug, mode=Mode.QUIET)

    def react(self, to: Message, at: float, user: str = ANA, is_taken_back: bool = False) -> None:
        self.service.reactions.react(Reacted(TEAM, SUPPORT, to.ts, user, "bug", at, is_taken_back))

    def waiting(self) -> list[Unattributed]:
        with self.database.reading() as session:
            return list(session.exec(select(Unattributed).order_by(Unattributed.ts)))

    def marks(self) -> set[str]:
        with self.database.reading() as session:
            return purging.marks(session)

    def corrected(self) -> list[str]:
        """Return who says by now what a message is."""
        with self.database.reading() as session:
            said = corrections.words(session, TEAM)
        return [word.user_id for words in said.values() for word in words]

    def messages(self) -> list[Message]:
        with self.database.reading() as session:
            return list(session.exec(select(Message).order_by(Message.ts)))


@pytest.fixture(scope="module")
def running() -> Iterator[Slack]:
    with workspace() as slack:
        slack.app(DEPLOYS)
        yield slack


@pytest.fixture
def team(database: Database, running: Slack) -> Iterator[Team]:
    actors = Actors(WebClient(BOT_TOKEN, base_url=f"{running.url}/api/", retry_handlers=[]))
    summaries = SummaryService(database, TEAM, str, lambda one: one.ts, Masking(()), _nothing, _nothing)
    service = Service(
        database,
        TEAM,
        Metrics(),
        MessageWakers(*[_nothing] * 8),
        summaries,
        reader(Masking(())),
        "B0OURS",
        actors.known,
    )
    asking = Attributing(database, TEAM, actors.kind, service.settle, Metrics(), Reach(running.web))
    with database.writing() as session:
        labels.synchronize(session, TEAM, [LabelSpec("bug", emoji=":bug:")])
        channels.set_mode(session, TEAM, SUPPORT, Mode.REPLY, ANA, workflows=True)
    yield Team(database, running, service, asking, service.labels(TEAM)[0])
    running.fault("clear", records=True)


def post(text: str = CRASH, user: str = ANA, number: int = 0) -> MessagePosted:
    """A post that an app made in a user's name."""
    ts = f"{time.time() + number:.6f}"
    return MessagePosted(
        TEAM, SUPPORT, ts, None, user, text, is_direct=False, is_mention=False, app="B0ZAPIER"
    )


def test_a_reaction_counts_once_slack_says_that_a_user_put_it_there(team: Team) -> None:
    message = team.quiet()

    team.react(message, at=1.0)
    before = team.corrected()
    team.react(message, at=1.0)  # Slack may tell of it twice
    team.ask()
    team.react(message, at=1.0)

    assert before == []
    assert team.corrected() == [ANA]
    assert team.waiting() == []


def test_slack_is_not_asked_before_the_reaction_is_stored_and_not_again_within_the_hour(team: Team) -> None:
    first, second = team.quiet(), team.quiet()

    team.react(first, at=1.0)
    before = len(team.slack.calls("users.info"))
    team.ask()
    team.react(second, at=2.0)

    assert before == 0
    assert team.corrected() == [ANA, ANA]
    assert len(team.slack.calls("users.info")) == 1


def test_what_a_bot_did_goes(team: Team) -> None:
    team.react(team.quiet(), at=1.0, user=DEPLOYS)
    team.service.receive(post(user=DEPLOYS))
    waited, before = len(team.waiting()), team.marks()
    team.ask()

    assert waited == 2
    assert (team.waiting(), team.corrected()) == ([], [])
    assert [one.text for one in team.messages()] == ["Where is my invoice?"]
    assert team.marks() > before, "the files may still hold its text"


def test_a_reaction_that_is_taken_back_meanwhile_does_not_count(team: Team) -> None:
    taken_back, stands = team.quiet(), team.quiet()

    team.react(taken_back, at=2.0, is_taken_back=True)  # Slack may tell of it first
    team.react(taken_back, at=1.0)
    team.react(stands, at=1.0)
    team.react(stands, at=2.0, is_taken_back=True)
    team.react(stands, at=3.0)
    team.ask()

    with team.database.reading() as session:
        assert {one: len(words) for one, words in corrections.words(session, TEAM).items()} == {
            taken_back.id: 0,
            stands.id: 1,
        }


def test_a_reaction_is_taken_back_although_its_label_was_retired_meanwhile(team: Team) -> None:
    message = team.quiet()
    team.react(message, at=1.0)
    with team.database.writing() as session:
        labels.synchronize(session, TEAM, [LabelSpec("billing")])

    team.react(message, at=2.0, is_taken_back=True)
    team.ask()

    assert team.corrected() == []


def test_a_reaction_to_a_message_that_was_erased_meanwhile_goes(team: Team) -> None:
    message = team.quiet()
    team.react(message, at=1.0)
    team.service.erase(Deleted(TEAM, SUPPORT, message.ts))
    team.ask()

    assert team.waiting() == []
    with team.database.reading() as session:
        assert corrections.count(session, TEAM) == 0


def test_while_slack_is_silent_everything_waits_and_then_it_counts(team: Team) -> None:
    team.is_silent(times=2)
    team.react(team.quiet(), at=1.0)
    team.service.receive(post())

    for _ in range(2):
        team.ask()
    waited = [event.attempts for event in team.waiting()]
    team.ask()

    assert waited == [2, 2]
    assert team.corrected() == [ANA]
    assert [one.text for one in team.messages()] == ["Where is my invoice?", CRASH]


def test_an_outage_of_slack_uses_up_no_attempt(team: Team) -> None:
    team.service.receive(post())
    team.slack.fault("method", method="*", kind="no_answer", times=100)

    team.ask()

    assert [event.attempts for event in team.waiting()] == [0]


def test_what_slack_never_says_who_did_is_given_up(
    team: Team, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(attributing, "MAX_ATTEMPTS", 2)
    team.service.receive(post("My secret"))
    team.is_silent(times=2)

    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            team.ask()

    assert team.waiting() == []
    assert "never said" in caplog.text
    assert "My secret" not in caplog.text


def test_a_post_is_kept_as_a_message_is_and_becomes_one(team: Team) -> None:
    mention = replace(post("<@U0BOT> write to ana@example.com :tada: &lt;b&gt;"), is_mention=True)

    team.service.receive(mention)
    team.service.receive(mention)  # as a message and as a mention
    [waited] = team.waiting()
    team.ask()
    team.service.receive(mention)

    [message] = team.messages()
    assert waited.text == message.text == "write to [email] tada <b>"
    assert (message.user_id, message.lane, message.is_addressed) == (ANA, Lane.ASKED, True)
    assert message.waiting
    assert team.waiting() == []


def test_small_talk_by_an_app_is_not_predicted(team: Team) -> None:
    team.service.receive(post(":tada: thanks"))
    team.ask()

    assert [one.waiting for one in team.messages()] == [False]


def test_a_post_that_is_edited_meanwhile_is_read_as_it_says_then(team: Team) -> None:
    said = post()
    team.service.receive(said)

    team.service.edit(replace(said, text="I want a refund", edited_ts="2.0"))
    team.service.edit(replace(said, text="Too late", edited_ts="1.0"))
    team.service.receive(said)
    team.ask()
    team.service.edit(replace(said, text="I want my money", edited_ts="3.0"))

    assert [(one.text, one.waiting) for one in team.messages()] == [("I want my money", True)]


def test_an_edit_that_overtakes_its_post_is_what_is_read(team: Team) -> None:
    said = post()
    team.service.edit(replace(said, text="I want a refund", edited_ts="2.0"))
    team.service.receive(said)
    team.ask()

    assert [one.text for one in team.messages()] == ["I want a refund"]


def test_a_post_that_is_deleted_meanwhile_never_becomes_a_message(team: Team) -> None:
    said = post("My secret")
    team.service.receive(said)

    team.service.erase(Deleted(TEAM, SUPPORT, said.ts))
    gone = team.waiting() == []
    team.service.receive(said)  # Slack tells of it again
    team.ask()

    assert gone
    assert team.waiting() == []
    assert [one.text for one in team.messages()] == [""]


def test_a_post_that_slack_tells_of_again_just_as_it_is_deleted_stays_erased(team: Team) -> None:
    said = post("My secret")
    team.service.receive(said)
    with team.database.writing() as session:  # as if the deletion came between two looks
        messages.receive(session, message("", ts=said.ts, erased_at=1.0))
    before = team.marks()
    team.ask()

    assert [one.text for one in team.messages()] == [""]
    assert team.marks() > before


def test_a_post_in_a_channel_that_was_turned_off_meanwhile_goes(team: Team) -> None:
    team.service.receive(post())
    team.service.set_mode(TEAM, SUPPORT, Mode.OFF, ANA)
    team.ask()

    assert (team.waiting(), team.messages()) == ([], [])


def test_a_loop_is_ended_as_it_comes_and_what_waited_together_is_none(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(MOST + 5):
        team.service.receive(post(number=number))
    of_a_loop = len(team.waiting())
    monkeypatch.setattr(app_posts, "WITHIN_S", 0.0)
    for number in range(MOST, MOST + 10):
        team.service.receive(post(number=100 + number))
    team.ask()

    assert of_a_loop == MOST
    assert len(team.messages()) == MOST + 10


def test_a_replica_that_was_slower_changes_nothing(team: Team) -> None:
    team.service.receive(post())
    team.react(team.quiet(), at=1.0)
    seen = team.waiting()
    team.ask()
    for event in seen:
        team.service.settle(event, ActorKind.USER)

    assert team.corrected() == [ANA]
    assert len(team.messages()) == 2


def test_one_whom_slack_says_nothing_of_keeps_nobody_else_waiting(team: Team) -> None:
    team.react(team.quiet(), at=1.0)
    team.is_silent()
    team.ask()
    with team.database.writing() as session:
        session.connection().execute(update(Unattributed).values(due_at=time.time() + 3_600))
    team.react(team.quiet(), at=2.0, user=BEN)
    team.attributing.step()

    assert team.corrected() == [BEN]
    assert {event.user_id for event in team.waiting()} == {ANA}
