from __future__ import annotations

import time

import pytest
from sqlmodel import SQLModel, func, select

from storage import summaries, team_erasure
from storage.database import Database
from storage.tables import (
    Dataset,
    Job,
    Lease,
    Making,
    Opinion,
    Origin,
    Record,
    Stage,
    Summary,
    SummaryWord,
    Version,
)
from storage.team_erasure import Extent, TeamServedError
from tests.factories import ANA, BEN, OTHER, SUPPORT, TEAM, label_set, predicted, say


def filled(database: Database, team_id: str, *artifacts: str) -> None:
    """Let a team have something in each kind of table: its own, those of its messages, of its summaries, leases."""
    bug = label_set(database, "bug", team_id=team_id)["bug"]
    message = predicted(database, bug)
    say(database, message, BEN, bug)
    asked = Summary(
        team_id=team_id,
        channel_id=SUPPORT,
        of_ts=message.ts,
        thread_ts=message.ts,
        asked_by=ANA,
        origin=Origin.SHORTCUT,
        making=Making.WAITING,
    )
    with database.writing() as session:
        summary = summaries.ask(session, asked)
    with database.writing() as session:
        assert summaries.finish(session, summary.id, [message.id], sentences=[])
    with database.writing() as session:
        word = SummaryWord(summary_id=summary.id, team_id=team_id, user_id=BEN, opinion=Opinion.BAD)
        summaries.say(session, word)
        session.add(Dataset(id=f"dataset of {team_id}", team_id=team_id, stage=Stage.CURRENT))
        session.add_all(version(team_id, number, digest) for number, digest in enumerate(artifacts, 7))
        session.add(Lease(name=f"courier {team_id}", owner="a bot", expires_at=time.time() - 1))
        session.flush()
        session.add(Record(message_id=message.id, dataset_id=f"dataset of {team_id}", round=1))


def version(team_id: str, number: int, artifact: str) -> Version:
    return Version(
        team_id=team_id, number=number, encoder="e", encoder_name="tuned", base="mini", artifact=artifact
    )


def rows(database: Database) -> dict[str, int]:
    """How many rows each table has that has any."""
    with database.reading() as session:
        counted = {
            table.name: session.exec(select(func.count()).select_from(table)).one()
            for table in SQLModel.metadata.sorted_tables
        }
    return {name: number for name, number in counted.items() if number}


def extent(database: Database, team_id: str) -> Extent:
    with database.reading() as session:
        return team_erasure.extent(session, team_id)


def test_every_row_of_a_team_goes_and_no_row_of_another(database: Database) -> None:
    filled(database, OTHER)
    of_other = rows(database)
    filled(database, TEAM)
    of_both = rows(database)

    with database.writing() as session:
        erased = team_erasure.erase_team(session, TEAM)

    assert len(of_other) >= 12
    assert rows(database) == of_other
    assert erased == sum(of_both.values()) - sum(of_other.values())


def test_what_lies_elsewhere_is_named_but_not_a_model_that_another_team_has_too(database: Database) -> None:
    filled(database, TEAM, "own", "own", "shared")
    filled(database, OTHER, "shared", "theirs")

    assert extent(database, TEAM) == Extent(1, [f"dataset of {TEAM}"], ["own"])
    assert extent(database, "T0NOBODY") == Extent(0, [], [])


def test_a_team_that_a_bot_serves_is_left_alone(database: Database) -> None:
    later = time.time() + 60
    with database.writing() as session:
        session.add(Lease(name=f"courier {TEAM}", owner="a bot", expires_at=later))
        session.add(Job(team_id=OTHER, name="digest", owner="a bot", held_until=later, due_at=later))

    for served in (TEAM, OTHER):
        with pytest.raises(TeamServedError):
            extent(database, served)
    assert extent(database, TEAM[1:]) == Extent(0, [], []), "whose name another's ends with"
