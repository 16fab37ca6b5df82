"""The texts that edited messages had. What people and reviewers said of a message belongs to the text they saw.

Of a text only a digest is kept, keyed by its message, so that what was said of it counts again when it comes back.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, or_, update
from sqlmodel import Session, col, func, select

from storage.database.engine import insert_if_new
from storage.deliveries import outbox
from storage.feedback import corrections, questions, responses
from storage.tables.deliveries import Kind
from storage.tables.feedback import Answer, Correction, Word
from storage.tables.messages import Message, Wording
from storage.text.spelling import composed

# An edit within a meaning, and all before it together, may change so many letters.
LETTERS_MOST = 2
# Signs that format a text, or are left out where it is quoted.
FORMATTING = "`~|^*_"
APOSTROPHES = "'\u2019\u02bc"


class EditEffect(StrEnum):
    """What an edit does to a message: nothing to its meaning, perhaps something, or it is another message now."""

    NONE = "none"
    NEAR = "near"
    OTHER = "other"


@dataclass(frozen=True)
class EditJudgement:
    """What an edit does; `letters`: how many letters it changes, if it does nothing to the meaning."""

    change: EditEffect
    letters: int = 0


Judge = Callable[[str, str], EditJudgement]


def words(text: str) -> list[str]:
    """The words of a text without case, punctuation and white space. Numbers keep their signs, symbols stay."""
    return list(_words(composed(text).casefold()))


def _words(text: str) -> Iterator[str]:
    word = ""
    for place, sign in enumerate(text):
        kind = unicodedata.category(sign)
        before, after = text[place - 1 : place], text[place + 1 : place + 2]
        if kind[0] in "LMN" or _belongs(sign, before, after):
            word += sign
        elif kind == "Cf" or (sign in APOSTROPHES and word and after.isalnum()):
            continue  # "can't" and "cant" differ in punctuation alone
        else:
            if word:
                yield word
                word = ""
            if kind[0] == "S" and sign not in FORMATTING:
                yield sign
    if word:
        yield word


def _belongs(sign: str, before: str, after: str) -> bool:
    """Is the sign part of a number? 1.5 is not 15, and -5 is not 5."""
    if sign in ".,:" and before.isdigit() and after.isdigit():
        return True
    return sign in "-\u2212" and after.isdigit() and not before.isalnum()


def follow(session: Session, message: Message, text: str, judge: Judge, at: float) -> EditEffect:
    """A message gets another text at a moment (seconds since 1970): what was said of it counts on, or is set aside.

    Where the text is one that the message had before, what was said of that counts again.
    """
    before, after = _digest(message.id, message.text), _digest(message.id, text)
    if before == after:
        return EditEffect.NONE
    insert_if_new(session, _wording(message, before, message.meaning, 0, 0.0))
    known = session.get(Wording, (message.id, after))
    found = _judge(session, message, before, text, judge) if known is None else None
    if known:
        meaning, letters = known.meaning, known.letters
    elif found and found.change is EditEffect.NONE:
        meaning, letters = message.meaning, found.letters
    else:
        meaning, letters = _next(session, message.id), 0
    session.merge(_wording(message, after, meaning, letters, at))
    if meaning == message.meaning:
        return EditEffect.NONE
    is_near = found is not None and found.change is EditEffect.NEAR
    message.still = (_settled(session, message.id) or message.still) if is_near else None
    _set_aside(session, message.id, message.meaning, at)
    _count_again(session, message.id, meaning)
    questions.ask_anew(session, message.id, message.meaning, meaning)
    _ask_reviewers(session, message)
    message.meaning = meaning
    return EditEffect.NEAR if is_near else EditEffect.OTHER


def _judge(session: Session, message: Message, before: str, text: str, judge: Judge) -> EditJudgement:
    """Many small edits may add up to another text."""
    found = judge(message.text, text)
    if found.change is not EditEffect.NONE:
        return found
    so_far = session.get_one(Wording, (message.id, before)).letters
    letters = so_far + found.letters
    return EditJudgement(EditEffect.NONE if letters <= LETTERS_MOST else EditEffect.NEAR, letters)


def _wording(message: Message, digest: str, meaning: int, letters: int, since: float) -> Wording:
    return Wording(message_id=message.id, digest=digest, meaning=meaning, letters=letters, since=since)


def _digest(message_id: str, text: str) -> str:
    """Return a keyed digest, by which equal texts of two messages can't be recognized."""
    said = " ".join(words(text)).encode("utf-8", "replace")
    return hashlib.blake2b(said, key=message_id.encode()[:64], digest_size=8).hexdigest()


def _next(session: Session, message_id: str) -> int:
    latest = session.exec(select(func.max(Wording.meaning)).where(Wording.message_id == message_id)).one()
    return int(latest or 0) + 1


def _settled(session: Session, message_id: str) -> str | None:
    """Return the label that reviewers or users settled so far."""
    message = session.get_one(Message, message_id)
    verdict = responses.verdicts(session, message.team_id, [message_id]).get(message_id)
    if verdict and not verdict.is_tied:
        return verdict.label_id
    said = corrections.words(session, message.team_id, [message_id])
    return corrections.settled(said.get(message_id, []))


def _set_aside(session: Session, message_id: str, meaning: int, at: float) -> None:
    # Whoever takes a reaction back does so whatever the text is, and a label that came with a file is nobody's word.
    run = session.connection().execute
    ours = col(Correction.message_id) == message_id, col(Correction.aside).is_(None)
    said = col(Correction.word).not_in((Word.WITHDRAWN, Word.IMPORTED))
    # A reaction may be told before the edit that came sooner.
    was_seen = or_(col(Correction.word) != Word.REACTED, col(Correction.created_at) < at)
    run(update(Correction).where(*ours, said, was_seen).values(aside=meaning))
    answered = col(Answer.message_id) == message_id, col(Answer.aside).is_(None)
    run(update(Answer).where(*answered).values(aside=meaning))


def _count_again(session: Session, message_id: str, meaning: int) -> None:
    run = session.connection().execute
    ours = col(Correction.message_id) == message_id, col(Correction.aside) == meaning
    run(update(Correction).where(*ours).values(aside=None))
    answered = col(Answer.message_id) == message_id, col(Answer.aside) == meaning
    run(update(Answer).where(*answered).values(aside=None))


def _ask_reviewers(session: Session, message: Message) -> None:
    """As about every correction that counts: what was said late, or kept by an operator, has not been asked about."""
    if corrections.words(session, message.team_id, [message.id]):
        questions.ask_about_correction(session, message.team_id, message.id)
        outbox.append(session, message.team_id, message.id, Kind.CORRECTION)


def forget(session: Session, message_id: str) -> None:
    """Delete what is kept about an erased message's texts."""
    session.connection().execute(delete(Wording).where(col(Wording.message_id) == message_id))
