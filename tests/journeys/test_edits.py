"""Authors edit messages: what was said of them belongs to the text that was seen, and edits come in any order."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.app.compose import Bot
from bot.slack.payloads import target
from local.slack.person import Person
from local.slack.setup.seed import BOT_USER_ID, DIRECT_MESSAGES, TEAM_ID
from storage.database.engine import Database
from storage.feedback.corrections import EditedSinceError
from storage.messages import contents, messages
from storage.tables.messages import Message
from tests.journeys.steps import (
    Json,
    all_heard,
    card_counts,
    card_on,
    choose,
    label_of,
    reactions,
    teach,
    texts_in,
    turn_on,
    until_answered,
    until_learned,
)
from tests.local.running import Slack, free_port, until, workspace
from tests.running import ANA, PATIENT, SUPPORT, BotProcess, bot, cards, learned, person, settings

GARAGE = "My badge does not open the garage door"
REFUND = "I want a refund for my last invoice"
AGAIN = "I want a refund for this invoice"
MENTION = f"<@{BOT_USER_ID}>"


@pytest.fixture(scope="module")
def changes() -> dict[str, Any]:
    return {"summarizer": "none"}


def shown(card: Json) -> str:
    return str(card["blocks"])


def edited(channel: str, ts: str, text: str, at: float, **more: Any) -> Json:
    """The event of an edit as Slack sends it, with the moment of the edit and that of the event."""
    moment = f"{at:.6f}"
    message = {"type": "message", "user": ANA, "ts": ts, "text": text, "edited": {"user": ANA, "ts": moment}}
    place = {"channel": channel, "channel_type": "channel"}
    changed = {"subtype": "message_changed", "message": message, "ts": moment, "event_ts": moment}
    return {"type": "message", **place, **changed, **more}


def until_said(somebody: Person, card: Json, words: str) -> Json:
    """A card once it says this."""
    while words not in str(card["blocks"]):
        card = somebody.wait_for_change(card)
    return card


def forgets_what_was_said_of_an_earlier_text(running: Bot, ana: Person, channel: str) -> None:
    """A correction of one text, an edit to another, a message like that, and back to the first text."""
    turn_on(ana, channel)
    card = card_on(ana, channel, GARAGE)
    before = learned(running)
    teach(ana, card, "praise")
    until_learned(running, before)

    ana.edit(channel, card["thread_ts"], REFUND)
    card = until_said(ana, card, "About an earlier text")
    until(lambda: running.workspace.service.overview(TEAM_ID).version.endswith(": 0"))
    again = card_on(ana, channel, AGAIN)
    ana.edit(channel, card["thread_ts"], GARAGE)
    back = until_said(ana, card, "settled by 1 person")

    assert label_of(card) == label_of(again) == "billing"
    assert f"About an earlier text: <@{ANA}> chose *praise*" in shown(card)
    assert label_of(back) == "praise"
    assert "earlier text" not in shown(back)


def test_a_correction_counts_for_the_text_that_it_was_made_on_alone(
    running: Bot, ana: Person, channel: str
) -> None:
    forgets_what_was_said_of_an_earlier_text(running, ana, channel)


def test_over_http_an_edit_is_taken_as_by_socket(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    with (
        workspace(bot_url=f"http://127.0.0.1:{port}/slack/events", **PATIENT) as slack,
        bot(slack, settings(tmp_path, database_url, port=port), by_http=True) as running,
        person(slack) as ana,
    ):
        forgets_what_was_said_of_an_earlier_text(running, ana, SUPPORT)


def test_a_small_edit_asks_with_one_click_whether_the_label_fits_still(
    running: Bot, ana: Person, ben: Person, channel: str
) -> None:
    turn_on(ana, channel)
    card = card_on(ana, channel, "The app crashes with an error")
    ana.press(card, "right")
    card = ana.wait_for_change(card)

    ana.edit(channel, card["thread_ts"], "The app crashes with an error on Firefox")
    card = until_said(ana, card, "Still ")
    ben.press(card, "right")
    told = until_said(ana, card, "settled by 1 person")

    assert card["text"] == "The message was edited. Still bug?"
    assert "Still :bug: *bug*?" in shown(card)
    assert f"About an earlier text: <@{ANA}> confirmed *bug*" in shown(card)
    assert label_of(told) == "bug"
    assert texts_in(running, channel) == ["The app crashes with an error on Firefox"]


def test_a_typo_that_is_fixed_changes_nothing_that_was_said(running: Bot, ana: Person, channel: str) -> None:
    turn_on(ana, channel)
    card = teach(ana, card_on(ana, channel, "The exprot crashes"), "praise")

    ana.edit(channel, card["thread_ts"], "The export crashes!")
    after = ana.wait_for_change(card)

    assert label_of(after) == "praise"
    assert "earlier text" not in shown(after)


def test_who_chose_in_a_modal_that_was_open_during_an_edit_is_asked_to_read_again(
    running: Bot, ana: Person, channel: str
) -> None:
    turn_on(ana, channel)
    card = card_on(ana, channel, GARAGE)
    view = ana.open_view(card, "change")
    ana.edit(channel, card["thread_ts"], REFUND)
    after = ana.wait_for_change(card)

    choose(ana, view, "praise")
    again = ana.wait_for_view_update()
    with pytest.raises(EditedSinceError):  # a click on the card of before
        _click(running, card)
    unchanged = _settled(running, channel)
    choose(ana, again, "praise")
    settled = ana.wait_for_change(after)

    assert "This message was edited since" in str(again["blocks"])
    assert unchanged is None
    assert label_of(settled) == "praise"


def _click(running: Bot, card: Json) -> None:
    """Press *Right* as a page that shows this card."""
    [value] = [
        one["value"]
        for block in card["blocks"]
        for one in block.get("elements", [])
        if one.get("action_id") == "right"
    ]
    of = target(value)
    running.workspace.service.confirm_or_choose(TEAM_ID, ANA, of, of.label_id)


def _only(running: Bot, channel: str) -> Message:
    with running.database.reading() as session:
        return session.exec(select(Message).where(Message.channel_id == channel)).one()


def test_a_late_older_edit_and_one_that_comes_again_change_nothing(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    turn_on(ana, channel)
    card = card_on(ana, channel, "The app crashes with an error")
    ts, now = card["thread_ts"], time.time()

    for text, at in ((REFUND, now + 2), (f"{MENTION} thanks", now + 1), (GARAGE, now + 2)):
        slack.fault("event", event=edited(channel, ts, text, at))
    until_answered(running, slack)

    assert texts_in(running, channel) == [REFUND]
    assert label_of(cards(slack, ts, channel)[0]) == "billing"


def test_edits_that_overtake_their_message_count_in_their_own_order(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    turn_on(ana, channel)
    now = time.time()
    ts = f"{now:.6f}"
    slack.fault("event", event=edited(channel, ts, REFUND, now + 2))
    slack.fault("event", event=edited(channel, ts, GARAGE, now + 1))
    first = {"type": "message", "channel": channel, "channel_type": "channel", "user": ANA, "ts": ts}
    slack.fault("event", event={**first, "text": "The app crashes", "event_ts": ts})

    assert texts_in(running, channel) == [REFUND]


@pytest.mark.parametrize("mode", ["off", "ask", "quiet", "reply"])
def test_a_mention_that_an_edit_adds_is_answered_once(
    running: Bot, slack: Slack, ana: Person, channel: str, mode: str
) -> None:
    if mode != "off":
        turn_on(ana, channel, mode)
    ts = ana.write(channel, "The app crashes with an error")
    until_answered(running, slack)

    ana.edit(channel, ts, f"{MENTION} The app crashes with an error")  # the same words, and now for us
    until(lambda: cards(slack, ts, channel))
    ana.edit(channel, ts, f"{MENTION} The app crashes with an error again")
    last = edited(channel, ts, f"{MENTION} The app crashes again and again", time.time() + 60)
    for event in (last, last, {**last["message"], "type": "app_mention", "channel": channel, "event_ts": ts}):
        slack.fault("event", event=event)
    until_answered(running, slack)

    assert card_counts(slack, channel) == {ts: 1}
    assert label_of(cards(slack, ts, channel)[0]) == "bug"
    assert texts_in(running, channel) == ["The app crashes again and again"]
    assert BOT_USER_ID not in str(reactions(slack, ts, channel))


def test_a_mention_by_an_edit_that_asks_for_a_summary_gets_one(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    ana.command(channel, "/corrigible", "summaries on")
    first = ana.write(channel, "The export fails since Monday")
    ts = ana.write(channel, "It fails for me as well", thread_ts=first)
    until(lambda: all_heard(slack, channel))

    for text in (f"{MENTION} summarize", f"{MENTION} summarize this", f"{MENTION} summarize it"):
        ana.edit(channel, ts, text)
    until(lambda: [card for card in cards(slack, first, channel) if "Summary of" in card["text"]])
    until_answered(running, slack)

    assert card_counts(slack, channel) == {first: 1}


@pytest.mark.parametrize("place", ["direct", "mention"])
def test_what_was_deleted_before_its_edit_is_told_stays_deleted(
    running: Bot, slack: Slack, channel: str, place: str
) -> None:
    where = DIRECT_MESSAGES["ana"] if place == "direct" else channel
    now = time.time()
    ts = f"{now:.6f}"
    kind = {"channel_type": "im" if place == "direct" else "channel"}
    said = {"type": "message", "user": ANA, "ts": ts, "text": f"{MENTION} the app crashes"}
    gone = {"type": "message", "subtype": "message_deleted", "channel": where, "deleted_ts": ts, **kind}
    slack.fault("event", event={**gone, "previous_message": said, "event_ts": f"{now + 2:.6f}"})
    slack.fault("event", event=edited(where, ts, f"{MENTION} the app crashes again", now + 1, **kind))
    slack.fault("event", event={**said, "channel": where, "event_ts": ts, **kind})
    until_answered(running, slack)

    assert [text for text in texts_in(running, where) if "crashes" in text] == []
    assert ts not in card_counts(slack, where)


def test_in_quiet_mode_a_reaction_counts_for_the_text_that_it_was_put_on(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    turn_on(ana, channel, "quiet")
    ts = ana.write(channel, GARAGE)
    until_answered(running, slack)
    ana.react(channel, ts, "bug")
    until(lambda: _settled(running, channel) == "bug")

    ana.edit(channel, ts, REFUND)
    until(lambda: _settled(running, channel) is None)
    ana.unreact(channel, ts, "bug")
    ana.edit(channel, ts, GARAGE)
    until(lambda: texts_in(running, channel) == [GARAGE] and _settled(running, channel) is None)
    until_answered(running, slack)

    assert _settled(running, channel) is None


def _settled(running: Bot, channel: str) -> str | None:
    """The label that people settled on the one message of a channel."""
    with running.database.reading() as session:
        content = contents.of_message(session, _only(running, channel).id)
    return content.labels[content.settled].name if content.settled else None


def test_killed_after_an_edit_that_mentions_it_the_bot_answers_once(
    slack: Slack, ana: Person, database: Database, database_url: str, tmp_path: Path
) -> None:
    process = BotProcess(slack, settings(tmp_path, database_url), tmp_path)
    process.start()
    ts = ana.write(SUPPORT, "The app crashes with an error")
    ana.edit(SUPPORT, ts, f"{MENTION} The app crashes with an error")
    until(lambda: all_heard(slack))
    process.kill()
    process.start()
    until(lambda: cards(slack, ts))
    ana.edit(SUPPORT, ts, f"{MENTION} The app crashes with an error again")
    until(lambda: all_heard(slack) and _is_done(database))
    assert process.stop() == 0

    assert card_counts(slack, SUPPORT) == {ts: 1}


def _is_done(database: Database) -> bool:
    with database.reading() as session:
        return messages.count_waiting(session, TEAM_ID) == 0
