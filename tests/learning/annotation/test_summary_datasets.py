"""A team's dataset of summaries in Argilla: whose it is, and what is missing from it."""

from __future__ import annotations

import secrets
from contextlib import closing
from pathlib import Path
from typing import Any

from learning.annotation.summaries import SummaryReviews
from learning.argilla import ownership
from learning.argilla.connection import Access, ArgillaConnection
from local.argilla.embedded import SignIn
from storage.database.engine import Database
from storage.summaries import reviews as summary_reviews
from storage.summaries import summaries
from storage.tables.summaries import Making, Origin, Summary, SummaryAnswer, SummarySource
from tests.factories import ANA, SUPPORT, TEAM, received
from tests.reviewer import Reviewer

Json = dict[str, Any]


class Plain:
    """Everybody is called what Slack calls them."""

    def named(self, text: str) -> str:
        return text

    def marked(self, text: str) -> str:
        return text


def reviews(database: Database, connection: ArgillaConnection, name: str) -> SummaryReviews:
    return SummaryReviews(
        database, TEAM, connection, "corrigible", name, lambda _: Plain(), lambda text: text, lambda: None
    )


def asked(database: Database, said: str) -> str:
    """A summary of one message that reviewers should see; its id."""
    source = received(database, said)
    summary = Summary(
        team_id=TEAM,
        channel_id=SUPPORT,
        of_ts=source.ts,
        thread_ts=source.ts,
        asked_by=ANA,
        origin=Origin.SHORTCUT,
        making=Making.DONE,
        title="/srv/models/our-writer",
        sentences=[{"text": said, "sources": [], "support": 1.0, "unfounded": []}],
    )
    with database.writing() as session:
        summary_id = summaries.ask(session, summary).id
        session.add(SummarySource(summary_id=summary_id, message_id=source.id, place=0))
        summary_reviews.ask(session, TEAM, summary_id)
    return summary_id


def sweep(of: SummaryReviews) -> None:
    """Read all answers again, as happens every ten minutes in any case, and tell what is new."""
    of._next_poll, of._swept_at = 0.0, float("-inf")
    of.step()


def test_records_of_summaries_that_somebody_deleted_come_back_with_what_was_answered(
    argilla: SignIn, database: Database
) -> None:
    name = f"test-{secrets.token_hex(6)}-summaries"
    first, second = asked(database, "Ben deletes archives."), asked(database, "Cat writes a page.")
    connection = ArgillaConnection(lambda: Access(argilla.url, argilla.api_key))
    with closing(connection), Reviewer(argilla, name) as reviewer:
        ours = reviews(database, connection, name)
        ours.step()
        before = {one["external_id"]: one for one in reviewer.records()}
        with reviewer.colleague() as colleague:
            colleague.polish(before[first], "Ben deletes old archives.")
        sweep(ours)
        for record in before.values():
            where = f"datasets/{reviewer.dataset()['id']}/records"
            reviewer.ask("DELETE", where, params={"ids": record["id"]})
        unknown = {"external_id": "of another bot", "fields": {"thread": "unknown"}}
        path = f"datasets/{reviewer.dataset()['id']}/records/bulk"
        reviewer.ask("PUT", path, json={"items": [unknown]})
        sweep(ours)
        sweep(ours)
        sweep(ours)
        after = {one["external_id"]: one for one in reviewer.records()}
        with database.reading() as session:
            kept: list[SummaryAnswer] = summary_reviews.answers(session, first)

    assert before[first]["suggestions"][0]["agent"] == "our-writer"
    assert after.keys() == {first, second, "of another bot"}
    assert [len(after[one]["responses"]) for one in (first, second)] == [1, 0]
    assert [one.text for one in kept] == ["Ben deletes old archives."]
    assert ours.patience.is_well


def test_another_bots_dataset_of_summaries_is_left_alone(
    argilla: SignIn, database: Database, tmp_path: Path
) -> None:
    name = f"test-{secrets.token_hex(6)}-summaries"
    asked(database, "Ben deletes archives.")
    connection = ArgillaConnection(lambda: Access(argilla.url, argilla.api_key))
    with closing(connection), Reviewer(argilla, name) as reviewer:
        before = reviews(database, connection, name)
        before.step()
        before.close()
        dataset = reviewer.dataset()["id"]
        for metadata in (None, {ownership.MARK: "another bot"}):
            reviewer.ask("PATCH", f"datasets/{dataset}", json={"metadata": metadata})
        with database.writing() as session:
            summary_reviews.lost(session, TEAM)
        again = reviews(database, connection, name)
        again.step()
        failing = again.patience.failing

    assert failing is not None
    assert failing[0] == "foreign_dataset"
