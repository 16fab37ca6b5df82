from __future__ import annotations

import pytest
from sqlmodel import Session, select

from storage.database.engine import Database, insert_new
from storage.feedback import labels
from storage.feedback.labels import LabelSpec
from storage.messages import messages
from storage.tables.messages import Message
from storage.tables.workspaces import Choice
from storage.text.encodable import MAX_LEVELS, TooDeepError, clean, clean_json
from tests.factories import SUPPORT, TEAM, message, received

ODD = "a\x00b\ud800c\udfffd 👍"
CLEANED = "a\ufffdb\ufffdc\ufffdd 👍"


def test_characters_that_no_database_takes_are_replaced_in_every_text(database: Database) -> None:
    one = received(database, ODD)
    with database.writing() as session:
        insert_new(session, [message(ODD), message(ODD)])
        labels.synchronize(session, TEAM, [LabelSpec(ODD, ODD, examples=(ODD,))])

    with database.reading() as session:
        [label] = labels.active(session, TEAM)
        assert list(session.exec(select(Message.text))) == [CLEANED] * 3
        assert (label.name, label.description, label.examples) == (CLEANED, CLEANED, [CLEANED])
        assert messages.known(session, TEAM, SUPPORT, one.ts + "\x00") is None


def test_they_are_replaced_deep_in_stored_json(database: Database) -> None:
    with database.writing() as session:
        session.add(Choice(team_id=TEAM, name="any", value={ODD: [{"text": ODD}, 1, None]}, set_by=ODD))

    assert _choice(database) == {CLEANED: [{"text": CLEANED}, 1, None]}


def test_they_are_replaced_in_many_rows_at_once(database: Database) -> None:
    with database.writing() as session:
        session.add_all([message(ODD) for _ in range(3)])
        session.flush()
        change_all(session)

    with database.reading() as session:
        assert list(session.exec(select(Message.text))) == [f"{CLEANED}{CLEANED}"] * 3


def change_all(session: Session) -> None:
    for one in session.exec(select(Message)):
        one.text = f"{ODD}{ODD}"


@pytest.mark.parametrize("text", ["", "plain", "tab\tand\nline", "👍🏽 שלום", "\ufffd"])
def test_every_other_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text
    assert clean_json({"a": [text, 1.5, None, True]}) == {"a": [text, 1.5, None, True]}


def test_what_is_nested_more_deeply_than_anything_we_know_is_an_error() -> None:
    value: object = []
    for _ in range(MAX_LEVELS):
        value = [value]

    with pytest.raises(TooDeepError):
        clean_json(value)


def _choice(database: Database) -> object:
    with database.reading() as session:
        [choice] = session.exec(select(Choice))
        return choice.value
