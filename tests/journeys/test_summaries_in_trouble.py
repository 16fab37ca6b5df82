"""What people are told when a summary can't be made as they asked, and that nothing is posted twice or lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.compose import Bot
from local.slack.person import Person
from storage.tables import Message, Prediction, Summary
from tests.journeys.test_summaries import THREAD, summary_of, switched_on, thread
from tests.local.running import Slack, until, workspace
from tests.running import ANA, BEN, SUPPORT, bot, person, settings

Json = dict[str, Any]

ME = "<@U0CORRIGIB>"
LONG = " ".join(f"The export of table {number} takes an hour." for number in range(12))


@pytest.fixture
def slack() -> Iterator[Slack]:
    with workspace() as running:
        yield running


@pytest.fixture
def ana(slack: Slack) -> Iterator[Person]:
    with person(slack, ANA) as somebody:
        yield somebody


@pytest.fixture
def running(slack: Slack, tmp_path: Path) -> Iterator[Bot]:
    """A bot that picks sentences."""
    chosen = settings(tmp_path, f"sqlite:///{tmp_path}/corrigible.db", summarizer="none")
    with bot(slack, chosen) as started:
        yield started


def of_bot(slack: Slack, ts: str) -> list[Json]:
    """What the bot posted in a thread."""
    return [one for one in slack.messages() if one.get("thread_ts") == ts and "bot_id" in one]


def is_heard(slack: Slack) -> bool:
    """Was everything that was said acknowledged?"""
    return all(one["acknowledged_at"] for one in slack.deliveries("message"))


def test_where_nobody_agreed_to_summaries_the_asker_is_told_how_to(
    slack: Slack, ana: Person, running: Bot
) -> None:
    ts = thread(slack)
    ana.shortcut(SUPPORT, ts, "summarize_thread")
    told = ana.wait_for_whisper(SUPPORT)["text"]
    asked = ana.command(SUPPORT, "/corrigible", "summarize")["text"]

    assert "`/corrigible summaries on` turns them on" in told
    assert asked == told
    assert of_bot(slack, ts) == []


def test_a_mention_in_a_thread_has_it_summarized_once(slack: Slack, ana: Person, running: Bot) -> None:
    switched_on(ana)
    ts = thread(slack)
    ana.write(SUPPORT, f"{ME} summarize, please", thread_ts=ts)
    summary = summary_of(slack, ts)
    slack.fault("redeliver", count=3)
    until(lambda: is_heard(slack))
    running.workspace.service.overview("T0LOCAL")

    assert "Summary of 4 messages by 2 people" in summary["text"]
    assert len(of_bot(slack, ts)) == 1


def test_a_mention_where_summaries_are_off_is_told_so(slack: Slack, ana: Person, running: Bot) -> None:
    ts = thread(slack)
    ana.write(SUPPORT, f"{ME} summarize", thread_ts=ts)

    assert "Summaries are off in this channel" in summary_of(slack, ts)["text"]


def test_a_long_message_gets_a_summary_where_that_was_asked_for(
    slack: Slack, ana: Person, running: Bot
) -> None:
    switched_on(ana, "summaries on over 200")
    long, short = ana.write(SUPPORT, LONG), ana.write(SUPPORT, "Thank you!")
    summary = summary_of(slack, long)

    assert "Summary of 1 message by 1 person" in summary["text"]
    assert len(summary["text"]) < len(LONG)
    assert of_bot(slack, short) == []


def test_the_summary_of_a_channel_is_for_the_asker_alone(slack: Slack, ana: Person, running: Bot) -> None:
    switched_on(ana)
    for user, text in THREAD:
        slack.say(text, user=user)
    told = ana.command(SUPPORT, "/corrigible", "summarize 3 messages")["text"]
    summary = ana.wait_for_whisper(SUPPORT)
    ana.press(summary, "summary_bad")
    judged = until(lambda: _whisper_with(slack, f"<@{ANA}> bad"))

    assert "the last 3 messages" in told
    assert "Summary of 3 messages by 2 people" in summary["text"]
    assert judged["ts"] == summary["ts"]
    assert not [one for one in slack.messages(user=BEN) if "Summary of" in one.get("text", "")]


def _whisper_with(slack: Slack, words: str) -> Json | None:
    return next((one for one in slack.messages() if words in str(one.get("blocks"))), None)


def test_one_short_message_is_its_own_summary(slack: Slack, ana: Person, running: Bot) -> None:
    switched_on(ana)
    ts = slack.say("Lunch at noon?")
    ana.shortcut(SUPPORT, ts, "summarize_thread")

    assert "only one short message" in summary_of(slack, ts)["text"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("missing_scope", "the app lacks the scope"),
        ("not_in_channel", "/invite @corrigible"),
        ("thread_not_found", "perhaps it was deleted"),
    ],
)
def test_what_slack_does_not_let_us_read_is_said_with_how_to_mend_it(
    slack: Slack, ana: Person, running: Bot, error: str, told: str
) -> None:
    ts = thread(slack)
    switched_on(ana)  # after the thread began: what was said before has to be read from Slack
    slack.fault("method", method="conversations.replies", kind="error", error=error)
    ana.shortcut(SUPPORT, ts, "summarize_thread")

    assert told in summary_of(slack, ts)["text"]


def test_what_slack_lets_us_read_only_slowly_is_summarized_when_it_may_be(
    slack: Slack, ana: Person, running: Bot
) -> None:
    ts = thread(slack)
    switched_on(ana)
    slack.fault("method", method="conversations.replies", kind="rate_limited", retry_after=1, times=2)
    ana.shortcut(SUPPORT, ts, "summarize_thread")
    until(lambda: of_bot(slack, ts) and "only a few messages a minute" in of_bot(slack, ts)[0]["text"])

    assert "Summary of 4 messages by 2 people" in summary_of(slack, ts)["text"]


def test_a_message_deleted_in_the_middle_is_left_out(slack: Slack, ana: Person, running: Bot) -> None:
    switched_on(ana)
    first = slack.say(THREAD[0][1])
    gone = slack.say("my secret password is hunter2", thread_ts=first)
    slack.say(THREAD[1][1], user=BEN, thread_ts=first)
    ana.delete(SUPPORT, gone)
    until(lambda: is_heard(slack))
    ana.shortcut(SUPPORT, first, "summarize_thread")
    summary = summary_of(slack, first)

    assert "Summary of 2 messages" in summary["text"]
    assert "hunter2" not in str(summary)


def test_a_post_whose_answer_was_lost_is_not_posted_again(slack: Slack, ana: Person, running: Bot) -> None:
    switched_on(ana)
    ts = thread(slack)
    slack.fault("method", method="chat.postMessage", kind="answer_lost")
    ana.shortcut(SUPPORT, ts, "summarize_thread")

    assert "Summary of 4 messages" in summary_of(slack, ts)["text"]
    assert len(of_bot(slack, ts)) == 1


def test_what_was_asked_for_before_a_restart_comes_after_it(
    slack: Slack, ana: Person, tmp_path: Path
) -> None:
    chosen = settings(tmp_path, f"sqlite:///{tmp_path}/corrigible.db", summarizer="none")
    with bot(slack, chosen) as first:
        switched_on(ana)
        ts = thread(slack)
        for worker in first.workspace.summarizing.workers:
            worker.stop(5)
        ana.shortcut(SUPPORT, ts, "summarize_thread")
    with bot(slack, chosen):
        summary = summary_of(slack, ts)

    assert "Summary of 4 messages" in summary["text"]


def test_what_is_kept_for_summaries_alone_is_never_classified(
    slack: Slack, ana: Person, running: Bot
) -> None:
    switched_on(ana)
    ts = ana.write(SUPPORT, "The export failed again")
    ana.edit(SUPPORT, ts, "The export failed again and again")
    until(lambda: is_heard(slack))
    ana.shortcut(SUPPORT, ts, "summarize_thread")
    summary_of(slack, ts)
    with running.database.reading() as session:
        texts = list(session.exec(select(Message.text)))
        predicted = list(session.exec(select(Prediction.id)))

    assert "The export failed again and again" in texts
    assert predicted == []


def test_a_model_that_can_not_be_loaded_is_named_and_sentences_are_picked(
    slack: Slack, ana: Person, tmp_path: Path
) -> None:
    chosen = settings(tmp_path, f"sqlite:///{tmp_path}/corrigible.db", summarizer=str(tmp_path / "none"))
    with bot(slack, chosen):
        switched_on(ana)
        ts = thread(slack)
        ana.shortcut(SUPPORT, ts, "summarize_thread")
        summary = summary_of(slack, ts)

    assert "Summary of 4 messages" in summary["text"]
    assert "could not be loaded" in str(summary["blocks"])


def test_a_summary_of_nobody_knows_which_can_not_be_edited(slack: Slack, ana: Person, running: Bot) -> None:
    switched_on(ana)
    ts = thread(slack)
    ana.shortcut(SUPPORT, ts, "summarize_thread")
    view = ana.open_view(summary_of(slack, ts), "summary_edit")
    ana.delete(SUPPORT, ts)
    until(lambda: "was deleted" in summary_of(slack, ts)["text"])
    answer = ana.submit(view, {"text": {"text": {"type": "plain_text_input", "value": "something else"}}})
    with running.database.reading() as session:
        [summary] = session.exec(select(Summary))

    assert "not known here any more" in str(answer)
    assert summary.sentences == []
