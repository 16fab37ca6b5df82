"""A suspicious label goes back to the user who gave it, as a question in a direct message that one click settles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from bot.app.compose import Bot
from learning.active import doubting
from local.slack.person import Person
from local.slack.setup.seed import DIRECT_MESSAGES, TEAM_ID
from storage.database.engine import Database
from storage.feedback import questions
from storage.tables.feedback import Correction, Label, LabelQuestion, Outcome, Question
from storage.tables.messages import Message
from tests.databases import on_both
from tests.journeys.steps import all_heard, card_on, choose, label_of, settled, teach, turn_on, until_answered
from tests.local.running import Slack, until, workspace
from tests.running import ANA, BEN, PATIENT, SUPPORT, BotProcess, bot, cards, person, settings

Json = dict[str, Any]
GARAGE = "My badge does not open the garage door"
HERE = DIRECT_MESSAGES["ana"]


@pytest.fixture(scope="module")
def changes() -> dict[str, Any]:
    return {"summarizer": "none", "label_questions_per_day": 100}


def find_suspicious(database: Database, *messages: Json, label: str = "praise", other: str = "bug") -> None:
    """A training run ends, and reports that the labels of these cards' messages look wrong."""
    with database.writing() as session:
        ids = {one.name: one.id for one in session.exec(select(Label).where(Label.team_id == TEAM_ID))}
        suspects = [
            {
                "id": _message(database, card).id,
                "label_id": ids[label],
                "suggested": ids[other],
                "confidence": 0.9,
            }
            for card in messages
        ]
        doubting.begin(session, TEAM_ID, {"suspects": suspects})


def _message(database: Database, card: Json) -> Message:
    with database.reading() as session:
        of_card = Message.channel_id == card["channel"], Message.ts == card["thread_ts"]
        return session.exec(select(Message).where(*of_card)).one()


def asked_of(slack: Slack, user: str = ANA, place: str = HERE) -> list[Json]:
    """The bot's questions to a user, oldest first."""
    return [{**one, "channel": place} for one in slack.messages(place, user) if "bot_id" in one]


def question_about(slack: Slack, card: Json) -> Json:
    """The question to Ana about the message of a card, as soon as it is there."""
    address = card["thread_ts"].replace(".", "")
    found = until(lambda: [one for one in asked_of(slack) if address in str(one["blocks"])])
    assert len(found) == 1
    return found[0]


def outcome_of(database: Database, card: Json) -> Outcome | None:
    with database.reading() as session:
        of_card = LabelQuestion.message_id == _message(database, card).id
        return session.exec(select(LabelQuestion).where(of_card)).one().outcome


def until_it_says(slack: Slack, question: Json, words: str) -> Json:
    """A question once something else stands in its place."""

    def now() -> list[Json]:
        return [one for one in asked_of(slack) if one["ts"] == question["ts"] and words in str(one["blocks"])]

    found: Json = until(now)[0]
    return found


def words_on(database: Database, card: Json) -> list[str]:
    """The labels that users gave the message of a card, oldest first."""
    with database.reading() as session:
        said = select(Label.name).join(Correction).where(Correction.message_id == _message(database, card).id)
        return list(session.exec(said.order_by(col(Correction.created_at))))


def actions(question: Json) -> list[str]:
    return [one["action_id"] for block in question["blocks"] for one in block.get("elements", [])]


def keeps_and_changes(running: Bot, slack: Slack, ana: Person, channel: str) -> None:
    """Two labels are suspicious: one is kept, the other changed, and a run that finds both again asks nothing."""
    database = running.database
    turn_on(ana, channel)
    kept = teach(ana, card_on(ana, channel, GARAGE), "praise")
    changed = teach(ana, card_on(ana, channel, "The coffee machine leaks"), "praise")
    find_suspicious(database, kept, changed)
    first, second = question_about(slack, kept), question_about(slack, changed)

    ana.press(first, "right")
    ana.press(second, "choose_0")
    told = until_it_says(slack, first, "You kept")
    until_it_says(slack, second, "You chose :bug: *bug*")
    after = settled(ana, changed, "bug")
    find_suspicious(database, kept)
    teach(ana, card_on(ana, channel, "The lift is stuck"), "praise")

    assert "You chose *praise* for <" in str(first["blocks"])
    assert "but it looks like :bug: *bug*. Which is right?" in str(first["blocks"])
    assert first["ts"] > second["ts"]  # the newest message first
    assert actions(told) == []
    assert f"<@{ANA}> chose *bug*" in str(after["blocks"])
    assert words_on(database, kept) == ["praise"]
    assert words_on(database, changed) == ["praise", "bug"]
    assert (outcome_of(database, kept), outcome_of(database, changed)) == (Outcome.KEPT, Outcome.CHANGED)
    assert asked_of(slack, BEN, DIRECT_MESSAGES["ben"]) == []
    assert len(asked_of(slack)) == 2


@on_both
def test_who_gave_a_label_keeps_or_changes_it_by_one_click(database_url: str, tmp_path: Path) -> None:
    with (
        workspace(**PATIENT) as slack,
        bot(slack, settings(tmp_path, database_url, summarizer="none")) as running,
        person(slack) as ana,
    ):
        keeps_and_changes(running, slack, ana, SUPPORT)


def test_a_third_label_is_chosen_in_the_modal(running: Bot, slack: Slack, ana: Person, channel: str) -> None:
    turn_on(ana, channel)
    card = teach(ana, card_on(ana, channel, GARAGE), "praise")
    find_suspicious(running.database, card)
    question = question_about(slack, card)

    view = ana.open_view(question, "change")
    still = asked_of(slack)[-1]
    choose(ana, view, "how-to")
    until_it_says(slack, question, "You chose *how-to*")

    assert actions(still) == actions(question)
    assert label_of(settled(ana, card, "how-to")) == "how-to"
    assert outcome_of(running.database, card) is Outcome.CHANGED


def test_what_is_settled_elsewhere_is_shown_in_the_place_of_its_question(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    turn_on(ana, channel)
    on_card = teach(ana, card_on(ana, channel, GARAGE), "praise")
    undone = teach(ana, card_on(ana, channel, "The coffee machine leaks"), "praise")
    find_suspicious(running.database, on_card, undone)
    first, second = question_about(slack, on_card), question_about(slack, undone)

    choose(ana, ana.open_view(on_card, "change"), "billing")
    ana.press(undone, "undo")

    assert actions(until_it_says(slack, first, "You chose *billing*")) == []
    assert actions(until_it_says(slack, second, "You took back")) == []


def test_in_quiet_mode_another_emoji_answers_a_question(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    turn_on(ana, channel, "quiet")
    ts = ana.write(channel, GARAGE)
    until_answered(running, slack)
    ana.react(channel, ts, "bug")
    message = {"channel": channel, "thread_ts": ts}
    until(lambda: words_on(running.database, message) == ["bug"])
    find_suspicious(running.database, message, label="bug", other="billing")
    question = question_about(slack, message)

    ana.unreact(channel, ts, "bug")
    ana.react(channel, ts, "bug")
    until_it_says(slack, question, "You kept :bug: *bug*")

    assert outcome_of(running.database, message) is Outcome.KEPT


def test_who_wants_no_questions_says_so_and_can_take_that_back(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    turn_on(ana, channel)
    card = teach(ana, card_on(ana, channel, GARAGE), "praise")
    another = teach(ana, card_on(ana, channel, "The coffee machine leaks"), "praise")
    find_suspicious(running.database, card)
    question = question_about(slack, card)

    ana.press(question, "ask_me_no_more")
    declined = until_it_says(slack, question, "I won't ask you")
    find_suspicious(running.database, another)
    until(lambda: _is_forgotten(running, another))
    ana.press(declined, "ask_me_again")
    until_it_says(slack, question, "I will ask you again")
    find_suspicious(running.database, another)

    assert question_about(slack, another)
    assert words_on(running.database, card) == ["praise"]


def _is_forgotten(running: Bot, card: Json) -> bool:
    with running.database.reading() as session:
        of_card = LabelQuestion.message_id == _message(running.database, card).id
        return session.exec(select(LabelQuestion).where(of_card)).first() is None


@pytest.mark.parametrize("end", ["deleted", "edited"])
def test_a_question_goes_with_its_message(
    running: Bot, slack: Slack, ana: Person, channel: str, end: str
) -> None:
    turn_on(ana, channel)
    card = teach(ana, card_on(ana, channel, GARAGE), "praise")
    find_suspicious(running.database, card)
    question = question_about(slack, card)

    if end == "deleted":
        ana.delete(channel, card["thread_ts"])
    else:
        ana.edit(channel, card["thread_ts"], "I want a refund for my last invoice")

    until(lambda: question["ts"] not in [one["ts"] for one in asked_of(slack)])
    until(lambda: _is_forgotten(running, card))


def test_reviewers_are_asked_as_well_unless_the_label_was_kept(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    turn_on(ana, channel)
    card = teach(ana, card_on(ana, channel, GARAGE), "praise")
    find_suspicious(running.database, card)
    ana.press(question_about(slack, card), "right")
    until(lambda: outcome_of(running.database, card))
    with running.database.writing() as session:
        [asked] = session.exec(
            select(Question).where(Question.message_id == _message(running.database, card).id)
        )
        before, asked.source = asked.rounds, questions.CORRECTION

    find_suspicious(running.database, card)

    with running.database.reading() as session:
        after = session.get_one(Question, asked.message_id)
    assert before == 2
    assert after.source == questions.CORRECTION


def test_killed_with_questions_to_ask_the_bot_asks_each_once(
    slack: Slack, ana: Person, database: Database, database_url: str, tmp_path: Path
) -> None:
    process = BotProcess(slack, settings(tmp_path, database_url), tmp_path)
    process.start()
    turn_on(ana, SUPPORT)
    card = teach(ana, card_on(ana, SUPPORT, GARAGE), "praise")
    another = teach(ana, card_on(ana, SUPPORT, "The coffee machine leaks"), "praise")
    process.kill()
    find_suspicious(database, card, another)
    process.start()
    until(lambda: asked_of(slack))
    process.kill()
    process.start()
    until(lambda: all_heard(slack) and _is_all_asked(database))
    assert process.stop() == 0

    asked = asked_of(slack)
    assert len({one["text"] + str(one["blocks"]) for one in asked}) == len(asked) <= 2
    assert cards(slack, card["thread_ts"])


def _is_all_asked(database: Database) -> bool:
    with database.reading() as session:
        return all(one.asked_at for one in session.exec(select(LabelQuestion)))
