"""`corrigible mask`: what was kept unmasked is masked, read again, and Argilla hears of it."""

from __future__ import annotations

from pathlib import Path

from sqlmodel import select

from storage.database.engine import Database
from storage.feedback import corrections
from storage.messages import unattributed
from storage.tables.deliveries import Kind, Outbox
from storage.tables.messages import Message
from tests.bot.command_line import corrigible
from tests.factories import ANA, TEAM, label_set, predicted, say, waiting_post


def run(folder: Path, database_url: str, **settings: str) -> tuple[int, str]:
    told = corrigible(folder, "mask", DATABASE_URL=database_url, **settings)
    return told.returncode, " ".join((told.stdout + told.stderr).split())


def test_what_was_kept_unmasked_is_masked_and_read_again(
    tmp_path: Path, database: Database, database_url: str
) -> None:
    label = label_set(database, "bug", "billing")["billing"]
    told_of = predicted(database, label, "Write to ana@example.com", ts="1.1")
    clean = predicted(database, label, "Where is my invoice?", ts="1.2")
    say(database, told_of, ANA, label)
    waiting_post(database, "Call me, I am ben@example.com")

    status, said = run(tmp_path, database_url)

    with database.reading() as session:
        masked, left = session.get_one(Message, told_of.id), session.get_one(Message, clean.id)
        kinds = [one.kind for one in session.exec(select(Outbox).where(Outbox.message_id == told_of.id))]
        assert len(corrections.words(session, TEAM)[told_of.id]) == 1
        assert [post.text for post in unattributed.posts(session, TEAM)] == ["Call me, I am [email]"]
    assert (status, "2 messages were masked." in said) == (0, True)
    assert (masked.text, masked.waiting) == ("Write to [email]", True)
    assert (left.text, left.waiting) == ("Where is my invoice?", False)
    assert Kind.EDIT in kinds


def test_with_masking_off_it_says_so(tmp_path: Path, database: Database, database_url: str) -> None:
    label_set(database, "bug", "billing")

    status, said = run(tmp_path, database_url, MASK_PERSONAL_DATA="false")

    assert (status, "MASK_PERSONAL_DATA: false" in said) == (1, True)
