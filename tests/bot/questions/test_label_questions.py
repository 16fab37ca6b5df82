"""How a user is asked about a suspicious label that they gave: in a direct message, alone, and once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import select

from bot.language.locales import Locales
from bot.questions import label_questions as asking
from bot.questions.label_questions import LabelQuestions
from bot.web_api.reach import Reach
from local.slack.setup.seed import CHANNELS, DIRECT_MESSAGES, PEOPLE
from storage.database.engine import Database
from storage.messages import channels, label_questions, messages
from storage.messages.label_questions import Suspicion
from storage.privacy import erasure
from storage.tables.feedback import LabelQuestion
from storage.tables.messages import Message, Mode
from storage.workspaces import pseudonyms
from tests.factories import TEAM, label_set, predicted, say
from tests.local.running import Slack, workspace

SUPPORT, ANA, BEN, DEV = CHANNELS["support"], PEOPLE["ana"], PEOPLE["ben"], PEOPLE["dev"]


@pytest.fixture
def slack() -> Iterator[Slack]:
    with workspace() as running:
        yield running


@pytest.fixture
def questions(database: Database, slack: Slack) -> LabelQuestions:
    with database.writing() as session:
        channels.set_mode(session, TEAM, SUPPORT, Mode.REPLY, ANA)
    web = slack.web
    return LabelQuestions(database, TEAM, web, Locales(web, "en"), Reach(web), _link, per_day=2)


def _link(message: Message) -> str:
    return f"https://here/{message.ts}"


def go_on(questions: LabelQuestions, times: int = 3) -> None:
    """Take steps as a worker does, but sooner."""
    for _ in range(times):
        questions._next = 0.0
        questions.step()


def doubted(database: Database, user: str) -> Message:
    """A message to which a user gave a label that a run finds suspicious."""
    known = label_set(database, "bug", "billing")
    one = predicted(database, known["billing"], channel_id=SUPPORT, user_id=ANA)
    say(database, one, user, known["bug"])
    with database.writing() as session:
        found = Suspicion(one.id, known["bug"].id, known["billing"].id)
        label_questions.replace(session, TEAM, [found])
    return one


def direct(slack: Slack, user: str) -> list[dict[str, Any]]:
    """What the bot wrote to a user."""
    name = next(name for name, one in PEOPLE.items() if one == user)
    return slack.messages(DIRECT_MESSAGES[name], user)


def rows(database: Database) -> list[LabelQuestion]:
    with database.reading() as session:
        return list(session.exec(select(LabelQuestion)))


def at_once(database: Database) -> None:
    """Let what waits for another try come now."""
    with database.writing() as session:
        for one in session.exec(select(LabelQuestion)):
            one.due_at = 0.0


def test_the_user_alone_is_asked_in_their_language_with_a_link_and_the_buttons_of_a_card(
    database: Database, slack: Slack, questions: LabelQuestions
) -> None:
    one = doubted(database, DEV)

    go_on(questions)

    [asked] = direct(slack, DEV)
    assert direct(slack, BEN) == direct(slack, ANA) == []
    assert asked["blocks"][0]["text"]["text"] == (
        f"Escolheu *bug* para <https://here/{one.ts}|esta mensagem>, mas parece *billing*. Qual é a etiqueta certa?"
    )
    buttons = {button["action_id"]: button["text"]["text"] for button in asked["blocks"][1]["elements"]}
    assert buttons == {
        "right": "Manter bug",
        "choose_0": "Mudar para billing",
        "change": "Outra…",
        "ask_me_no_more": "Não me perguntar mais",
    }
    assert "invoice" not in str(asked)


def test_what_slack_refuses_for_the_moment_is_asked_later_and_once(
    database: Database, slack: Slack, questions: LabelQuestions
) -> None:
    doubted(database, BEN)
    slack.fault("method", method="chat.postMessage", kind="error", error="internal_error", times=2)

    for _ in range(5):
        go_on(questions, times=1)
        at_once(database)

    assert len(direct(slack, BEN)) == 1
    assert [one.ts for one in rows(database)] == [direct(slack, BEN)[0]["ts"]]


def test_a_question_whose_answer_is_lost_is_not_posted_again(
    database: Database, slack: Slack, questions: LabelQuestions
) -> None:
    doubted(database, BEN)
    slack.fault("method", method="chat.postMessage", kind="answer_lost")

    for _ in range(5):
        go_on(questions, times=1)
        at_once(database)

    assert len(direct(slack, BEN)) == len(slack.calls("chat.postMessage")) == 1


@pytest.mark.parametrize("why", ["left the channel", "left the workspace", "refuses"])
def test_who_is_not_there_is_not_asked(
    database: Database, slack: Slack, questions: LabelQuestions, why: str
) -> None:
    doubted(database, BEN)
    match why:
        case "left the channel":
            slack.page("leave", BEN, channel=SUPPORT)
        case "left the workspace":
            slack.dismiss(BEN)
        case "refuses":
            slack.fault("method", method="chat.postMessage", kind="error", error="user_disabled")

    go_on(questions)

    assert direct(slack, BEN) == []
    assert rows(database) == []


def test_no_question_is_posted_while_slack_limits_the_rate_and_none_is_lost(
    database: Database, slack: Slack, questions: LabelQuestions
) -> None:
    doubted(database, BEN)
    slack.fault("method", method="conversations.members", kind="rate_limited")
    slack.fault("method", method="chat.postMessage", kind="rate_limited")

    for _ in range(4):
        go_on(questions, times=1)
        at_once(database)

    assert len(direct(slack, BEN)) == 1


def test_the_question_about_an_erased_message_goes(
    database: Database, slack: Slack, questions: LabelQuestions
) -> None:
    one = doubted(database, BEN)
    go_on(questions)
    with database.writing() as session:
        messages.erase(session, TEAM, SUPPORT, one.ts, is_heard=True)

    go_on(questions)

    assert direct(slack, BEN) == []
    assert rows(database) == []


def test_a_user_who_is_forgotten_while_they_are_asked_is_left_no_question(
    database: Database, slack: Slack, questions: LabelQuestions, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubted(database, BEN)
    slack.fault("method", method="chat.postMessage", kind="delay", seconds=0.2)
    post = questions._post

    def forgotten_first(question: LabelQuestion, asked: dict[str, Any]) -> None:
        with database.writing() as session:
            erasure.disown(session, TEAM, BEN, f"{pseudonyms.FORGOTTEN}1")
        post(question, asked)

    monkeypatch.setattr(questions, "_post", forgotten_first)
    go_on(questions)

    assert direct(slack, BEN) == []


def test_two_replicas_ask_once(database: Database, slack: Slack, questions: LabelQuestions) -> None:
    web = slack.web
    other = LabelQuestions(database, TEAM, web, Locales(web, "en"), Reach(web), _link, per_day=2)
    doubted(database, BEN)

    for _ in range(2):
        go_on(questions)
        go_on(other)

    assert len(direct(slack, BEN)) == 1
    assert asking.PAUSE_S > 1.0
