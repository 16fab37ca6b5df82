"""Threads that people have summarized in these journeys."""

from __future__ import annotations

from typing import Any

from local.slack.person import Person
from tests.local.running import Slack, until
from tests.running import ANA, BEN

Json = dict[str, Any]

THREAD = (
    (ANA, "The nightly export to the warehouse failed again, the report for the board is empty."),
    (BEN, "I saw it. The disk of the export server is full, 98 percent."),
    (ANA, "Can we delete the old archives? The board meets on Thursday."),
    (BEN, "Yes. I will delete the archives from March today and start the export again tonight."),
)


def thread(slack: Slack, channel: str) -> str:
    """People talk; the ts of what they talk about."""
    (user, text), *others = THREAD
    first = slack.say(text, channel, user)
    for user, text in others:
        slack.say(text, channel, user, thread_ts=first)
    return first


def of_bot(slack: Slack, channel: str, ts: str) -> list[Json]:
    """What the bot posted in a thread."""
    return [one for one in slack.messages(channel) if one.get("thread_ts") == ts and "bot_id" in one]


def summary_of(slack: Slack, channel: str, ts: str) -> Json:
    """The finished summary in a thread."""

    def find() -> Json | None:
        found = of_bot(slack, channel, ts)
        assert len(found) <= 1
        done = [one for one in found if not one["text"].startswith("Summarizing")]
        return done[0] if done else None

    summary: Json = until(find)
    return summary


def summarize(somebody: Person, slack: Slack, channel: str, ts: str) -> Json:
    """Choose the shortcut in the menu of a message; the finished summary."""
    somebody.shortcut(channel, ts, "summarize_thread")
    return summary_of(slack, channel, ts)


def allow_summaries(somebody: Person, channel: str, words: str = "summaries on") -> None:
    """Agree to summaries in a channel."""
    assert "On. I told the channel" in somebody.command(channel, "/corrigible", words)["text"]


def rewrite(somebody: Person, summary: Json, text: str) -> Json:
    """Edit a summary; the bot's answer."""
    return send_text(somebody, somebody.open_view(summary, "summary_edit"), text)


def send_text(somebody: Person, view: Json, text: str) -> Json:
    """Send the modal in which a summary is edited; the bot's answer."""
    return somebody.submit(view, {"text": {"text": {"type": "plain_text_input", "value": text}}})
