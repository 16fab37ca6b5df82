"""What people said instead: every word is kept, each person's last word counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

from sqlalchemy import select as columns
from sqlmodel import Session, case, col, func, select

from storage import cards, outbox, questions
from storage.database import of_messages
from storage.tables import Correction, Kind, Message, Word

# A label that came with a file is nobody's word.
_BY_A_PERSON = col(Correction.word) != Word.IMPORTED


def add(session: Session, correction: Correction) -> None:
    """Keep a person's word, ask for the card to show it, and tell Argilla: every correction goes to its reviewers.

    The message's row is locked first: two people at once are taken one after the other.
    """
    session.exec(select(Message.id).where(Message.id == correction.message_id).with_for_update()).one()
    session.add(correction)
    session.flush()
    cards.want(session, correction.message_id)
    questions.ask_about_correction(session, correction.team_id, correction.message_id)
    outbox.append(session, correction.team_id, correction.message_id, Kind.CORRECTION)


def add_once(session: Session, correction: Correction) -> bool:
    """As `add`, but not where a word of that id is kept already: Slack may tell of it twice."""
    session.exec(select(Message.id).where(Message.id == correction.message_id).with_for_update()).one()
    if session.get(Correction, correction.id):
        return False
    add(session, correction)
    return True


@dataclass(frozen=True)
class Heard:
    """The messages of a team that are not erased, and the label of those of which there is one word.

    `more`: those of which there are several, or one that was taken back.
    """

    once: dict[str, str]
    more: set[str]


def said_once(session: Session, team_id: str) -> Heard:
    """Which messages were spoken of once, and which label that word names; an imported label is a word here."""
    chosen = (
        columns(
            col(Correction.message_id),
            func.count(),
            func.min(Correction.label_id),
            func.max(case((col(Correction.word) == Word.WITHDRAWN, 1), else_=0)),
        )
        .join(Message, col(Message.id) == Correction.message_id)
        .where(col(Correction.team_id) == team_id, col(Message.erased_at).is_(None))
        .group_by(col(Correction.message_id))
        .order_by(col(Correction.message_id))
    )
    rows = session.connection().execute(chosen).all()
    once = {
        message_id: label_id for message_id, number, label_id, is_back in rows if number == 1 and not is_back
    }
    return Heard(once, {row[0] for row in rows if row[0] not in once})


def words(
    session: Session, team_id: str, message_ids: Sequence[str] | None = None
) -> dict[str, list[Spoken]]:
    """For each corrected message of a team that is not erased, or some of them: people's last words, oldest first."""
    chosen = (
        columns(
            col(Correction.message_id),
            col(Correction.user_id),
            col(Correction.label_id),
            col(Correction.word),
            col(Correction.created_at),
        )
        .join(Message, col(Message.id) == Correction.message_id)
        .where(_BY_A_PERSON, col(Message.erased_at).is_(None))
        .order_by(col(Correction.created_at), col(Correction.id))
    )
    of_team = col(Correction.team_id) == team_id
    said: dict[str, list[Spoken]] = {}
    for row in of_messages(session, chosen, of_team, col(Correction.message_id), message_ids):
        said.setdefault(row[0], []).append(Spoken._make(row))
    return {message_id: last_of_each(every) for message_id, every in said.items()}


def count(session: Session, team_id: str) -> int:
    """How many words people said."""
    return session.exec(
        select(func.count()).select_from(Correction).where(Correction.team_id == team_id, _BY_A_PERSON)
    ).one()


class Saying(Protocol):
    """Who says what of a message."""

    @property
    def user_id(self) -> str: ...
    @property
    def word(self) -> Word: ...
    @property
    def label_id(self) -> str: ...


class Said(NamedTuple):
    """A word without its row."""

    user_id: str
    word: Word
    label_id: str


class Spoken(NamedTuple):
    """A word on a message, without what a row costs: a team's are all read after each click."""

    message_id: str
    user_id: str
    label_id: str
    word: Word
    created_at: float


OneSaying = TypeVar("OneSaying", bound=Saying)


def settled(words: Sequence[Saying]) -> str | None:
    """The label id that most people's last words agree on; the latest word decides between equals.

    `words`: the last word of each person, oldest first.
    """
    if not words:
        return None
    votes = Counter(word.label_id for word in words)
    most = max(votes.values())
    return next(word.label_id for word in reversed(words) if votes[word.label_id] == most)


def last_of_each(words: Iterable[OneSaying]) -> list[OneSaying]:
    """Of words in the order in which they were said, each person's last that they did not take back."""
    standing: dict[str, list[OneSaying]] = {}
    for word in words:
        before = standing.pop(word.user_id, [])  # a later word moves its person to the end
        standing[word.user_id] = _then(before, word)
    return [words[-1] for words in standing.values() if words]


def _then(standing: list[OneSaying], word: OneSaying) -> list[OneSaying]:
    """What stands of a person's words after one more. A person may leave several reactions on one message."""
    if word.word is Word.WITHDRAWN:
        return [one for one in standing if one.word is not Word.REACTED or one.label_id != word.label_id]
    return [*standing, word] if word.word is Word.REACTED else [word]
