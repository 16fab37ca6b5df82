"""From a thread in Slack to a summary that people judge and improve, with the model that ships, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.settings import Settings
from local.slack.person import Person
from storage.tables import Summary, SummaryWord
from tests.local.running import Slack, until, workspace
from tests.running import ANA, BEN, SUPPORT, bot, person, settings

Json = dict[str, Any]

# The model gives way to everything else that runs on the machine, all other tests among it.
WRITTEN_S = 240

THREAD = (
    (ANA, "The nightly export to the warehouse failed again, the report for the board is empty."),
    (BEN, "I saw it. The disk of the export server is full, 98 percent."),
    (ANA, "Can we delete the old archives? The board meets on Thursday."),
    (BEN, "Yes. I will delete the archives from March today and start the export again tonight."),
)


@pytest.fixture
def slack() -> Iterator[Slack]:
    with workspace() as running:
        yield running


@pytest.fixture
def ana(slack: Slack) -> Iterator[Person]:
    with person(slack, ANA) as somebody:
        yield somebody


def patient(tmp_path: Path, database_url: str) -> Settings:
    """Settings of a bot whose model may take its time before sentences are picked instead."""
    return settings(tmp_path, database_url, summary_seconds=WRITTEN_S)


def thread(slack: Slack) -> str:
    """People talk; the ts of what they talk about."""
    first = slack.say(THREAD[0][1], user=THREAD[0][0])
    for user, text in THREAD[1:]:
        slack.say(text, user=user, thread_ts=first)
    return first


def summary_of(slack: Slack, ts: str) -> Json:
    """The finished summary in a thread."""

    def find() -> Json | None:
        found = [one for one in slack.messages() if one.get("thread_ts") == ts and "bot_id" in one]
        done = [one for one in found if not one["text"].startswith("Summarizing")]
        assert len(found) <= 1
        return done[0] if done else None

    return until(find, WRITTEN_S)


def switched_on(ana: Person, words: str = "summaries on") -> None:
    assert "On. I told the channel" in ana.command(SUPPORT, "/corrigible", words)["text"]


@pytest.mark.timeout(600)
def test_a_thread_is_summarized_judged_edited_and_erased(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, patient(tmp_path, database_url)) as running, person(slack, BEN) as ben:
        switched_on(ana)
        ts = thread(slack)
        ana.shortcut(SUPPORT, ts, "summarize_thread")
        summary = summary_of(slack, ts)
        ben.press(summary, "summary_good")
        until(lambda: f"<@{BEN}> good" in str(summary_of(slack, ts)["blocks"]))
        view = ana.open_view(summary_of(slack, ts), "summary_edit")
        better = "Ben deletes old archives so that the export works again before Thursday."
        ana.submit(view, {"text": {"text": {"type": "plain_text_input", "value": better}}})
        until(lambda: "ben deletes old archives" in summary_of(slack, ts)["text"])
        with running.database.reading() as session:
            [kept] = [word.text for word in session.exec(select(SummaryWord)) if word.text]
        ana.delete(SUPPORT, ts)
        until(lambda: "was deleted" in summary_of(slack, ts)["text"])
        with running.database.reading() as session:
            [erased] = session.exec(select(Summary))
            words = [word.text for word in session.exec(select(SummaryWord))]

    assert "4 messages by 2 people" in summary["text"]
    assert "written by SmolLM2-135M-Instruct" in str(summary["blocks"])
    assert f"/archives/{SUPPORT}/p" in str(summary["blocks"])
    assert kept.startswith(f"<@{BEN}> deletes")
    assert erased.sentences == []
    assert words == ["", ""]
