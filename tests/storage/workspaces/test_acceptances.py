from __future__ import annotations

from sqlmodel import select

from storage.database.engine import Database
from storage.tables.workspaces import Acceptance
from storage.workspaces import acceptances
from tests.factories import ANA, BEN, OTHER, TEAM


def accept(database: Database, by: str = ANA) -> Acceptance:
    with database.writing() as session:
        return acceptances.accept(session, TEAM, by, "what was quoted")


def withdraw(database: Database, by: str = BEN) -> bool:
    with database.writing() as session:
        return acceptances.withdraw(session, TEAM, by)


def standing(database: Database, team_id: str = TEAM) -> Acceptance | None:
    with database.reading() as session:
        return acceptances.standing(session, team_id)


def test_nobody_accepts_it_by_default(database: Database) -> None:
    assert standing(database) is None
    assert not withdraw(database)


def test_who_accepted_what_and_when_is_on_record_for_that_team_alone(database: Database) -> None:
    accept(database)

    found = standing(database)
    assert found
    assert (found.accepted_by, found.policy) == (ANA, "what was quoted")
    assert found.accepted_at > 1_700_000_000
    assert standing(database, OTHER) is None


def test_who_accepts_it_again_does_not_hide_who_did_first(database: Database) -> None:
    first = accept(database, ANA)

    assert accept(database, BEN).id == first.id


def test_what_is_withdrawn_holds_no_more_and_stays_on_record(database: Database) -> None:
    first = accept(database, ANA)

    assert withdraw(database, BEN)

    assert standing(database) is None
    again = accept(database, BEN)
    with database.reading() as session:
        kept = {one.id: (one.accepted_by, one.withdrawn_by) for one in session.exec(select(Acceptance))}
    assert kept == {first.id: (ANA, BEN), again.id: (BEN, "")}
