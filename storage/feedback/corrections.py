"""What people said instead: every word is kept, each person's last word counts."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, TypeVar

from sqlalchemy import ColumnElement, and_, bindparam, or_, update
from sqlalchemy import select as columns
from sqlmodel import Session, col, func, select

from storage.database.engine import of_messages
from storage.deliveries import cards, outbox
from storage.feedback import bursts, questions
from storage.tables.deliveries import Kind
from storage.tables.feedback import Burst, Correction, Fate, Label, Word
from storage.tables.messages import Message, Wording
from storage.tables.models import Prediction

# A label that came with a file is nobody's word.
_BY_A_PERSON = col(Correction.word) != Word.IMPORTED
# How many labels a prediction ranks at most.
RANKED_MOST = 10
# What is held back, or was discarded, counts for nothing, and nor does what is about an earlier text.
COUNTS = and_(~col(Correction.is_held), col(Correction.aside).is_(None))
# By these a user takes back what they said.
TAKEN_BACK = (Word.WITHDRAWN, Word.UNDONE)
# Two words of one user on one message are this far apart at least (seconds), whatever clocks say.
APART_S = 1e-5


class NothingToUndoError(LookupError):
    """A user wants to undo a correction and has made none."""

    def __init__(self) -> None:
        super().__init__("You have no correction of this message to undo.")


class EditedSinceError(ValueError):
    """The message was edited since the user saw it, and means something else now."""

    def __init__(self) -> None:
        super().__init__("This message was edited since, so nothing was changed. Read it again, then choose.")


def add(session: Session, correction: Correction, meaning: int | None = None) -> None:
    """Keep a person's word, ask for the card to show it, and tell Argilla: every correction goes to its reviewers.

    The message's row is locked first: two people at once are taken one after the other. What somebody says whose burst
    is held back joins it. `meaning`: what the message meant as the person saw it, None if it is known to be the same
    still. Raises EditedSinceError if it means something else now.
    """
    now = _lock(session, correction.message_id)
    if meaning is not None and meaning != now:
        raise EditedSinceError
    correction.foreseen = _foreseen(session, correction)
    bursts.join(session, correction)
    session.add(correction)
    session.flush()
    cards.want(session, correction.message_id)
    if correction.is_held or correction.aside is not None:  # reviewers have better things to do
        return
    questions.ask_about_correction(session, correction.team_id, correction.message_id)
    outbox.append(session, correction.team_id, correction.message_id, Kind.CORRECTION)


def _foreseen(session: Session, correction: Correction) -> float | None:
    """The probability that the message's prediction gave the label; None if there is none, or the label is newer."""
    # What waits was edited: its prediction is of an earlier text.
    is_read = Message.id == correction.message_id, ~col(Message.waiting)
    chosen = select(Prediction.ranked).join(Message, col(Message.id) == Prediction.message_id).where(*is_read)
    ranked = session.exec(chosen).first()
    if not ranked:
        return None
    if len(ranked) < RANKED_MOST:  # all labels that the model knew
        return next((float(share) for label_id, share in ranked if label_id == correction.label_id), None)
    return next((float(share) for label_id, share in ranked if label_id == correction.label_id), 0.0)


def add_once(session: Session, correction: Correction) -> bool:
    """As `add`, but not where a word of that id is kept already: Slack may tell of it twice.

    What was said before an edit that came sooner is about the text of that time.
    """
    now = _lock(session, correction.message_id)
    if session.get(Correction, correction.id):
        return False
    meant = _meaning_at(session, correction.message_id, correction.created_at)
    if meant is not None and meant != now and correction.word is not Word.WITHDRAWN:
        correction.aside = meant
    add(session, correction)
    return True


def say(session: Session, correction: Correction, meaning: int | None = None) -> bool:
    """As `add`, but not if the user has said so already; is it new?

    To confirm one's own correction adds nothing to it. To change one's mind does. Raises EditedSinceError.
    """
    now = _lock(session, correction.message_id)
    if session.get(Correction, correction.id):
        return False
    if meaning is not None and meaning != now:
        raise EditedSinceError
    said, mine = _said_by(session, correction.message_id, correction.user_id)
    if mine and _says_again(mine, correction):
        return False
    correction.created_at = _after(said, correction.created_at)
    add(session, correction)
    return True


def undo(session: Session, team_id: str, message_id: str, user_id: str, word_id: str) -> bool:
    """Take back all that a user said of a message; False if that was done already. Raises NothingToUndoError.

    Others' words stay, and so does what reviewers settled. `word_id`: the same id if Slack tells of it twice.
    """
    _lock(session, message_id)
    said, mine = _said_by(session, message_id, user_id)
    if session.get(Correction, word_id):
        return False
    if mine is None:
        if said and said[-1].word in TAKEN_BACK:
            return False
        raise NothingToUndoError
    for word in said:  # what is undone speaks neither for its user nor against them
        word.twin = ""
    undoing = Correction(
        id=word_id,
        message_id=message_id,
        team_id=team_id,
        user_id=user_id,
        label_id=mine.label_id,
        word=Word.UNDONE,
        created_at=_after(said, time.time()),
        twin="",
    )
    session.add(undoing)
    session.flush()
    cards.want(session, message_id)
    if outbox.knows(session, message_id):
        outbox.append(session, team_id, message_id, Kind.CORRECTION)
    return True


def of_user(session: Session, message_id: str, user_id: str) -> Correction | None:
    """Return a user's own correction of a message, also while it is held back; None if there is none."""
    return _said_by(session, message_id, user_id)[1]


def reacted(session: Session, message_id: str, user_id: str) -> list[Label]:
    """Return the labels that a user chose on a message by reactions, retired ones too."""
    chosen = select(Correction.label_id).where(
        Correction.message_id == message_id, Correction.user_id == user_id, Correction.word == Word.REACTED
    )
    return list(session.exec(select(Label).where(col(Label.id).in_(chosen))))


def _lock(session: Session, message_id: str) -> int:
    """Lock a message against others who correct it; return what it means now."""
    return session.exec(select(Message.meaning).where(Message.id == message_id).with_for_update()).one()


def _said_by(session: Session, message_id: str, user_id: str) -> tuple[list[Correction], Correction | None]:
    """All that a user said of a message but for what was discarded, oldest first, and what stands of it.

    What is about an earlier text does not.
    """
    waits = select(Burst.id).where(Burst.id == Correction.burst_id, Burst.fate == Fate.OPEN).exists()
    chosen = select(Correction).where(
        Correction.message_id == message_id,
        Correction.user_id == user_id,
        _BY_A_PERSON,
        or_(COUNTS, and_(waits, col(Correction.aside).is_(None))),
    )
    said = list(session.exec(chosen.order_by(col(Correction.created_at), col(Correction.id))))
    return said, next(iter(last_of_each(said)), None)


def _says_again(mine: Correction, correction: Correction) -> bool:
    """Would a word repeat what its user has said? Who chose by a reaction, which they may remove, can choose again."""
    is_same = mine.label_id == correction.label_id
    return is_same and (correction.word is Word.CONFIRMED or mine.word is not Word.REACTED)


def _after(said: Sequence[Correction], at: float) -> float:
    """When something is said, behind what was said before: Slack's clock, which times reactions, may be ahead."""
    return max(at, said[-1].created_at + APART_S) if said else at


def _meaning_at(session: Session, message_id: str, at: float) -> int | None:
    """Return what a message meant at a moment; None if it was never edited."""
    of_message = select(Wording.meaning, Wording.since).where(Wording.message_id == message_id)
    texts = session.exec(of_message.order_by(col(Wording.since))).all()
    return next((meaning for meaning, since in reversed(texts) if since <= at), 0) if texts else None


@dataclass(frozen=True)
class Heard:
    """The messages of a team that are not erased, and the word of those of which there is one.

    `more`: those of which there are several, or one that was taken back.
    """

    once: dict[str, Spoken]
    more: set[str]


def said_once(session: Session, team_id: str) -> Heard:
    """Which messages were spoken of once, and that word; an imported label is a word here."""
    chosen = (
        columns(
            col(Correction.message_id),
            func.min(Correction.user_id),
            func.min(Correction.label_id),
            func.min(Correction.word),
            func.min(Correction.created_at),
            func.count(),
        )
        .join(Message, col(Message.id) == Correction.message_id)
        .where(col(Correction.team_id) == team_id, COUNTS, col(Message.erased_at).is_(None))
        .group_by(col(Correction.message_id))
        .order_by(col(Correction.message_id))
    )
    rows = session.connection().execute(chosen).all()
    once = {row[0]: Spoken(*row[:5]) for row in rows if row[5] == 1 and row[3] not in TAKEN_BACK}
    return Heard(once, {row[0] for row in rows if row[0] not in once})


def words(
    session: Session, team_id: str, message_ids: Sequence[str] | None = None
) -> dict[str, list[Spoken]]:
    """For each corrected message of a team that is not erased, or some of them: people's last words, oldest first."""
    return _words(session, team_id, message_ids, COUNTS)


def _words(
    session: Session, team_id: str, message_ids: Sequence[str] | None, counts: ColumnElement[bool]
) -> dict[str, list[Spoken]]:
    chosen = (
        columns(
            col(Correction.message_id),
            col(Correction.user_id),
            col(Correction.label_id),
            col(Correction.word),
            col(Correction.created_at),
            col(Correction.foreseen),
        )
        .join(Message, col(Message.id) == Correction.message_id)
        .where(_BY_A_PERSON, counts, col(Message.erased_at).is_(None))
        .order_by(col(Correction.created_at), col(Correction.id))
    )
    of_team = col(Correction.team_id) == team_id
    said: dict[str, list[Spoken]] = {}
    for row in of_messages(session, chosen, of_team, col(Correction.message_id), message_ids):
        said.setdefault(row[0], []).append(Spoken._make(row))
    return {message_id: last_of_each(every) for message_id, every in said.items()}


def earlier(session: Session, team_id: str, message_ids: Sequence[str]) -> dict[str, list[Spoken]]:
    """As `words`, of what people said of earlier texts of these messages."""
    # A reaction may be taken back whatever the text is.
    is_of_any = or_(col(Correction.aside).is_not(None), col(Correction.word) == Word.WITHDRAWN)
    is_aside = and_(~col(Correction.is_held), is_of_any)
    return _words(session, team_id, message_ids, is_aside)


def count_earlier(session: Session, team_id: str) -> int:
    """Count corrections of earlier texts of messages that are not erased."""
    of_team = Correction.team_id == team_id, col(Correction.aside).is_not(None)
    chosen = select(func.count()).select_from(Correction).join(Message)
    return session.exec(chosen.where(*of_team, col(Message.erased_at).is_(None))).one()


def count(session: Session, team_id: str) -> int:
    """Count the corrections and confirmations that count."""
    return session.exec(
        select(func.count())
        .select_from(Correction)
        .where(Correction.team_id == team_id, _BY_A_PERSON, COUNTS, col(Correction.word).not_in(TAKEN_BACK))
    ).one()


@dataclass(frozen=True)
class Latest:
    """A word of which it is not known yet whether it can be believed."""

    id: str
    message_id: str
    user_id: str
    label_id: str
    word: Word
    created_at: float


_LATEST = columns(
    col(Correction.id),
    col(Correction.message_id),
    col(Correction.user_id),
    col(Correction.label_id),
    col(Correction.word),
    col(Correction.created_at),
)


def latest(session: Session, team_id: str, since: float) -> list[Latest]:
    """People's words since a moment that count and that no operator looked at, oldest first."""
    chosen = _LATEST.join(Message, col(Message.id) == Correction.message_id).where(
        col(Correction.team_id) == team_id,
        col(Correction.created_at) > since,
        col(Correction.word).not_in((Word.IMPORTED, *TAKEN_BACK)),
        col(Correction.burst_id).is_(None),
        col(Correction.aside).is_(None),
        col(Message.erased_at).is_(None),
    )
    ordered = chosen.order_by(col(Correction.created_at), col(Correction.id))
    return [Latest(*row) for row in session.connection().execute(ordered)]


def twinless(session: Session, team_id: str, most: int) -> list[Latest]:
    """Up to `most` people's words for whose messages nobody has looked for one that says nearly the same."""
    of_team = col(Correction.team_id) == team_id, col(Correction.twin).is_(None)
    chosen = _LATEST.where(*of_team, col(Correction.aside).is_(None))
    return [Latest(*row) for row in session.connection().execute(chosen.limit(most))]


def keep_twins(session: Session, twins: Mapping[str, str]) -> None:
    """For each word (by id), the known label of a message that says nearly the same; "" if there is none."""
    by_id = update(Correction).where(col(Correction.id) == bindparam("word_id"))
    rows = [{"word_id": word_id, "label": twins[word_id]} for word_id in sorted(twins)]
    if rows:
        session.connection().execute(by_id.values(twin=bindparam("label")), rows)


@dataclass(frozen=True)
class Background:
    """What else is known of one person: how many of their words agree with the known label of a message that says
    nearly the same, how many do not, and how many are held back or were discarded.
    """

    agreements: float = 0.0
    disagreements: float = 0.0
    held: int = 0


def backgrounds(session: Session, team_id: str, of_a_confirmation: float) -> dict[str, Background]:
    """The background of each person who has one. A person's own message is no evidence, and no message counts twice.

    of_a_confirmation: what agreement counts where a person repeated what the bot had said.
    """
    number = func.count(func.distinct(Correction.message_id))
    confirmed = col(Correction.word) == Word.CONFIRMED
    agrees = col(Correction.twin) == col(Correction.label_id)
    compared = (
        columns(col(Correction.user_id), confirmed, agrees, number)
        .join(Message, col(Message.id) == Correction.message_id)
        .where(
            col(Correction.team_id) == team_id,
            _BY_A_PERSON,
            COUNTS,
            col(Correction.twin) != "",
            col(Message.user_id) != col(Correction.user_id),
        )
        .group_by(col(Correction.user_id), confirmed, agrees)
    )
    found: dict[str, Background] = {}
    for user_id, is_confirmed, is_right, times in session.connection().execute(compared):
        known = found.get(user_id, Background())
        more = times * of_a_confirmation if is_confirmed else times
        found[user_id] = (
            replace(known, agreements=known.agreements + more)
            if is_right
            else replace(known, disagreements=known.disagreements + times)
        )
    held = columns(col(Correction.user_id), func.count()).where(
        col(Correction.team_id) == team_id, col(Correction.is_held)
    )
    for user_id, times in session.connection().execute(held.group_by(col(Correction.user_id))):
        found[user_id] = replace(found.get(user_id, Background()), held=times)
    return found


class Saying(Protocol):
    """Who says what of a message."""

    @property
    def user_id(self) -> str: ...
    @property
    def word(self) -> Word: ...
    @property
    def label_id(self) -> str: ...


class CorrectionMade(NamedTuple):
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
    foreseen: float | None = None


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
    if word.word is Word.UNDONE:
        return []
    if word.word is Word.CONFIRMED and standing and standing[-1].label_id == word.label_id:
        return standing  # who confirms their own correction has corrected once
    if word.word is Word.WITHDRAWN:
        return [one for one in standing if one.word is not Word.REACTED or one.label_id != word.label_id]
    return [*standing, word] if word.word is Word.REACTED else [word]
