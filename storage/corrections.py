"""What people said instead: every word is kept, each person's last word counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import update
from sqlmodel import Session, col, func, select

from storage.tables import Card, Correction, Label, Message


@dataclass(frozen=True)
class State:
    """How many words a team has said, and when the last: it changes with each one."""

    words: int
    latest: float


def add(session: Session, correction: Correction) -> None:
    """Keep a person's word and ask for the card to show it.

    The message's row is locked first: two people at once are taken one after the other.
    """
    session.exec(select(Message.id).where(Message.id == correction.message_id).with_for_update()).one()
    session.add(correction)
    session.flush()
    changes = {"wanted": Card.wanted + 1, "due": True, "due_at": correction.created_at, "failed": None}
    session.connection().execute(
        update(Card).where(col(Card.message_id) == correction.message_id).values(changes)
    )


def last_words(session: Session, message_id: str) -> list[Correction]:
    """The last word of each person on one message, oldest first."""
    chosen = select(Correction).where(Correction.message_id == message_id)
    return _last_of_each(session.exec(chosen.order_by(col(Correction.created_at), col(Correction.id))))


def settled(words: Sequence[Correction]) -> str | None:
    """The label id that most people's last words agree on; the latest word decides between equals.

    `words`: the last word of each person, oldest first.
    """
    if not words:
        return None
    votes = Counter(word.label_id for word in words)
    most = max(votes.values())
    return next(word.label_id for word in reversed(words) if votes[word.label_id] == most)


def labelled(session: Session, team_id: str) -> dict[str, str]:
    """For each corrected message that is not erased, the id of its settled label, retired labels left out."""
    chosen = (
        select(Correction)
        .join(Message, col(Message.id) == Correction.message_id)
        .where(Correction.team_id == team_id, col(Message.erased_at).is_(None))
        .order_by(col(Correction.created_at), col(Correction.id))
    )
    words: dict[str, list[Correction]] = {}
    for correction in session.exec(chosen):
        words.setdefault(correction.message_id, []).append(correction)
    retired = select(Label.id).where(Label.team_id == team_id, col(Label.retired_at).is_not(None))
    unused = set(session.exec(retired))
    # Last words first: what a person took back must not count again because the label after it was retired.
    last = {message_id: _last_of_each(said) for message_id, said in words.items()}
    agreed = {
        message_id: settled([word for word in said if word.label_id not in unused])
        for message_id, said in last.items()
    }
    return {message_id: label_id for message_id, label_id in agreed.items() if label_id}


def state(session: Session, team_id: str) -> State:
    """A cheap answer to "did anybody say anything new?"."""
    row = select(func.count(), func.max(Correction.created_at)).where(Correction.team_id == team_id)
    words, latest = session.exec(row).one()
    return State(words, latest or 0.0)


def _last_of_each(words: Iterable[Correction]) -> list[Correction]:
    last: dict[str, Correction] = {}
    for word in words:
        last.pop(word.user_id, None)  # a later word moves its person to the end
        last[word.user_id] = word
    return list(last.values())
