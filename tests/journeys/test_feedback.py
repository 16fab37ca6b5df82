"""Feedback is deliberate and can be undone, and a channel hears no more of the bot than it needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from bot.app.compose import Bot
from local.slack.person import Person
from local.slack.setup.seed import BOT_USER_ID, DIRECT_MESSAGES, PEOPLE
from storage.tables.feedback import Correction, Label, Question, Word
from storage.tables.messages import Message
from storage.tables.models import Prediction
from storage.tables.summaries import SummaryWord
from storage.tables.workspaces import Choice
from tests.journeys.pages import take_picture
from tests.journeys.steps import (
    Json,
    all_heard,
    card_on,
    choose,
    correct,
    label_of,
    predictions_in,
    texts_in,
    turn_on,
    until_answered,
)
from tests.journeys.threads import allow_summaries, rewrite, send_text, summarize, summary_of, thread
from tests.local.running import Slack, until
from tests.running import ANA, BEN, cards, person

CRASH = "The app crashes with an error"
CHLOE = PEOPLE["chloe"]  # reads Spanish
NOTHING = "You have no correction of this message to undo."


@pytest.fixture(scope="module")
def changes() -> dict[str, Any]:
    return {"operators": ANA, "summarizer": "none", "ask_below_margin": 0.8}


@pytest.fixture
def chloe(slack: Slack) -> Iterator[Person]:
    with person(slack, CHLOE) as somebody:
        yield somebody


def words_in(running: Bot, channel: str) -> list[Word]:
    with running.database.reading() as session:
        said = select(Correction.word).join(Message).where(Message.channel_id == channel)
        return list(session.exec(said.order_by(Correction.created_at)))  # type: ignore[arg-type]


def shown(slack: Slack, card: Json, text: str) -> Json:
    """The card as soon as this is its text."""

    def find() -> Json | None:
        [now] = [one for one in slack.messages(card["channel"]) if one["ts"] == card["ts"]]
        return now if now["text"] == text else None

    found: Json = until(find)
    return {**found, "channel": card["channel"]}


def buttons(message: Json) -> list[str]:
    return [
        one["text"]["text"]
        for block in message["blocks"]
        if block["type"] == "actions"
        for one in block["elements"]
    ]


def test_a_correction_is_undone_by_whoever_made_it_and_the_card_shows_what_stands(
    running: Bot, slack: Slack, ana: Person, ben: Person, channel: str
) -> None:
    turn_on(ana, channel)
    card = card_on(ana, channel, CRASH)
    ana.press(card, "right")
    confirmed = shown(slack, card, "bug, settled by 1 person")
    ben.press(confirmed, "undo")
    refused = ben.wait_for_whisper(channel)["text"]
    correct(ben, confirmed, "billing")
    both = shown(slack, card, "billing, settled by 1 person")
    for _ in range(2):
        ben.press(both, "undo")
    ana.press(shown(slack, card, "bug, settled by 1 person"), "undo")
    again = shown(slack, card, card["text"])
    until_answered(running, slack)

    assert buttons(card) == buttons(again) == ["Right", "Change"]
    assert buttons(confirmed) == ["Right", "Change", "Undo"]
    assert refused == NOTHING
    assert words_in(running, channel) == [Word.CONFIRMED, Word.CHANGED, Word.UNDONE, Word.UNDONE]


def test_a_correction_that_its_author_confirms_stays_one_correction(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    turn_on(ana, channel)
    card = card_on(ana, channel, CRASH)
    correct(ana, card, "billing")
    changed = shown(slack, card, "billing, settled by 1 person")
    for _ in range(2):
        ana.press(changed, "right")
    until_answered(running, slack)
    after = shown(slack, card, "billing, settled by 1 person")

    assert f"<@{ANA}> chose *billing*" in str(after["blocks"])
    assert words_in(running, channel) == [Word.CHANGED]


def test_an_answer_to_a_question_is_undone_and_asked_again(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    turn_on(ana, channel, "ask")
    question = card_on(ana, channel, "the blue one by the window")
    ana.press(question, "choose_1")
    answered = ana.wait_for_change(question)
    ana.press(answered, "undo")
    again = shown(slack, question, question["text"])

    assert "settled by 1 person" in answered["text"]
    assert buttons(again) == buttons(question)


def test_without_a_card_a_correction_is_undone_in_the_menu_of_the_message(
    running: Bot, slack: Slack, ana: Person, ben: Person, channel: str
) -> None:
    ts = ana.write(channel, CRASH)
    choose(ana, ana.point(channel, ts, "correct_message"), "billing")
    view = ana.point(channel, ts, "correct_message")
    [block] = [one for one in view["blocks"] if one["type"] == "actions"]
    action = {"action_id": "undo", "block_id": block["block_id"], "type": "button"}
    slack.page("action", ANA, view_id=view["id"], action={**action, "value": block["elements"][0]["value"]})
    until(lambda: words_in(running, channel) == [Word.CHANGED, Word.UNDONE])
    after = ana.point(channel, ts, "classify_message")

    assert "You chose *billing*." in str(view["blocks"])
    assert "*bug*" in str(after["blocks"])
    assert "You chose" not in str(after["blocks"])


def test_a_reaction_to_a_label_that_was_retired_since_is_withdrawn_too(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    turn_on(ana, channel, "quiet")
    ts = ana.write(channel, CRASH)
    until(lambda: predictions_in(running, channel))
    ana.react(channel, ts, "bug")
    until(lambda: words_in(running, channel) == [Word.REACTED])
    _retire(running, "bug", is_retired=True)
    ana.unreact(channel, ts, "bug")
    until(lambda: words_in(running, channel) == [Word.REACTED, Word.WITHDRAWN])
    _retire(running, "bug", is_retired=False)


def _retire(running: Bot, name: str, is_retired: bool) -> None:
    with running.database.writing() as session:
        [label] = session.exec(select(Label).where(Label.name == name))
        label.retired_at = 1.0 if is_retired else None


def test_to_save_without_a_choice_says_so_and_stores_nothing(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    turn_on(ana, channel)
    card = card_on(ana, channel, CRASH)
    answers = [ana.submit(ana.open_view(card, "change"), {})]
    for shortcut in ("classify_message", "correct_message"):
        answers.append(ana.submit(ana.point(channel, card["thread_ts"], shortcut), {}))

    refused = {"label": "Choose a label, or write a new one below."}
    assert [answer["errors"] for answer in answers] == [refused] * 3
    assert words_in(running, channel) == []


def test_an_operator_who_changes_nothing_of_a_label_edits_nothing(running: Bot, ana: Person) -> None:
    picker = ana.open_from_home("home_edit_labels")
    [option] = ana.search(picker, "label", "bug")
    ana.submit(picker, {"label": {"label": {"type": "external_select", "selected_option": option}}})
    ana.submit(ana.wait_for_view(), {})
    until(lambda: "Nothing was changed." in str(ana.home()))

    with running.database.reading() as session:
        [label] = session.exec(select(Label).where(Label.name == "bug"))
    assert label.edited_at is None


def test_an_operator_who_saves_settings_as_they_are_changes_none(running: Bot, ana: Person) -> None:
    ana.submit(ana.open_from_home("home_settings"), {})
    with running.database.reading() as session:
        kept = session.exec(select(Choice)).all()

    assert list(kept) == []


def test_feedback_on_a_summary_is_undone_and_a_text_that_nobody_changed_is_none(
    running: Bot, slack: Slack, ana: Person, ben: Person, channel: str
) -> None:
    allow_summaries(ana, channel)
    ts = thread(slack, channel)
    summary = summarize(ana, slack, channel, ts)
    untouched = ana.open_view(summary, "summary_edit")
    [block] = untouched["blocks"]
    refused = send_text(ana, untouched, block["element"]["initial_value"])
    rewrite(ana, summary, "The export is started again tonight.")
    edited = until(lambda: _summary_with(slack, channel, ts, "started again tonight"))
    ana.press(edited, "summary_good")
    ben.press(edited, "summary_bad")
    bad = until(lambda: _summary_with(slack, channel, ts, f"<@{BEN}> bad"))
    for somebody in (ben, ben, ana):
        somebody.press(bad, "summary_undo")
    until(lambda: _summary_now(slack, channel, ts)["text"] == summary["text"])
    with running.database.reading() as session:
        said = [word.opinion.value for word in session.exec(select(SummaryWord))]

    assert "not changed the text" in str(refused["errors"])
    assert f"<@{ANA}> edited" in str(bad["blocks"])
    assert "Undo" in buttons(bad)
    assert buttons(_summary_now(slack, channel, ts)) == ["Good", "Bad", "Edit"]
    assert sorted(said) == ["bad", "edited", "undone", "undone"]


def _summary_now(slack: Slack, channel: str, ts: str) -> Json:
    return {**summary_of(slack, channel, ts), "channel": channel}


def _summary_with(slack: Slack, channel: str, ts: str, words: str) -> Json | None:
    now = _summary_now(slack, channel, ts)
    return (
        now if words in str([block.get("text") or block.get("elements") for block in now["blocks"]]) else None
    )


@pytest.mark.parametrize("mode", ["reply", "ask", "quiet"])
def test_messages_that_say_nothing_are_neither_answered_nor_asked_about_until_they_say_something(
    running: Bot, slack: Slack, ana: Person, channel: str, mode: str
) -> None:
    turn_on(ana, channel, mode)
    sent = [ana.write(channel, text) for text in ("ok", "Thanks!", ":tada:", "obrigado 🙏", "¡Gracias!")]
    until(lambda: all_heard(slack, channel) and len(texts_in(running, channel)) == len(sent))
    until_answered(running, slack)
    with running.database.reading() as session:
        asked = session.exec(select(Question).join(Message).where(Message.channel_id == channel)).all()
    silent = predictions_in(running, channel)
    ana.edit(channel, sent[0], CRASH)
    until(lambda: predictions_in(running, channel) == 1)

    assert (silent, list(asked)) == (0, [])


def test_what_is_edited_to_say_nothing_is_not_asked_about(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    turn_on(ana, channel, "ask")
    ts = ana.write(channel, "The app is broken, it crashes and shows an error")
    until(lambda: predictions_in(running, channel) == 1)
    ana.edit(channel, ts, "thanks")
    until(lambda: texts_in(running, channel) == ["thanks"])
    until_answered(running, slack)

    assert predictions_in(running, channel) == 0
    assert cards(slack, ts, channel) == []


def test_whoever_asks_is_answered_whatever_they_say(running: Bot, ana: Person, channel: str) -> None:
    turn_on(ana, channel)
    mentioned = card_on(ana, channel, f"<@{BOT_USER_ID}> thanks")
    direct = card_on(ana, DIRECT_MESSAGES["ana"], "ok")
    pointed = ana.point(channel, ana.write(channel, "¡Gracias!"), "classify_message")

    assert "sure" in mentioned["text"]
    assert "sure" in direct["text"]
    assert "sure" in str(pointed["blocks"])


def test_a_channel_hears_once_that_it_is_on_and_in_one_line_what_changes(
    running: Bot, slack: Slack, chloe: Person, ana: Person, channel: str
) -> None:
    for words in ("on reply", "on reply", "on", "on ask", "summaries on", "summaries on"):
        chloe.command(channel, "/corrigible", words)
    for words in ("digest on", "digest on", "off", "off", "on"):
        ana.command(channel, "/corrigible", words)
    posted = [one for one in slack.messages(channel) if one.get("bot_id")]
    told = [one["text"] for one in posted if not one.get("is_ephemeral")]
    on = "turned Corrigible on in this channel. I "

    assert told[0].startswith(f"<@{CHLOE}> {on}answer every message here that a label fits, in its thread.")
    assert told[1].startswith(f"<@{CHLOE}> changed what I do here. I ask here")
    assert told[2].startswith(f"<@{CHLOE}> turned summaries on.")
    assert told[3].startswith(f"<@{ANA}> turned on the weekly digest.")
    assert told[4] == f"<@{ANA}> turned Corrigible off in this channel."
    assert told[5].startswith(f"<@{ANA}> {on}ask here")
    assert len(told) == 6


def test_members_see_no_command_of_operators_and_a_mistyped_one_is_named(
    running: Bot, ana: Person, ben: Person, channel: str
) -> None:
    def ask(somebody: Person, words: str) -> str:
        return str(somebody.command(channel, "/corrigible", words)["text"])

    assert "retrain" in ask(ana, "help")
    assert "retrain" not in ask(ben, "help")
    assert "`/corrigible retrain`" in ask(ana, "retrian")
    assert "`/corrigible retrain`" not in ask(ben, "retrian")
    assert ask(ben, "statsu").startswith(
        "I don't know the word “statsu”. Did you mean `/corrigible status` or"
    )


def test_operators_alone_see_which_version_answered(
    running: Bot, ana: Person, ben: Person, channel: str
) -> None:
    turn_on(ana, channel)
    card = card_on(ana, channel, CRASH)
    seen = {
        somebody: str(one.point(channel, card["ts"], "classify_message")["blocks"])
        for somebody, one in ((ANA, ana), (BEN, ben))
    }
    with running.database.reading() as session:
        [said] = session.exec(select(Prediction).join(Message).where(Message.channel_id == channel))

    assert f"model v{said.version}.{said.revision}" in seen[ANA]
    assert "model v" not in seen[BEN]
    assert "model v" not in str(card)


def test_undo_is_seen_on_the_page(running: Bot, slack: Slack, ana: Person, channel: str, page: Page) -> None:
    turn_on(ana, channel)
    card = card_on(ana, channel, CRASH)
    correct(ana, card, "billing")
    shown(slack, card, "billing, settled by 1 person")
    page.goto(f"{slack.url}/#channel={channel}&user=ana")
    page.get_by_test_id("reply-count").click()
    reply = page.get_by_test_id("thread-pane").get_by_test_id("reply")
    expect(reply).to_contain_text("billing · settled by 1 person")
    take_picture(page, "undo.png")
    reply.locator("[data-action-id=undo]").click()
    expect(reply).to_contain_text(label_of(card))
    expect(reply.locator("[data-action-id=undo]")).to_have_count(0)
