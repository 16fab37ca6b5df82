"""From an edited summary in Slack to reviewers in Argilla and back to its card, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.context.settings import Settings
from local.argilla.embedded import SignIn
from local.slack.person import Person
from local.slack.setup.seed import PEOPLE, TEAM_ID
from storage.summaries import reviews
from tests.journeys.reviewing import annotated
from tests.journeys.threads import allow_summaries, rewrite, summarize, summary_of, thread
from tests.local.running import Slack, until
from tests.reviewer import Reviewer
from tests.running import SUPPORT, bot, person
from tests.traces import files_with

Json = dict[str, Any]

EDITED = "ben deletes old archives."
POLISHED = "Person 2 deletes old archives today, so that the export works before Thursday."


@pytest.fixture
def chosen(tmp_path: Path, database_url: str) -> Settings:
    return annotated(tmp_path, database_url, summarizer="none")


@pytest.fixture
def reviewer(argilla: SignIn, chosen: Settings) -> Iterator[Reviewer]:
    with Reviewer(argilla, f"{chosen.argilla_dataset}-summaries") as somebody:
        yield somebody


def edited(slack: Slack, ana: Person, text: str) -> str:
    """A summary of a thread, edited; the ts of the thread."""
    allow_summaries(ana, SUPPORT)
    ts = thread(slack, SUPPORT)
    rewrite(ana, summarize(ana, slack, SUPPORT, ts), text)
    return ts


def suggestion(record: Json) -> str:
    [found] = record["suggestions"]
    return str(found["value"])


def test_reviewers_polish_what_somebody_edited_and_the_card_shows_it(
    slack: Slack, ana: Person, argilla: SignIn, chosen: Settings, reviewer: Reviewer
) -> None:
    with bot(slack, chosen, argilla=argilla) as running:
        ts = edited(slack, ana, EDITED)
        [record] = until(reviewer.records)
        reviewer.polish(record, POLISHED)
        until(lambda: "polished by a reviewer" in str(summary_of(slack, SUPPORT, ts)["blocks"]))
        shown = summary_of(slack, SUPPORT, ts)["text"]
        with running.database.reading() as session:
            [settled] = reviews.settled(session, TEAM_ID, set()).values()

    assert suggestion(record) == "Person 2 deletes old archives."
    assert "**Person 1**: The nightly export" in record["fields"]["thread"]
    assert "ben deletes old archives today" in shown
    assert settled.endswith("deletes old archives today, so that the export works before Thursday.")
    assert settled.startswith("<@U")


def test_a_summary_whose_message_is_deleted_goes_from_argilla_too(
    slack: Slack, ana: Person, argilla: SignIn, chosen: Settings, reviewer: Reviewer
) -> None:
    with bot(slack, chosen, argilla=argilla):
        ts = edited(slack, ana, EDITED)
        until(reviewer.records)
        ana.delete(SUPPORT, ts)
        until(lambda: not reviewer.records())

    assert reviewer.records() == []


def test_what_somebody_made_of_a_summary_is_in_no_file_once_they_are_forgotten(
    slack: Slack,
    ana: Person,
    argilla: SignIn,
    chosen: Settings,
    reviewer: Reviewer,
    run_folder: Path,
    tmp_path: Path,
) -> None:
    secret = "bqxmarkerwvk"
    with bot(slack, chosen, argilla=argilla), person(slack, PEOPLE["dev"]) as dev:
        allow_summaries(ana, SUPPORT)
        ts = thread(slack, SUPPORT)
        rewrite(dev, summarize(ana, slack, SUPPORT, ts), f"ben deletes old archives, {secret}.")
        until(lambda: secret in str(reviewer.records()))
        before = files_with(tmp_path, secret), files_with(run_folder / "argilla", secret)
        dev.press(dev.command(SUPPORT, "/corrigible", "forget me"), "forget")
        until(lambda: "Não guardo nada" in dev.command(SUPPORT, "/corrigible", "forget me")["text"])
        left = files_with(tmp_path, secret), files_with(run_folder / "argilla", secret)

    assert all(before)
    assert left == ([], [])
    assert len(reviewer.records()) == 1


def test_a_dataset_that_somebody_deleted_is_made_anew_with_everything(
    slack: Slack, ana: Person, argilla: SignIn, chosen: Settings, reviewer: Reviewer
) -> None:
    with bot(slack, chosen, argilla=argilla):
        edited(slack, ana, EDITED)
        until(reviewer.records)
        reviewer.ask("DELETE", f"datasets/{reviewer.dataset()['id']}")
        [record] = until(reviewer.records)

    assert suggestion(record) == "Person 2 deletes old archives."
