"""In quiet mode the user who chose a label is asked whether it fits still: one user, once per edit."""

from __future__ import annotations

import pytest

from learning.text import edits
from storage.database.engine import Database
from storage.deliveries import notices
from storage.messages import edit_questions, messages
from storage.privacy import erasure
from storage.tables.deliveries import News, Notice
from storage.tables.feedback import Label, Word
from storage.tables.messages import Channel, Message, Mode
from storage.workspaces import pseudonyms
from tests.factories import ANA, BEN, CAT, SUPPORT, TEAM, label_set, predicted, review, say

CRASHES, NEAR, NEARER = (
    "The export crashes",
    "The export crashes on Firefox",
    "The export crashes on Firefox 9",
)


@pytest.fixture
def known(database: Database) -> dict[str, Label]:
    with database.writing() as session:
        session.add(Channel(team_id=TEAM, channel_id=SUPPORT, mode=Mode.QUIET, set_by=ANA))
    return label_set(database, "bug", "billing")


@pytest.fixture
def one(database: Database, known: dict[str, Label]) -> Message:
    return predicted(database, known["bug"], CRASHES, mode=Mode.QUIET)


def edited(database: Database, one: Message, text: str = NEAR) -> None:
    """Its author edits the message, and the model reads it again."""
    with database.writing() as session:
        messages.rewrite(session, TEAM, SUPPORT, one.ts, text, "", edits.judge)
        read = session.get_one(Message, one.id)
        if read.still:
            edit_questions.ask(session, read)


def asked(database: Database) -> list[Notice]:
    """The questions that wait to be asked, oldest first."""
    with database.reading() as session:
        return [one for one in notices.to_tell(session, TEAM) if one.news is News.STILL]


def is_needed(database: Database, notice: Notice) -> bool:
    with database.reading() as session:
        return edit_questions.content(session, notice) is not None


def test_of_those_who_chose_the_label_the_last_one_is_asked_once_per_edit(
    database: Database, known: dict[str, Label], one: Message
) -> None:
    for user, label in ((ANA, "billing"), (BEN, "billing"), (CAT, "bug")):
        say(database, one, user, known[label], Word.REACTED)

    edited(database, one)
    edited(database, one)  # as Slack may tell twice

    [question] = asked(database)
    assert question.about["by"] == BEN
    assert is_needed(database, question)


def test_nobody_is_asked_about_what_reviewers_settled_or_a_user_took_back(
    database: Database, known: dict[str, Label], one: Message
) -> None:
    another = predicted(database, known["bug"], CRASHES, mode=Mode.QUIET)
    review(database, one, known["billing"])
    say(database, another, ANA, known["billing"], Word.REACTED)
    say(database, another, ANA, known["billing"], Word.WITHDRAWN)

    edited(database, one)
    edited(database, another)

    assert asked(database) == []


def test_who_asks_to_be_forgotten_is_asked_nothing(
    database: Database, known: dict[str, Label], one: Message
) -> None:
    say(database, one, BEN, known["billing"], Word.REACTED)
    edited(database, one)
    with database.writing() as session:
        erasure.disown(session, TEAM, BEN, f"{pseudonyms.FORGOTTEN}1")
    [question] = asked(database)
    edited(database, one, NEARER)

    assert not is_needed(database, question)
    assert len(asked(database)) == 1
    assert BEN not in str(question)


def test_another_edit_takes_the_place_of_a_question(
    database: Database, known: dict[str, Label], one: Message
) -> None:
    say(database, one, BEN, known["billing"], Word.REACTED)
    edited(database, one)
    edited(database, one, NEARER)

    first, second = asked(database)
    assert (is_needed(database, first), is_needed(database, second)) == (False, True)


@pytest.mark.parametrize("end", ["settled", "mention", "erased", "off", "back"])
def test_a_question_ends_with_what_it_is_about(
    database: Database, known: dict[str, Label], one: Message, end: str
) -> None:
    say(database, one, BEN, known["billing"], Word.REACTED)
    edited(database, one)
    [question] = asked(database)
    with database.writing() as session:
        match end:
            case "mention":  # its card asks
                messages.answer(session, session.get_one(Message, one.id))
            case "erased":
                messages.erase(session, TEAM, SUPPORT, one.ts, is_heard=True)
            case "off":
                session.get_one(Channel, (TEAM, SUPPORT)).mode = Mode.OFF
    if end == "settled":
        say(database, one, ANA, known["bug"], Word.REACTED)
    if end == "back":
        edited(database, one, CRASHES)

    assert not is_needed(database, question)
