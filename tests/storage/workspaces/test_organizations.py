from __future__ import annotations

from storage.database.engine import Database
from storage.workspaces import organizations
from tests.factories import OTHER, TEAM, together

ACME, GLOBEX = "E1ACME", "E2GLOBEX"


def meet(database: Database, team_id: str, enterprise_id: str) -> None:
    with database.writing() as session:
        organizations.meet(session, team_id, enterprise_id)


def teams(database: Database, enterprise_id: str = ACME) -> list[str]:
    with database.reading() as session:
        return organizations.teams(session, enterprise_id)


def test_an_organization_has_the_workspaces_that_were_met_each_once(database: Database) -> None:
    for team_id in (OTHER, TEAM, OTHER):
        meet(database, team_id, ACME)
    meet(database, "T3", GLOBEX)

    assert (teams(database), teams(database, GLOBEX)) == ([TEAM, OTHER], ["T3"])


def test_replicas_that_meet_a_workspace_at_once_know_it_once(database: Database) -> None:
    together(*[lambda: meet(database, TEAM, ACME)] * 4)

    assert teams(database) == [TEAM]


def test_a_workspace_that_moved_belongs_to_its_new_organization(database: Database) -> None:
    meet(database, TEAM, ACME)
    meet(database, TEAM, GLOBEX)

    assert (teams(database), teams(database, GLOBEX)) == ([], [TEAM])


def test_workspaces_that_leave_are_known_no_more_and_others_stay(database: Database) -> None:
    for team_id in (TEAM, OTHER, "T3"):
        meet(database, team_id, ACME)

    with database.writing() as session:
        organizations.leave(session, [TEAM, "T3", "never met"])
        organizations.leave(session, [])

    assert teams(database) == [OTHER]
