from __future__ import annotations

from storage.database.engine import Database
from storage.workspaces import team_settings
from tests.factories import ANA, BEN, OTHER, TEAM, together


def choose(database: Database, by: str = ANA, **wanted: object) -> list[str]:
    with database.writing() as session:
        return team_settings.choose(session, TEAM, wanted, by)


def of(database: Database, team_id: str = TEAM) -> dict[str, object]:
    with database.reading() as session:
        return team_settings.of_team(session, team_id)


def test_what_was_chosen_is_kept_for_the_team_alone(database: Database) -> None:
    assert choose(database, ask_per_day=20, timezone="Europe/Lisbon") == ["ask_per_day", "timezone"]

    assert of(database) == {"ask_per_day": 20, "timezone": "Europe/Lisbon"}
    assert of(database, OTHER) == {}


def test_only_what_changed_has_a_new_author(database: Database) -> None:
    choose(database, ask_per_day=20, timezone="UTC")

    assert choose(database, BEN, ask_per_day=20, timezone="Europe/Lisbon") == ["timezone"]
    with database.reading() as session:
        authors = {one.name: one.set_by for one in team_settings.every(session, TEAM)}
    assert authors == {"ask_per_day": ANA, "timezone": BEN}


def test_a_choice_that_is_taken_back_is_gone(database: Database) -> None:
    choose(database, ask_per_day=20)

    assert choose(database, ask_per_day=None, timezone=None) == ["ask_per_day"]
    assert of(database) == {}


def test_two_operators_may_choose_at_once(database: Database) -> None:
    together(lambda: choose(database, ask_per_day=1), lambda: choose(database, BEN, ask_per_day=2))

    assert of(database)["ask_per_day"] in (1, 2)
