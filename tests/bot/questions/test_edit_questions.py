"""How a user is asked in quiet mode whether a label fits still: in Slack, alone, and once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import select

from bot.language.locales import Locales
from bot.operators.notifier import Notes
from bot.questions import edit_questions
from bot.questions.edit_questions import EditQuestions
from bot.web_api.reach import Reach
from bot.web_api.scopes import Scopes
from local.slack.setup.seed import CHANNELS, PEOPLE
from storage.database.engine import Database
from storage.deliveries import undelivered
from storage.messages import channel_states, channels
from storage.messages import edit_questions as questions
from storage.messages.channel_states import ChannelChange
from storage.tables.deliveries import Delivery, News, Notice
from storage.tables.feedback import Word
from storage.tables.messages import Message, Mode
from tests.factories import ANA, TEAM, label_set, predicted, say
from tests.local.running import Slack, workspace

SUPPORT, BEN, DEV = CHANNELS["support"], PEOPLE["ben"], PEOPLE["dev"]


@pytest.fixture
def slack() -> Iterator[Slack]:
    with workspace() as running:
        yield running


@pytest.fixture
def notes(database: Database, slack: Slack, monkeypatch: pytest.MonkeyPatch) -> Notes:
    """What tells of news in a workspace without a channel for operators."""
    monkeypatch.setattr(edit_questions, "RESTS_S", 0.0)
    web = slack.web

    def link(message: Message) -> str:
        return f"https://here/{message.ts}"

    asking = EditQuestions(web, Locales(web, "en"), link)
    return Notes(database, TEAM, web, None, "en", Reach(web), Scopes(web, None), asking, link)


def tell(notes: Notes, times: int = 3) -> None:
    """Take steps as a worker does, but sooner."""
    for _ in range(times):
        notes._next = 0.0
        notes.step()


def edited(database: Database, by: str) -> Message:
    """A message whose label a user chose by a reaction, which was edited since; the user is to be asked."""
    known = label_set(database, "bug", "billing")
    one = predicted(database, known["bug"], mode=Mode.QUIET, channel_id=SUPPORT, meaning=1)
    with database.writing() as session:
        channels.set_mode(session, TEAM, SUPPORT, Mode.QUIET, by)
        session.get_one(Message, one.id).still = known["billing"].id
    said = say(database, one, by, known["billing"], Word.REACTED)
    with database.writing() as session:
        session.merge(said).aside = 0
        questions.ask(session, session.get_one(Message, one.id))
    return one


def whispers(slack: Slack, user: str) -> list[dict[str, Any]]:
    return [one for one in slack.messages(SUPPORT, user) if one.get("is_ephemeral")]


def is_told(database: Database) -> bool:
    with database.reading() as session:
        notice = session.exec(select(Notice)).one()
        attempts = undelivered.attempts(session, TEAM, Delivery.NOTICE, notice.id)
    return notice.told_at is not None and attempts == 0


def test_the_user_alone_is_asked_in_their_language_with_a_link_and_the_buttons_of_a_card(
    database: Database, slack: Slack, notes: Notes
) -> None:
    one = edited(database, DEV)

    tell(notes)

    [asked] = whispers(slack, DEV)
    assert whispers(slack, BEN) == []
    assert asked["blocks"][0]["text"]["text"].startswith(
        f"<https://here/{one.ts}|Esta mensagem> foi editada. Continua a ser *billing*?"
    )
    buttons = [(button["action_id"], button["value"]) for button in asked["blocks"][1]["elements"]]
    assert [action for action, _ in buttons] == ["right", "change"]
    assert all(value.endswith(":1") for _, value in buttons)
    assert "thread_ts" not in asked


def test_what_slack_refuses_for_the_moment_is_asked_later_and_once(
    database: Database, slack: Slack, notes: Notes
) -> None:
    edited(database, BEN)
    slack.fault("method", method="chat.postEphemeral", kind="error", error="internal_error", times=2)

    tell(notes, times=5)

    assert len(whispers(slack, BEN)) == 1
    assert is_told(database)


def test_who_has_left_the_channel_is_not_asked_and_no_operator_hears_of_it(
    database: Database, slack: Slack, notes: Notes
) -> None:
    edited(database, BEN)
    slack.page("leave", BEN, channel=SUPPORT)

    tell(notes)

    assert is_told(database)
    with database.reading() as session:
        assert undelivered.of_team(session, TEAM) == []


def test_nobody_is_asked_in_a_channel_that_is_closed(database: Database, slack: Slack, notes: Notes) -> None:
    edited(database, BEN)
    with database.writing() as session:
        channel_states.change(session, TEAM, ChannelChange(SUPPORT, News.ARCHIVED, 1.0))

    tell(notes)

    assert whispers(slack, BEN) == slack.calls("chat.postEphemeral") == []


def test_who_is_still_editing_is_left_to_it(
    database: Database, slack: Slack, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edit_questions, "RESTS_S", 3_600.0)
    edited(database, ANA)

    tell(notes)

    assert slack.calls("chat.postEphemeral") == []
