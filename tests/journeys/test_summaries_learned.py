"""From edits in Slack to a summarizer that is trained, judged and in service, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.app import models
from learning.summarizing.policy import QUOTED
from learning.writing.language_model import INSTALLED
from local.slack.person import Person
from local.slack.setup.seed import TEAM_ID
from storage.tables.models import TaskName
from storage.workspaces import acceptances
from tests.journeys.operating import in_service, note_with, notes, operated, press
from tests.journeys.threads import allow_summaries, rewrite, summarize
from tests.learning.summarizing.settled import said
from tests.local.running import Slack, until
from tests.running import ANA, BEN, SUPPORT, bot

Json = dict[str, Any]
TASK = TaskName.SUMMARIZATION
THREADS = 30
TRAINED_S = 600  # training gives way to everything else on the machine


def talk(slack: Slack, number: int) -> str:
    (_, text), *others = said(number)
    first = slack.say(text)
    for place, (_, reply) in enumerate(others):
        slack.say(reply, user=(BEN, ANA)[place % 2], thread_ts=first)
    return first


def improve(ana: Person, summary: Json, number: int) -> None:
    """Say that it should have been the questions."""
    better = " ".join(text for _, text in said(number) if text.endswith("?"))
    rewrite(ana, summary, better)


def test_what_people_improve_is_learned_judged_and_in_service_until_it_is_rolled_back(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    chosen = operated(tmp_path, database_url, holdout_share=0.5)
    with bot(slack, chosen) as running:
        allow_summaries(ana, SUPPORT)
        for number in range(THREADS):
            ts = talk(slack, number)
            improve(ana, summarize(ana, slack, SUPPORT, ts), number)
        begun = ana.command(SUPPORT, "/corrigible", "retrain summaries")["text"]
        until(lambda: note_with(slack, "Summaries: v3 takes the place of v2"), within_s=TRAINED_S)
        ts = talk(slack, 99)
        learned = summarize(ana, slack, SUPPORT, ts)
        trained = in_service(running, TASK)
        told = note_with(slack, "Training the summarizer: v3 was promoted")
        picture = until(lambda: [one for one in slack.messages() + notes(slack) if one.get("files")] or None)
        press(ana, slack, "Summaries: v3 takes the place of v2", "roll_back")
        until(lambda: in_service(running, TASK) == 2)
        classifier = running.workspace.service.overview(TEAM_ID).version

    assert "Only the sentence picker learns, because SUMMARIZER is not set." in begun
    assert trained == 3
    assert told
    assert picture
    assert "(v3)" in str(learned["blocks"]) or "picked v3" in str(learned["blocks"])
    assert learned["text"].count("?") >= 2
    assert classifier.startswith("v1")


def test_an_operator_reads_the_policy_accepts_it_and_withdraws_and_nobody_else_can(
    slack: Slack,
    ana: Person,
    ben: Person,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        models, "is_installed", lambda: True
    )  # nothing is summarized here, so nothing is loaded
    chosen = operated(tmp_path, database_url, summarizer=INSTALLED)
    with bot(slack, chosen) as running:
        before = ana.command(SUPPORT, "/corrigible", "policy")["text"]
        refused = ben.command(SUPPORT, "/corrigible", "policy accept")["text"]
        given = ana.command(SUPPORT, "/corrigible", "policy accept")["text"]
        after = ana.command(SUPPORT, "/corrigible", "policy")["text"]
        with running.database.reading() as session:
            record = acceptances.standing(session, TEAM_ID)
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


def test_where_nothing_writes_there_is_nothing_to_accept(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, operated(tmp_path, database_url)) as running:
        told = ana.command(SUPPORT, "/corrigible", "policy")["text"]
        refused = ana.command(SUPPORT, "/corrigible", "policy accept")["text"]
        with running.database.reading() as session:
            record = acceptances.standing(session, TEAM_ID)

    assert told == "No model writes summaries here, because SUMMARIZER is not set, so none is trained."
    assert refused.endswith("there is nothing to accept. Set SUMMARIZER first.")
    assert record is None
