from __future__ import annotations

from storage.database.engine import Database
from storage.workspaces import missing_scopes
from tests.factories import OTHER, TEAM


def test_what_is_lacking_is_shown_until_it_is_not(database: Database) -> None:
    with database.writing() as session:
        assert missing_scopes.rows(session, TEAM) == []
        missing_scopes.tell(session, TEAM, "files:write,mpim:read")
        assert missing_scopes.rows(session, OTHER) == []
        [(_name, value)] = missing_scopes.rows(session, TEAM)
        missing_scopes.tell(session, TEAM, "")

        assert value == "files:write, mpim:read"
        assert missing_scopes.rows(session, TEAM) == []
