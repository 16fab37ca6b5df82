from __future__ import annotations

from typing import Any

import pytest

from learning.encoder import Encoder, load_encoder
from learning.summarizing.choosing import Choosing
from learning.summarizing.extractive import FEATURES, Picker
from storage import messages, summaries
from storage.database import Database
from storage.tables import Making, Message, Mode, Opinion, Origin, Summary, SummaryWord
from tests.factories import ANA, BEN, SUPPORT, TEAM, message

SAID = (
    (ANA, "Good morning, the coffee machine on the second floor is broken again."),
    (BEN, "Who has time to look at the release of the payment service today?"),
    (ANA, "I will, after lunch."),
    (BEN, "Thank you, and please tell the customers about it."),
)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder(None, 64, 1)


def made(database: Database) -> tuple[str, list[Message]]:
    """A summary of a thread, and the thread's messages."""
    first = message(SAID[0][1], user_id=SAID[0][0], mode=Mode.OFF, waiting=False)
    rest: list[Any] = [
        message(text, user_id=user, mode=Mode.OFF, waiting=False, thread_ts=first.ts)
        for user, text in SAID[1:]
    ]
    said = [first, *rest]
    summary = Summary(
        team_id=TEAM,
        channel_id=SUPPORT,
        of_ts=first.ts,
        thread_ts=first.ts,
        asked_by=ANA,
        origin=Origin.SHORTCUT,
        making=Making.WAITING,
    )
    with database.writing() as session:
        for one in said:
            messages.receive(session, one)
        summaries.ask(session, summary)
        sentences = [{"text": SAID[0][1], "sources": [first.id], "supported": True, "unfounded": []}]
        summaries.finish(session, summary.id, [one.id for one in said], sentences=sentences)
    return summary.id, said


def edit(database: Database, summary_id: str, text: str) -> None:
    word = SummaryWord(summary_id=summary_id, team_id=TEAM, user_id=BEN, opinion=Opinion.EDITED, text=text)
    with database.writing() as session:
        summaries.say(session, word)


def test_without_a_word_from_people_sentences_are_picked_as_usual(
    database: Database, encoder: Encoder
) -> None:
    assert Choosing(database, TEAM).picker(encoder) == Picker()


def test_people_who_keep_questions_are_given_questions_from_the_next_summary_on(
    database: Database, encoder: Encoder
) -> None:
    choosing = Choosing(database, TEAM)
    before = choosing.picker(encoder)
    for _ in range(8):
        summary_id, _ = made(database)
        edit(database, summary_id, f"<@{BEN}>: {SAID[1][1]}")

    after = choosing.picker(encoder)

    question = FEATURES.index("question")
    assert after.learned == 8
    assert after.weights[question] > before.weights[question]
    assert choosing.picker(encoder) is after


def test_what_was_learned_from_a_deleted_message_is_forgotten(database: Database, encoder: Encoder) -> None:
    choosing = Choosing(database, TEAM)
    summary_id, said = made(database)
    edit(database, summary_id, f"<@{BEN}>: {SAID[1][1]}")
    learned = choosing.picker(encoder).learned
    with database.writing() as session:
        messages.erase(session, TEAM, SUPPORT, said[2].ts, is_heard=True)

    forgotten = choosing.picker(encoder)

    assert learned == 1
    assert forgotten == Picker()
