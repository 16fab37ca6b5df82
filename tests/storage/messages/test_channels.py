from __future__ import annotations

from storage.database.engine import Database
from storage.messages import channels
from storage.tables.messages import Channel, Mode
from tests.factories import ANA, BEN, OTHER, SUPPORT, TEAM, together


def test_a_channel_in_which_nobody_chose_is_off(database: Database) -> None:
    assert _mode(database) is Mode.OFF


def test_the_last_choice_counts(database: Database) -> None:
    _choose(database, Mode.REPLY)
    _choose(database, Mode.ASK, by=BEN)

    assert _mode(database) is Mode.ASK
    assert [(channel.channel_id, channel.set_by) for channel in _on(database)] == [(SUPPORT, BEN)]


def test_a_channel_that_was_switched_off_is_not_on(database: Database) -> None:
    _choose(database, Mode.REPLY)
    _choose(database, Mode.OFF)

    assert (_mode(database), _on(database)) == (Mode.OFF, [])


def test_people_who_choose_at_once_leave_one_choice(database: Database) -> None:
    together(*[lambda mode=mode: _choose(database, mode) for mode in (Mode.ASK, Mode.REPLY, Mode.ASK)])

    assert len(_on(database)) == 1


def test_another_teams_choice_is_not_ours(database: Database) -> None:
    _choose(database, Mode.REPLY)

    assert _mode(database, OTHER) is Mode.OFF


def _choose(database: Database, mode: Mode, by: str = ANA) -> None:
    with database.writing() as session:
        channels.set_mode(session, TEAM, SUPPORT, mode, by)


def _mode(database: Database, team_id: str = TEAM) -> Mode:
    with database.reading() as session:
        return channels.mode_of(session, team_id, SUPPORT)


def _on(database: Database) -> list[Channel]:
    with database.reading() as session:
        return channels.switched_on(session, TEAM)
