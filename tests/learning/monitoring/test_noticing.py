from __future__ import annotations

import pytest

from learning.monitoring.noticing import FOREIGN_MOST, LATEST, Noticing
from storage.database.engine import Database
from storage.deliveries import notices
from storage.models import versions
from storage.tables.deliveries import Notice
from tests.databases import on_both
from tests.factories import TEAM, label_set, predicted_all

ENGLISH = "Where can I find the invoice of last month?"
PORTUGUESE = "Não consigo entrar na minha conta desde ontem à noite"
SPANISH = "¿Dónde puedo encontrar la factura del mes pasado?"


class Messages:
    """A team whose messages an encoder of this name reads."""

    def __init__(self, database: Database, encoder_name: str = "all-MiniLM-L6-v2") -> None:
        self.database = database
        self.told = 0
        self.label = label_set(database, "bug")["bug"]
        with database.writing() as session:
            versions.champion(session, TEAM, "base", encoder_name)
        self.noticing = Noticing(database, TEAM, self._tell)

    def write(self, text: str, number: int) -> None:
        predicted_all(self.database, self.label, [text] * number)

    @property
    def notice(self) -> Notice | None:
        self.noticing.look()
        with self.database.reading() as session:
            return notices.foreign(session, TEAM)

    def _tell(self) -> None:
        self.told += 1


@pytest.fixture
def team(database: Database) -> Messages:
    return Messages(database)


@on_both
def test_more_than_a_fifth_in_other_languages_is_told_once(team: Messages) -> None:
    team.write(ENGLISH, LATEST - FOREIGN_MOST - 1)
    team.write(PORTUGUESE, FOREIGN_MOST - 4)
    team.write(SPANISH, 5)

    found = [team.notice, team.notice]

    assert [one and one.about for one in found] == [{"messages": 21, "of": 100, "language": "pt"}] * 2
    assert team.told == 1


def test_a_fifth_is_not_more_than_a_fifth(team: Messages) -> None:
    team.write(ENGLISH, 10)
    team.write(PORTUGUESE, FOREIGN_MOST)

    assert team.notice is None


def test_only_the_latest_messages_count(team: Messages) -> None:
    team.write(PORTUGUESE, 30)
    team.write(ENGLISH, LATEST)

    assert team.notice is None


@pytest.mark.parametrize(
    "text", ["não dá", "4f2a9c 77e1 ERR_CONN 0x0000 http://a.example/b?c=d", "🎉🎉🎉", "ok"]
)
def test_what_is_too_short_or_of_no_sure_language_counts_as_known(team: Messages, text: str) -> None:
    team.write(text, 60)

    assert team.notice is None


@pytest.mark.parametrize(
    "name", ["multilingual-e5-small", "/opt/models/ours", "intfloat/multilingual-e5-large"]
)
def test_of_an_encoder_that_may_know_them_nothing_is_told(database: Database, name: str) -> None:
    team = Messages(database, name)
    team.write(PORTUGUESE, 60)

    assert team.notice is None
