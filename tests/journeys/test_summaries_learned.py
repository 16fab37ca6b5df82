"""From edits in Slack to a summarizer that is trained, judged and in service, and back; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.compose import Bot
from learning.summarizing.policy import QUOTED
from local.slack.person import Person
from storage import acceptances, versions
from storage.tables import TaskName
from tests.journeys.test_retraining import note_with, notes, operated, press
from tests.journeys.test_summaries import summary_of, switched_on
from tests.learning.summarizing.settled import said
from tests.local.running import Slack, until, workspace
from tests.running import ANA, BEN, SUPPORT, bot, person

Json = dict[str, Any]
TASK = TaskName.SUMMARIZATION
THREADS = 30


@pytest.fixture
def slack() -> Iterator[Slack]:
    with workspace() as running:
        yield running


@pytest.fixture
def ana(slack: Slack) -> Iterator[Person]:
    with person(slack, ANA) as somebody:
        yield somebody


def talk(slack: Slack, number: int) -> str:
    (_, text), *others = said(number)
    first = slack.say(text)
    for place, (_, reply) in enumerate(others):
        slack.say(reply, user=(BEN, ANA)[place % 2], thread_ts=first)
    return first


def improve(ana: Person, summary: Json, number: int) -> None:
    """Say that it should have been the questions."""
    better = " ".join(text for _, text in said(number) if text.endswith("?"))
    view = ana.open_view(summary, "summary_edit")
    ana.submit(view, {"text": {"text": {"type": "plain_text_input", "value": better}}})


def in_service(running: Bot) -> int | None:
    with running.database.reading() as session:
        return versions.in_service(session, "T0LOCAL", TASK)


@pytest.mark.timeout(600)
def test_what_people_improve_is_learned_judged_and_in_service_until_it_is_rolled_back(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    chosen = operated(tmp_path, database_url, summarizer="none", holdout_share=0.5)
    with bot(slack, chosen) as running:
        switched_on(ana)
        for number in range(THREADS):
            ts = talk(slack, number)
            ana.shortcut(SUPPORT, ts, "summarize_thread")
            improve(ana, summary_of(slack, ts), number)
        ana.command(SUPPORT, "/corrigible", "retrain summaries")
        until(lambda: note_with(slack, "Summaries: v3 takes the place of v2"), within_s=200)
        ts = talk(slack, 99)
        ana.shortcut(SUPPORT, ts, "summarize_thread")
        learned = summary_of(slack, ts)
        trained = in_service(running)
        told = note_with(slack, "Training the summarizer: v3 was promoted")
        picture = until(lambda: [one for one in slack.messages() + notes(slack) if one.get("files")] or None)
        press(ana, slack, "Summaries: v3 takes the place of v2", "roll_back")
        until(lambda: in_service(running) == 2)
        classifier = running.workspace.service.overview("T0LOCAL").version

    assert trained == 3
    assert told
    assert picture
    assert "(v3)" in str(learned["blocks"]) or "picked v3" in str(learned["blocks"])
    assert learned["text"].count("?") >= 2
    assert classifier.startswith("v1")


def test_an_operator_reads_the_policy_accepts_it_and_withdraws_and_nobody_else_can(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, operated(tmp_path, database_url)) as running, person(slack, BEN) as ben:
        before = ana.command(SUPPORT, "/corrigible", "policy")["text"]
        refused = ben.command(SUPPORT, "/corrigible", "policy accept")["text"]
        given = ana.command(SUPPORT, "/corrigible", "policy accept")["text"]
        after = ana.command(SUPPORT, "/corrigible", "policy")["text"]
        with running.database.reading() as session:
            record = acceptances.standing(session, "T0LOCAL")
        withdrawn = ana.command(SUPPORT, "/corrigible", "policy withdraw")["text"]
        again = ana.command(SUPPORT, "/corrigible", "policy withdraw")["text"]

    assert QUOTED in before
    assert "No model that writes is trained" in before
    assert "Only operators can do this" in refused
    assert "on record that you accept" in given
    assert QUOTED in given
    assert record
    assert (record.accepted_by, QUOTED in record.policy) == (ANA, True)
    assert f"accepted by <@{ANA}>, 20" in after
    assert "Withdrawn" in withdrawn
    assert "Nothing was accepted" in again
