from __future__ import annotations

from storage import scope_notes
from storage.database import Database
from tests.factories import OTHER, TEAM


def test_what_is_lacking_is_shown_until_it_is_not(database: Database) -> None:
    with database.writing() as session:
        assert scope_notes.rows(session, TEAM) == []
        scope_notes.tell(session, TEAM, "files:write,mpim:read")
        assert scope_notes.rows(session, OTHER) == []
        [(_name, value)] = scope_notes.rows(session, TEAM)
        scope_notes.tell(session, TEAM, "")

        assert value == "files:write, mpim:read"
        assert scope_notes.rows(session, TEAM) == []
