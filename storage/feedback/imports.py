"""Labelled data from elsewhere: kept as messages that nobody wrote in Slack, each with the label that it came with."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import select as columns
from sqlalchemy import update
from sqlmodel import Session, col, func, select

from storage.database.engine import insert_if_new, of_messages
from storage.tables.feedback import Correction, Word
from storage.tables.messages import Message, Mode
from storage.text.spelling import composed

CHANNEL = "import"
PERSON = "import"


class ImportOutcome(StrEnum):
    """What becomes of a labelled text that is imported."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    ERASED = "erased"


@dataclass(frozen=True)
class Labelled:
    """A text and the id of its label."""

    text: str
    label_id: str


@dataclass(frozen=True)
class Imported:
    """The label that a message was imported with, and when (seconds since 1970)."""

    label_id: str
    at: float


@dataclass(frozen=True)
class _Row:
    """An imported text as it is kept; `word_id` is None where no label of it is."""

    message_id: str
    is_erased: bool
    word_id: str | None
    label_id: str | None


def key(text: str) -> str:
    """What an imported text is known by, in the place of Slack's ts: texts that differ only in white space share it."""
    words = " ".join(composed(text).split())
    return hashlib.sha256(words.encode()).hexdigest()


def labels(session: Session, team_id: str, message_ids: Sequence[str] | None = None) -> dict[str, Imported]:
    """The label of each imported message of a team that is not erased, or of some of them."""
    chosen = (
        columns(col(Correction.message_id), col(Correction.label_id), col(Correction.created_at))
        .join(Message, col(Message.id) == Correction.message_id)
        .where(col(Correction.word) == Word.IMPORTED, col(Message.erased_at).is_(None))
        .order_by(col(Correction.created_at), col(Correction.id))
    )
    of_team = col(Correction.team_id) == team_id
    rows = of_messages(session, chosen, of_team, col(Correction.message_id), message_ids)
    return {message_id: Imported(label_id, at) for message_id, label_id, at in rows}


def count(session: Session, team_id: str) -> int:
    """How many labels were imported."""
    chosen = select(func.count()).select_from(Correction)
    return session.exec(chosen.where(Correction.team_id == team_id, Correction.word == Word.IMPORTED)).one()


def foresee(session: Session, team_id: str, rows: Sequence[Labelled]) -> list[ImportOutcome]:
    """What `keep` would do with each of these rows, whose texts differ from each other."""
    known = _known(session, team_id, rows)
    return [_outcome(row, known.get(key(row.text))) for row in rows]


def keep(session: Session, team_id: str, rows: Sequence[Labelled]) -> list[ImportOutcome]:
    """Keep these rows, whose texts differ from each other: no row twice, the latest label of each.

    Nobody is asked about them and nobody is told: they are no words of people.
    """
    known = _known(session, team_id, rows)
    # In one order: of two imports at once none waits for one that waits for it.
    new = {key(row.text): row.text for row in rows if key(row.text) not in known}
    for ts in sorted(new):
        insert_if_new(session, _message(team_id, ts, new[ts]))
    # Locked: of two imports at once the second waits, and sees what the first one kept.
    for keys in _keys(rows):
        standing = select(Message.id).where(*_with_keys(team_id, keys)).order_by(col(Message.id))
        session.exec(standing.with_for_update()).all()
    known = _known(session, team_id, rows)
    return [_keep(session, team_id, row, known[key(row.text)]) for row in rows]


def _keys(rows: Sequence[Labelled]) -> Iterator[list[str]]:
    """The keys of all rows, in parts: databases bound how many parameters one statement takes."""
    for start in range(0, len(rows), 500):
        yield [key(row.text) for row in rows[start : start + 500]]


def _with_keys(team_id: str, keys: list[str]) -> tuple[Any, ...]:
    return Message.team_id == team_id, Message.channel_id == CHANNEL, col(Message.ts).in_(keys)


def _known(session: Session, team_id: str, rows: Sequence[Labelled]) -> dict[str, _Row]:
    """What is kept of these texts, by key."""
    found: dict[str, _Row] = {}
    for keys in _keys(rows):
        kept = select(Message.id, Message.ts, Message.erased_at).where(*_with_keys(team_id, keys))
        standing = session.exec(kept).all()
        words = select(Correction.message_id, Correction.id, Correction.label_id).where(
            col(Correction.message_id).in_([message_id for message_id, _, _ in standing]),
            Correction.word == Word.IMPORTED,
        )
        said = {message_id: (word_id, label_id) for message_id, word_id, label_id in session.exec(words)}
        for message_id, ts, erased_at in standing:
            found[ts] = _Row(message_id, erased_at is not None, *said.get(message_id, (None, None)))
    return found


def _outcome(row: Labelled, known: _Row | None) -> ImportOutcome:
    if known is None or (known.word_id is None and not known.is_erased):
        return ImportOutcome.NEW
    if known.is_erased:
        return ImportOutcome.ERASED
    return ImportOutcome.UNCHANGED if known.label_id == row.label_id else ImportOutcome.CHANGED


def _keep(session: Session, team_id: str, row: Labelled, known: _Row) -> ImportOutcome:
    outcome = _outcome(row, known)
    if outcome is ImportOutcome.NEW:
        session.add(
            Correction(
                message_id=known.message_id,
                team_id=team_id,
                user_id=PERSON,
                label_id=row.label_id,
                word=Word.IMPORTED,
                twin="",
            )
        )
    if outcome is ImportOutcome.CHANGED:
        of_word = update(Correction).where(col(Correction.id) == known.word_id)
        session.connection().execute(of_word.values(label_id=row.label_id, created_at=time.time()))
    return outcome


def _message(team_id: str, ts: str, text: str) -> Message:
    return Message(
        team_id=team_id,
        channel_id=CHANNEL,
        ts=ts,
        user_id="",
        text=text,
        mode=Mode.OFF,
        waiting=False,
    )
