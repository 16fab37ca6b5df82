"""From a message in Slack to a bot that has learned, over both of Slack's wires."""

from __future__ import annotations

import time
from pathlib import Path

from sqlmodel import select

from bot.app.compose import Bot
from local.slack.person import Person
from local.slack.setup.seed import BOT_USER_ID, DIRECT_MESSAGES
from storage.tables.messages import Message
from storage.tables.models import Vector
from tests.databases import on_both
from tests.journeys.steps import (
    Json,
    all_heard,
    card_on,
    correct,
    label_of,
    predictions_in,
    propose,
    teach,
    texts_in,
    turn_on,
    until_answered,
    until_learned,
)
from tests.local.running import Slack, free_port, until, workspace
from tests.running import ANA, BEN, PATIENT, SUPPORT, bot, cards, learned, person, settings


@on_both
def test_a_correction_is_shown_and_the_next_similar_message_is_right(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url)) as running:
        turn_on(ana, SUPPORT)
        card = card_on(ana, SUPPORT, "My badge does not open the garage door")
        assert label_of(card) != "praise"
        before = learned(running)

        corrected = teach(ana, card, "praise")
        until_learned(running, before)
        again = card_on(ana, SUPPORT, "My badge doesn't open the door of the garage")

    assert label_of(corrected) == "praise"
    assert f"<@{ANA}> chose *praise*" in str(corrected["blocks"])
    assert label_of(again) == "praise"
    assert "v1." not in str([card, corrected, again])


def test_signed_http_serves_the_same_as_socket_mode(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    with (
        workspace(bot_url=f"http://127.0.0.1:{port}/slack/events", **PATIENT) as slack,
        bot(slack, settings(tmp_path, database_url, port=port), by_http=True),
        person(slack) as ana,
    ):
        turn_on(ana, SUPPORT)
        card = card_on(ana, SUPPORT, "The app crashes with an error")
        corrected = teach(ana, card, "billing")

    assert label_of(card) == "bug"
    assert label_of(corrected) == "billing"


def test_what_was_said_while_the_bot_was_away_is_answered_when_it_is_back(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    chosen = settings(tmp_path, database_url)
    with bot(slack, chosen):
        turn_on(ana, SUPPORT)
    ts = ana.write(SUPPORT, "I want a refund")
    with bot(slack, chosen):
        card = ana.wait_for_reply(SUPPORT, ts)

    assert label_of(card) == "billing"


def test_in_ask_mode_the_bot_is_silent_where_it_is_sure_and_asks_where_it_is_not(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, settings(tmp_path, database_url, ask_below_margin=0.8)) as running:
        turn_on(ana, SUPPORT, "ask")
        sure = ana.write(SUPPORT, "The app is broken, it crashes and shows an error")
        unsure = ana.write(SUPPORT, "the blue one by the window")
        question = ana.wait_for_reply(SUPPORT, unsure)
        until_answered(running, slack)
        silent = cards(slack, sure) == []
        offered = [one["text"]["text"] for one in question["blocks"][1]["elements"]]
        ana.press(question, "choose_1")
        settled = ana.wait_for_change(question)

    assert silent
    assert len(offered) == 4
    assert offered[-1] == "Another…"
    assert label_of(settled) == offered[1]


def test_a_label_that_somebody_proposes_can_be_chosen_and_predicted(
    running: Bot, ana: Person, channel: str
) -> None:
    turn_on(ana, channel)
    card = card_on(ana, channel, "When does the canteen open today?")
    before = learned(running)
    propose(ana, ana.open_view(card, "change"), " canteen  food ")
    corrected = ana.wait_for_change(card)
    until_learned(running, before)
    again = card_on(ana, channel, "Is the canteen open today?")
    offered = ana.search(ana.open_view(again, "change"), "label", "canteen")

    assert label_of(corrected) == label_of(again) == "canteen food"
    assert [option["text"]["text"] for option in offered] == ["canteen food"]


def test_everybodys_last_word_counts_and_the_card_shows_who_said_what(
    running: Bot, slack: Slack, ana: Person, ben: Person, channel: str
) -> None:
    turn_on(ana, channel)
    card = card_on(ana, channel, "The lamp in the lift flickers")
    correct(ana, card, "billing")
    correct(ana, card, "praise")
    corrected = until(lambda: _shows(slack, card, f"<@{ANA}> chose *praise*"))
    ben.press(corrected, "right")
    agreed = until(lambda: _shows(slack, card, f"<@{BEN}> confirmed *praise*"))

    assert "billing" not in str(agreed["blocks"])
    assert agreed["text"] == "praise, settled by 2 people"


def _shows(slack: Slack, card: Json, words: str) -> Json | None:
    [now] = [one for one in slack.messages(card["channel"]) if one["ts"] == card["ts"]]
    return now if words in str(now["blocks"]) else None


def test_the_bot_keeps_nothing_of_a_channel_until_it_is_turned_on_there(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    ana.write(channel, "The app crashes")
    until(lambda: all_heard(slack, channel))
    turn_on(ana, channel)
    card_on(ana, channel, "The app crashes again")
    ana.command(channel, "/corrigible", "off")
    ana.write(channel, "And once more")
    until(lambda: all_heard(slack, channel))

    assert texts_in(running, channel) == ["The app crashes again"]


def test_direct_messages_and_mentions_are_always_answered_and_replies_only_with_a_mention(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    me, direct = f"<@{BOT_USER_ID}>", DIRECT_MESSAGES["ana"]
    card_on(ana, direct, "I want a refund")
    mention = ana.write(channel, f"{me} the app crashes")
    ana.wait_for_reply(channel, mention)
    ana.write(channel, "a plain reply", thread_ts=mention)
    ana.write(channel, f"{me} thanks, well done!", thread_ts=mention)
    until(lambda: len(cards(slack, mention, channel)) == 2)
    until_answered(running, slack)

    assert predictions_in(running, direct) == 1
    assert predictions_in(running, channel) == 2
    assert [label_of(card) for card in cards(slack, mention, channel)] == ["bug", "praise"]


def test_a_deleted_message_is_erased_with_its_card(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    turn_on(ana, channel)
    card = card_on(ana, channel, "My secret refund")
    ts = card["thread_ts"]
    ana.delete(channel, ts)
    until(lambda: not cards(slack, ts, channel))
    with running.database.reading() as session:
        [kept] = session.exec(select(Message).where(Message.channel_id == channel))
        vectors = session.exec(select(Vector).where(Vector.message_id == kept.id)).all()

    assert (kept.text, kept.user_id) == ("", "")
    assert vectors == []


def test_the_command_answers_only_the_asker(running: Bot, slack: Slack, ana: Person, channel: str) -> None:
    answers = {
        word: ana.command(channel, "/corrigible", word)["text"] for word in ("help", "status", "labels", "")
    }

    assert answers[""] == answers["help"]
    assert "I am off in this channel" in answers["status"]
    assert ":bug: *bug* – something is broken" in answers["labels"]
    assert not [one for one in slack.messages(channel, BEN) if one.get("bot_id")]


def test_an_edited_message_is_predicted_again_and_its_card_follows(
    running: Bot, ana: Person, channel: str
) -> None:
    turn_on(ana, channel)
    before = card_on(ana, channel, "The app crashes with an error")
    ana.edit(channel, before["thread_ts"], "I want a refund for my last invoice")
    after = ana.wait_for_change(before)

    assert label_of(before) == "bug"
    assert label_of(after) == "billing"
    assert predictions_in(running, channel) == 1


def test_an_edit_that_overtakes_its_message_is_what_counts(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    turn_on(ana, channel)
    now = f"{time.time():.6f}"
    said = {"type": "message", "channel": channel, "user": ANA, "ts": now, "channel_type": "channel"}
    edited = {**said, "text": "I want a refund", "edited": {"user": ANA, "ts": now}}
    changed = {"subtype": "message_changed", "message": edited, "ts": f"{time.time():.6f}"}
    slack.fault("event", event={**said, **changed})
    until(lambda: predictions_in(running, channel) == 1)
    late = slack.fault("event", event={**said, "text": "The app crashes"})

    assert late["acknowledged"]
    assert texts_in(running, channel) == ["I want a refund"]
