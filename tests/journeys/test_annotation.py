"""From a correction in Slack to reviewers in Argilla, and from their answers back to the card and the model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.context.settings import Settings
from local.argilla.embedded import SignIn
from local.slack.person import Person
from local.slack.setup.seed import TEAM_ID
from storage.feedback import corrections, resolution, responses
from storage.messages import datasets
from storage.models import versions
from tests.databases import on_both
from tests.factories import second_version
from tests.journeys.reviewing import annotated, record_saying
from tests.journeys.steps import card_on, label_of, make_due, propose, settled, teach, turn_on
from tests.local.running import Slack, until
from tests.reviewer import Reviewer
from tests.running import ANA, SUPPORT, bot

GARAGE = "My badge does not open the garage door"
AGAIN = "My badge doesn't open the door of the garage"


@pytest.fixture
def chosen(tmp_path: Path, database_url: str) -> Settings:
    return annotated(tmp_path, database_url)


@pytest.fixture
def reviewer(argilla: SignIn, chosen: Settings) -> Iterator[Reviewer]:
    with Reviewer(argilla, str(chosen.argilla_dataset)) as somebody:
        yield somebody


@on_both
def test_a_reviewers_answer_is_shown_on_the_card_and_learned(
    slack: Slack, ana: Person, argilla: SignIn, chosen: Settings, reviewer: Reviewer
) -> None:
    with bot(slack, chosen, argilla=argilla):
        turn_on(ana, SUPPORT)
        card = card_on(ana, SUPPORT, GARAGE)
        suggested = label_of(card)
        teach(ana, card, "praise")
        record = until(lambda: record_suggesting(reviewer, "praise"))
        reviewer.submit(record, "how-to")
        card = settled(ana, card, "how-to")
        again = until(lambda: relabelled(ana, "how-to"))

    assert record["fields"]["said"] == "- Person 1 chose **praise**"
    assert record["metadata"]["channel"] == "#support"
    assert record["metadata"]["disagreement"] == "people and model"
    assert record["metadata"]["source"] == "correction"
    [suggestion] = record["suggestions"]
    assert suggested != "praise"
    assert record["metadata"]["version"] == suggestion["agent"] != "v1.0"
    assert 0 < record["metadata"]["score"] == suggestion["score"] < 1
    assert len(next(iter(record["vectors"].values()))) == 384
    assert "settled by 1 reviewer" in card["text"]
    assert f"<@{ANA}> chose *praise*" in str(card["blocks"])
    assert label_of(again) == "how-to"


def record_suggesting(reviewer: Reviewer, label: str) -> dict[str, Any] | None:
    """The record, once it suggests what was learned from the correction."""
    record = record_saying(reviewer, GARAGE, label)
    return record if record and [one["value"] for one in record["suggestions"]] == [label] else None


def test_what_is_suggested_follows_the_version_in_service_and_its_roll_back(
    slack: Slack, ana: Person, argilla: SignIn, chosen: Settings, reviewer: Reviewer
) -> None:
    with bot(slack, chosen, argilla=argilla) as running:
        turn_on(ana, SUPPORT)
        ana.press(card_on(ana, SUPPORT, GARAGE), "right")
        before = reviewer.record(GARAGE)
        number = second_version(running.database, TEAM_ID)
        with running.database.writing() as session:
            versions.rule(session, versions.promotion(session, TEAM_ID, number, ANA, "by_a_person"))
        until(lambda: suggested_by(reviewer).startswith("v2."))
        with running.database.writing() as session:
            versions.rule(session, versions.roll_back(session, TEAM_ID, ANA, "by_a_person"))
        until(lambda: suggested_by(reviewer).startswith("v1."))
        after = reviewer.record(GARAGE)

    assert after["metadata"].keys() == before["metadata"].keys()
    assert after["metadata"]["version"] == after["suggestions"][0]["agent"]
    assert after["fields"] == before["fields"]


def suggested_by(reviewer: Reviewer) -> str:
    """The version whose suggestion the record shows."""
    [suggestion] = reviewer.record(GARAGE)["suggestions"]
    return str(suggestion["agent"])


def relabelled(ana: Person, label: str) -> dict[str, Any] | None:
    card = card_on(ana, SUPPORT, AGAIN)
    return card if label_of(card) == label else None


def test_drafts_count_for_nothing_and_a_discarded_message_is_taken_out(
    slack: Slack, ana: Person, argilla: SignIn, chosen: Settings, reviewer: Reviewer
) -> None:
    with bot(slack, chosen, argilla=argilla) as running:
        turn_on(ana, SUPPORT)
        card = card_on(ana, SUPPORT, GARAGE)
        teach(ana, card, "praise")
        other = card_on(ana, SUPPORT, "I want a refund")
        teach(ana, other, "bug")
        reviewer.draft(reviewer.record(GARAGE), "how-to")
        reviewer.discard(reviewer.record("I want a refund"))
        while "Set aside" not in other["text"]:
            other = ana.wait_for_change(other)
        with running.database.reading() as session:
            team = running.workspace.service._team_id
            known = resolution.labelled(session, team)
            count = responses.count(session, team)

    assert count == 1
    assert len(known) == 1
    assert "Set aside by 1 reviewer" in other["text"]


def test_an_answer_that_is_changed_or_taken_back_changes_the_label(
    slack: Slack, ana: Person, argilla: SignIn, chosen: Settings, reviewer: Reviewer
) -> None:
    with bot(slack, chosen, argilla=argilla):
        turn_on(ana, SUPPORT)
        card = card_on(ana, SUPPORT, GARAGE)
        teach(ana, card, "praise")
        record = reviewer.record(GARAGE)
        reviewer.submit(record, "how-to")
        card = settled(ana, card, "how-to")
        response = reviewer.submit(record, "billing")
        card = settled(ana, card, "billing")
        reviewer.take_back(response)
        card = settled(ana, card, "praise")

    assert "settled by 1 person" in card["text"]


def test_reviewers_who_disagree_are_asked_once_more_and_the_majority_settles(
    slack: Slack, ana: Person, argilla: SignIn, tmp_path: Path, database_url: str
) -> None:
    chosen = annotated(tmp_path, database_url, argilla_min_submitted=2)
    with (
        bot(slack, chosen, argilla=argilla),
        Reviewer(argilla, str(chosen.argilla_dataset)) as first,
    ):
        turn_on(ana, SUPPORT)
        card = card_on(ana, SUPPORT, GARAGE)
        teach(ana, card, "praise")
        record = first.record(GARAGE)
        with first.colleague() as second, first.colleague() as third:
            first.submit(record, "how-to")
            second.submit(record, "billing")
            tie = until(lambda: once_more(first))
            third.submit(tie, "billing")
            card = settled(ana, card, "billing")

    assert tie["metadata"]["source"] == "tie"
    assert "settled by 2 reviewers" in card["text"]


def once_more(reviewer: Reviewer) -> dict[str, Any] | None:
    found = reviewer.find(GARAGE)
    return found if found and ":2" in found["external_id"] else None


def test_a_message_deleted_in_slack_is_deleted_in_argilla(
    slack: Slack, ana: Person, argilla: SignIn, chosen: Settings, reviewer: Reviewer
) -> None:
    with bot(slack, chosen, argilla=argilla):
        turn_on(ana, SUPPORT)
        ts = ana.write(SUPPORT, GARAGE)
        teach(ana, ana.wait_for_reply(SUPPORT, ts), "praise")
        reviewer.record(GARAGE)
        ana.delete(SUPPORT, ts)
        until(lambda: reviewer.records() == [])


def test_a_label_proposed_later_reaches_argilla_and_every_response_moves_along(
    slack: Slack, ana: Person, argilla: SignIn, chosen: Settings, reviewer: Reviewer
) -> None:
    with bot(slack, chosen, argilla=argilla) as running:
        turn_on(ana, SUPPORT)
        card = card_on(ana, SUPPORT, GARAGE)
        teach(ana, card, "praise")
        other = card_on(ana, SUPPORT, "I want a refund")
        teach(ana, other, "bug")
        reviewer.submit(reviewer.record(GARAGE), "how-to")
        card = settled(ana, card, "how-to")
        reviewer.draft(reviewer.record("I want a refund"), "billing")
        former = reviewer.dataset()["id"]
        propose(ana, ana.open_view(card, "change"), "access")
        until(lambda: reviewer.dataset()["id"] != former)
        moved = {one["fields"]["text"]: one for one in reviewer.records()}
        late = reviewer.records(f"{chosen.argilla_dataset}-moved-{former[:8]}")
        [there] = [one for one in late if one["fields"]["text"] == "I want a refund"]
        reviewer.submit(there, "billing")  # on a page that was open still
        other = settled(ana, other, "billing")
        reviewer.submit(moved[GARAGE], "access")
        card = settled(ana, card, "access")
        with running.database.reading() as session:
            current = datasets.current(session, running.workspace.service._team_id)

    statuses = {text: [one["status"] for one in record["responses"]] for text, record in moved.items()}
    assert statuses == {GARAGE: ["submitted"], "I want a refund": ["draft"]}
    assert current is not None
    assert current.id != former


def test_what_was_answered_while_the_bot_was_away_is_learned_when_it_is_back(
    slack: Slack, ana: Person, argilla: SignIn, chosen: Settings, reviewer: Reviewer
) -> None:
    with bot(slack, chosen, argilla=argilla):
        turn_on(ana, SUPPORT)
        card = card_on(ana, SUPPORT, GARAGE)
        teach(ana, card, "praise")
        record = reviewer.record(GARAGE)
    reviewer.submit(record, "how-to")
    with bot(slack, chosen, argilla=argilla):
        settled(ana, card, "how-to")


def test_a_dataset_that_is_gone_is_made_again_with_every_record_and_nobody_is_asked_twice(
    slack: Slack, ana: Person, argilla: SignIn, chosen: Settings, reviewer: Reviewer
) -> None:
    with bot(slack, chosen, argilla=argilla):
        turn_on(ana, SUPPORT)
        card = card_on(ana, SUPPORT, GARAGE)
        teach(ana, card, "praise")
        reviewer.submit(reviewer.record(GARAGE), "how-to")
        settled(ana, card, "how-to")
        former = reviewer.dataset()["id"]
        reviewer.ask("DELETE", f"datasets/{former}")
        until(lambda: reviewer.dataset()["id"] != former)
        record = until(lambda: record_saying(reviewer, GARAGE, "praise"))

    assert record["status"] == "completed"
    assert [one["values"]["label"]["value"] for one in record["responses"]] == ["how-to"]
    assert len(record["suggestions"]) == 1


def test_without_argilla_corrections_wait_and_are_delivered_once_there_is_one(
    slack: Slack, ana: Person, argilla: SignIn, chosen: Settings, reviewer: Reviewer
) -> None:
    with bot(slack, chosen):
        turn_on(ana, SUPPORT)
        teach(ana, card_on(ana, SUPPORT, GARAGE), "praise")
    with bot(slack, chosen, argilla=argilla):
        record = reviewer.record(GARAGE)

    assert "**praise**" in record["fields"]["said"]


def test_the_pool_is_asked_about_within_the_budget(
    slack: Slack, ana: Person, argilla: SignIn, tmp_path: Path, database_url: str
) -> None:
    chosen = annotated(tmp_path, database_url, ask_per_day=5)
    with (
        bot(slack, chosen, argilla=argilla) as running,
        Reviewer(argilla, str(chosen.argilla_dataset)) as reviewer,
    ):
        turn_on(ana, SUPPORT)
        for number in range(6):
            card_on(ana, SUPPORT, f"Where is invoice {number}?")
        make_due(running, "ask")
        asked = until(reviewer.records)

    assert [one["metadata"]["source"] for one in asked] == ["random"]
    assert asked[0]["fields"]["said"] is None


def test_every_correction_is_one_record_whatever_else_happens(
    slack: Slack, ana: Person, argilla: SignIn, chosen: Settings, reviewer: Reviewer
) -> None:
    with bot(slack, chosen, argilla=argilla) as running:
        turn_on(ana, SUPPORT)
        card = card_on(ana, SUPPORT, GARAGE)
        for label in ("praise", "billing", "how-to", "praise"):
            card = teach(ana, card, label)
        until(lambda: record_saying(reviewer, GARAGE, "praise"))
        with running.database.reading() as session:
            words = corrections.count(session, running.workspace.service._team_id)
        found = reviewer.records()

    assert words == 4
    assert [one["fields"]["said"] for one in found] == ["- Person 1 chose **praise**"]


@pytest.mark.parametrize(
    "headers", [{}, {"webhook-id": "1", "webhook-timestamp": "1", "webhook-signature": "v1,x"}]
)
def test_a_webhook_that_argilla_did_not_sign_is_refused(
    slack: Slack, argilla: SignIn, chosen: Settings, headers: dict[str, str]
) -> None:
    with bot(slack, chosen, argilla=argilla) as running:
        assert running.workspace.annotation is not None
        webhooks = running.workspace.annotation.webhooks
        assert webhooks is not None
        until(lambda: webhooks.is_registered)
        address = f"http://127.0.0.1:{chosen.port}/argilla/webhook"
        answer = httpx.post(address, headers=headers, content=b'{"type": "response.created"}')

    assert answer.status_code == 401
