"""What people are told when a summary can't be made as they asked, and that nothing is posted twice or lost."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from bot.app.compose import Bot
from local.slack.person import Person
from storage.tables.summaries import Summary
from tests.journeys.steps import all_heard, predictions_in, texts_in, until_answered
from tests.journeys.threads import THREAD, allow_summaries, of_bot, send_text, summary_of, thread
from tests.learning.summarizing.tiny_writers import random_writer
from tests.local.running import Slack, until
from tests.running import ANA, BEN, HANG_S, SUPPORT, bot, settings

Json = dict[str, Any]

DAY_S = 86_400
ME = "<@U0CORRIGIB>"
LONG = " ".join(f"The export of table {number} takes an hour." for number in range(12))


@pytest.fixture(scope="module")
def changes() -> dict[str, Any]:
    """Sentences are picked; no model writes."""
    return {"summarizer": "none"}


def test_where_nobody_agreed_to_summaries_the_asker_is_told_how_to(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    ts = thread(slack, channel)
    ana.shortcut(channel, ts, "summarize_thread")
    told = ana.wait_for_whisper(channel)["text"]
    asked = ana.command(channel, "/corrigible", "summarize")["text"]

    assert "`/corrigible summaries on` turns them on" in told
    assert asked == told
    assert of_bot(slack, channel, ts) == []


def test_a_mention_in_a_thread_has_it_summarized_once(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    allow_summaries(ana, channel)
    ts = thread(slack, channel)
    ana.write(channel, f"{ME} summarize, please", thread_ts=ts)
    summary = summary_of(slack, channel, ts)
    slack.fault("redeliver", count=3)
    until(lambda: all_heard(slack, channel))
    until_answered(running, slack)

    assert "Summary of 4 messages by 2 people" in summary["text"]
    assert len(of_bot(slack, channel, ts)) == 1


def test_a_mention_where_summaries_are_off_is_told_so(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    ts = thread(slack, channel)
    ana.write(channel, f"{ME} summarize", thread_ts=ts)

    assert "Summaries are off in this channel" in summary_of(slack, channel, ts)["text"]


def test_a_long_message_gets_a_summary_where_that_was_asked_for(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    allow_summaries(ana, channel, "summaries on over 200")
    long, short = ana.write(channel, LONG), ana.write(channel, "Thank you!")
    summary = summary_of(slack, channel, long)

    assert "Summary of 1 message by 1 person" in summary["text"]
    assert len(summary["text"]) < len(LONG)
    assert of_bot(slack, channel, short) == []


def test_the_summary_of_a_channel_is_for_the_asker_alone(
    running: Bot, slack: Slack, ana: Person, channel: str, page: Page
) -> None:
    allow_summaries(ana, channel)
    for user, text in THREAD:
        slack.say(text, channel, user)
    page.goto(f"{slack.url}/#channel={channel}&user=ana")
    told = ana.command(channel, "/corrigible", "summarize 3 messages")["text"]
    summary = until(lambda: _whisper_with(slack, channel, "summary_bad"))
    expect(page.locator(".ephemeral").filter(has_text="Summary of 3 messages by 2 people")).to_be_visible()
    ana.press(summary, "summary_bad")
    judged = until(lambda: _whisper_with(slack, channel, f"<@{ANA}> bad"))

    assert "the last 3 messages" in told
    assert "Summary of 3 messages by 2 people" in summary["text"]
    assert judged["ts"] == summary["ts"]
    assert not [one for one in slack.messages(channel, BEN) if "Summary of" in one.get("text", "")]


def test_the_summary_of_a_channel_since_yesterday_leaves_out_what_was_said_before(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    allow_summaries(ana, channel)
    ancient = f"{time.time() - 3 * DAY_S:.6f}"
    said = {"type": "message", "channel": channel, "user": ANA, "channel_type": "channel"}
    slack.fault("event", event={**said, "ts": ancient, "text": "The server room was flooded."})
    thread(slack, channel)
    until(lambda: len(texts_in(running, channel)) == 1 + len(THREAD))
    told = ana.command(channel, "/corrigible", "summarize since yesterday")["text"]
    summary = ana.wait_for_whisper(channel)

    assert told.endswith("the summary follows here, for you alone.")
    assert "Summary of 4 messages by 2 people" in summary["text"]
    assert "flooded" not in str(summary)


def _whisper_with(slack: Slack, channel: str, words: str) -> Json | None:
    return next((one for one in slack.messages(channel) if words in str(one.get("blocks"))), None)


def test_one_short_message_is_its_own_summary(running: Bot, slack: Slack, ana: Person, channel: str) -> None:
    allow_summaries(ana, channel)
    ts = slack.say("Lunch at noon?", channel)
    ana.shortcut(channel, ts, "summarize_thread")

    assert "only one short message" in summary_of(slack, channel, ts)["text"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("missing_scope", "the app lacks the scope"),
        ("not_in_channel", "/invite @corrigible"),
        ("thread_not_found", "perhaps it was deleted"),
    ],
)
def test_what_slack_does_not_let_us_read_is_said_with_how_to_mend_it(
    running: Bot, slack: Slack, ana: Person, channel: str, error: str, told: str
) -> None:
    ts = thread(slack, channel)
    allow_summaries(ana, channel)  # after the thread began: what was said before has to be read from Slack
    slack.fault("method", method="conversations.replies", kind="error", error=error)
    ana.shortcut(channel, ts, "summarize_thread")

    assert told in summary_of(slack, channel, ts)["text"]


def test_what_slack_lets_us_read_only_slowly_is_summarized_when_it_may_be(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    ts = thread(slack, channel)
    allow_summaries(ana, channel)
    slack.fault("method", method="conversations.replies", kind="rate_limited", retry_after=1, times=2)
    ana.shortcut(channel, ts, "summarize_thread")
    until(
        lambda: (
            of_bot(slack, channel, ts)
            and "only a few messages a minute" in of_bot(slack, channel, ts)[0]["text"]
        )
    )

    assert "Summary of 4 messages by 2 people" in summary_of(slack, channel, ts)["text"]


def test_a_message_deleted_in_the_middle_is_left_out(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    allow_summaries(ana, channel)
    first = slack.say(THREAD[0][1], channel)
    gone = slack.say("my secret password is hunter2", channel, thread_ts=first)
    slack.say(THREAD[1][1], channel, BEN, thread_ts=first)
    ana.delete(channel, gone)
    until(lambda: all_heard(slack, channel))
    ana.shortcut(channel, first, "summarize_thread")
    summary = summary_of(slack, channel, first)

    assert "Summary of 2 messages" in summary["text"]
    assert "hunter2" not in str(summary)


def test_a_post_whose_answer_was_lost_is_not_posted_again(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    allow_summaries(ana, channel)
    ts = thread(slack, channel)
    slack.fault("method", method="chat.postMessage", kind="answer_lost")
    ana.shortcut(channel, ts, "summarize_thread")

    assert "Summary of 4 messages" in summary_of(slack, channel, ts)["text"]
    assert len(of_bot(slack, channel, ts)) == 1


def test_what_was_asked_for_before_a_restart_comes_after_it(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    chosen = settings(tmp_path, database_url, summarizer="none")
    with bot(slack, chosen) as first:
        allow_summaries(ana, SUPPORT)
        ts = thread(slack, SUPPORT)
        for worker in first.workspace.summarizing.workers:
            worker.stop(HANG_S)
        ana.shortcut(SUPPORT, ts, "summarize_thread")
    with bot(slack, chosen):
        summary = summary_of(slack, SUPPORT, ts)

    assert "Summary of 4 messages" in summary["text"]


def test_what_is_kept_for_summaries_alone_is_never_classified(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    allow_summaries(ana, channel)
    ts = ana.write(channel, "The export failed again")
    ana.edit(channel, ts, "The export failed again and again")
    until(lambda: all_heard(slack, channel))
    ana.shortcut(channel, ts, "summarize_thread")
    summary_of(slack, channel, ts)

    assert "The export failed again and again" in texts_in(running, channel)
    assert predictions_in(running, channel) == 0


def test_a_model_that_is_damaged_while_the_bot_runs_is_named_and_sentences_are_picked(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    writer = tmp_path / "writer"
    chosen = settings(tmp_path, database_url, summarizer=random_writer(writer, "llama"))
    with bot(slack, chosen):
        (writer / "model.safetensors").unlink()
        allow_summaries(ana, SUPPORT)
        ts = thread(slack, SUPPORT)
        ana.shortcut(SUPPORT, ts, "summarize_thread")
        summary = summary_of(slack, SUPPORT, ts)

    assert "Summary of 4 messages" in summary["text"]
    assert "could not be loaded" in str(summary["blocks"])


def test_a_summary_of_nobody_knows_which_can_not_be_edited(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    allow_summaries(ana, channel)
    ts = thread(slack, channel)
    ana.shortcut(channel, ts, "summarize_thread")
    view = ana.open_view(summary_of(slack, channel, ts), "summary_edit")
    ana.delete(channel, ts)
    until(lambda: "was deleted" in summary_of(slack, channel, ts)["text"])
    answer = send_text(ana, view, "something else")
    with running.database.reading() as session:
        [summary] = session.exec(select(Summary).where(Summary.channel_id == channel))

    assert "not known here any more" in str(answer)
    assert summary.sentences == []
