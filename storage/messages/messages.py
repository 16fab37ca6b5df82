"""Messages: stored once however often they come, read in the order of waiting, erased for good."""

from __future__ import annotations

import time
from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import delete, update
from sqlmodel import Session, col, func, select

from storage.database import purging
from storage.database.engine import insert_if_new
from storage.deliveries import cards, outbox
from storage.messages import earlier_texts, label_questions, unattributed
from storage.messages.earlier_texts import EditEffect, Judge
from storage.models import disagreements, predictions, runs
from storage.summaries import summaries
from storage.tables.deliveries import Card, Kind
from storage.tables.messages import Lane, Message, Mode
from storage.tables.models import Prediction, Vector


class Edit(StrEnum):
    """What became of an edit: its message is not known, it came too late, says nothing new, or was taken over."""

    UNKNOWN = "unknown"
    LATE = "late"
    SAME = "same"
    DONE = "done"


def receive(session: Session, message: Message) -> bool:
    """Store a message; False where it was there already (delivered again, or erased before it came)."""
    return insert_if_new(session, message)


def known(session: Session, team_id: str, channel_id: str, ts: str) -> Message | None:
    """The message of that key, where it is stored and was not erased."""
    of_key = select(Message).where(
        Message.team_id == team_id,
        Message.channel_id == channel_id,
        Message.ts == ts,
        col(Message.erased_at).is_(None),
    )
    return session.exec(of_key).first()


def is_stored(session: Session, team_id: str, channel_id: str, ts: str) -> bool:
    """Is there a message of that key, also one that was erased?"""
    of_key = Message.team_id == team_id, Message.channel_id == channel_id, Message.ts == ts
    return session.exec(select(Message.id).where(*of_key)).first() is not None


def waiting(session: Session, team_id: str, most: int, lane: Lane = Lane.HEARD) -> list[Message]:
    """Messages of a lane without a prediction, longest waiting first; all replicas see them in one order."""
    chosen = select(Message).where(Message.team_id == team_id, Message.lane == lane, Message.waiting)
    return list(session.exec(chosen.order_by(col(Message.received_at), col(Message.id)).limit(most)))


def texts(session: Session, message_ids: Sequence[str]) -> dict[str, str]:
    """The text of each of these messages that was not erased."""
    found: dict[str, str] = {}
    for start in range(0, len(message_ids), 500):  # databases bound how many parameters one statement takes
        some = message_ids[start : start + 500]
        rows = select(Message.id, Message.text).where(
            col(Message.id).in_(some), col(Message.erased_at).is_(None)
        )
        found.update(session.exec(rows).all())
    return found


def received_at(session: Session, message_ids: Sequence[str]) -> dict[str, float]:
    """When each of these messages was received (seconds since 1970)."""
    found: dict[str, float] = {}
    for start in range(0, len(message_ids), 500):  # databases bound how many parameters one statement takes
        some = col(Message.id).in_(message_ids[start : start + 500])
        found.update(session.exec(select(Message.id, Message.received_at).where(some)).all())
    return found


def held_texts(session: Session, message_ids: Sequence[str]) -> dict[str, str]:
    """As `texts`, locked: nobody edits or erases them until the transaction ends."""
    standing = select(Message.id).where(col(Message.id).in_(message_ids)).order_by(col(Message.id))
    session.exec(standing.with_for_update(key_share=True)).all()
    return texts(session, message_ids)


def count_waiting(session: Session, team_id: str) -> int:
    """How many messages have no prediction yet."""
    # Named, the lanes lead SQLite to the index of what waits, instead of through all messages of the team.
    waiting = select(func.count()).where(
        Message.team_id == team_id, col(Message.lane).in_(list(Lane)), Message.waiting
    )
    return session.exec(waiting).one()


def take(session: Session, batch: Sequence[Message]) -> set[str]:
    """Ids of those messages that, as they were read, are still to be predicted; from now on they wait no longer.

    Left out are those that were erased or edited since, and those with which another replica was quicker. They are
    locked until the transaction ends.
    """
    as_read = {message.id: message.text for message in batch}
    waiting = select(Message.id, Message.text).where(
        col(Message.id).in_(as_read), col(Message.waiting), col(Message.erased_at).is_(None)
    )
    # In one order for all replicas: none waits for another that waits for it, nor for who stores what refers to them.
    found = session.exec(waiting.order_by(col(Message.id)).with_for_update(key_share=True)).all()
    taken = {message_id for message_id, text in found if text == as_read[message_id]}
    if taken:
        done = update(Message).where(col(Message.id).in_(taken)).values(waiting=False)
        session.connection().execute(done)
    return taken


def is_standing(session: Session, message_id: str) -> bool:
    """Was the message not erased? Locks it, so that this stays true until the transaction ends."""
    standing = select(Message.id).where(Message.id == message_id, col(Message.erased_at).is_(None))
    return session.exec(standing.with_for_update()).first() is not None


def standing_ids(session: Session, team_id: str) -> list[str]:
    """The ids of all messages of a team that were not erased."""
    chosen = select(Message.id).where(Message.team_id == team_id, col(Message.erased_at).is_(None))
    return list(session.exec(chosen))


def standing(session: Session, message_ids: Sequence[str]) -> list[Message]:
    """Those of these messages that were not erased."""
    found: list[Message] = []
    for start in range(0, len(message_ids), 500):  # databases bound how many parameters one statement takes
        some = col(Message.id).in_(message_ids[start : start + 500])
        found += session.exec(select(Message).where(some, col(Message.erased_at).is_(None)))
    return found


def known_ids(session: Session, message_ids: Sequence[str]) -> set[str]:
    """Those of these ids by which a message is stored, an erased one too."""
    return set(session.exec(select(Message.id).where(col(Message.id).in_(message_ids))))


def erased_ids(session: Session, message_ids: Sequence[str]) -> set[str]:
    """Return those of these messages that were erased."""
    gone = select(Message.id).where(col(Message.id).in_(message_ids), col(Message.erased_at).is_not(None))
    return set(session.exec(gone))


def edit(
    session: Session, team_id: str, channel_id: str, ts: str, text: str, instead_of: str | None = None
) -> bool:
    """Put another text in the place of a message's that means the same; False where there is no such message.

    It waits to be predicted again, and where Argilla knows it, Argilla hears of it. Nothing changes where it says by
    now something else than `instead_of`, if that is given.
    """
    message = _locked(session, team_id, channel_id, ts)
    if message is None:
        return False
    if instead_of is not None and message.text != instead_of:
        return True
    if message.erased_at or message.text == text:  # Slack also says "changed" when it has unfolded a link
        return True
    _put(session, message, text)
    return True


def rewrite(
    session: Session, team_id: str, channel_id: str, ts: str, text: str, edited_ts: str, judge: Judge
) -> Edit:
    """An author edited a message: as `edit`, but what was said of an earlier text counts for this one only if `judge`
    finds that it means the same.

    Edits are ordered by `edited_ts`, whose last part is a moment in seconds since 1970: one that comes later than a
    newer one changes nothing, and neither does one that comes again.
    """
    message = _locked(session, team_id, channel_id, ts)
    if message is None:
        return Edit.UNKNOWN
    if message.erased_at or (edited_ts and edited_ts <= message.edited_ts):
        return Edit.LATE
    message.edited_ts = max(edited_ts, message.edited_ts)
    # Of a mention that asks for a summary no words are kept.
    is_only_a_request = message.is_addressed and not message.text and message.mode is Mode.OFF
    if message.text == text or is_only_a_request:  # Slack also says "changed" when it has unfolded a link
        return Edit.SAME
    at = float(edited_ts.rpartition(" ")[2] or time.time())
    change = earlier_texts.follow(session, message, text, judge, at)
    if change is not EditEffect.NONE:
        disagreements.forget(session, message.id)
        label_questions.withdraw(session, message.id)
        summaries.follow(session, message.id)
    _put(session, message, text)
    return Edit.DONE


def stop_asking(session: Session, message_id: str) -> None:
    """Stop asking whether the label from before an edit still fits."""
    session.connection().execute(update(Message).where(col(Message.id) == message_id).values(still=None))


def answer(session: Session, message: Message) -> None:
    """Note that an edit made a message mention us: it is answered, whatever the channel's mode."""
    message.mode, message.lane, message.waiting = Mode.REPLY, Lane.ASKED, bool(message.text)
    if not message.text:
        predictions.show(session, [message])
        cards.want(session, message.id)


def _put(session: Session, message: Message, text: str) -> None:
    # What was kept for summaries alone is not predicted.
    is_predicted = message.mode is not Mode.OFF or _is_predicted(session, message)
    message.text, message.waiting = text, bool(text) and is_predicted
    session.connection().execute(delete(Vector).where(col(Vector.message_id) == message.id))
    if not text:
        session.connection().execute(delete(Prediction).where(col(Prediction.message_id) == message.id))
        cards.want(session, message.id)
    if outbox.knows(session, message.id):
        outbox.append(session, message.team_id, message.id, Kind.EDIT)
    purging.mark(session)


def leave_unanswered(session: Session, team_id: str, channel_id: str, ts: str) -> None:
    """A message says nothing by now: it is not predicted and not asked about, unless Slack shows an answer already."""
    message = _locked(session, team_id, channel_id, ts)
    if message is None:
        return
    if session.exec(select(Card.message_id).where(Card.message_id == message.id)).first():
        return
    message.waiting = False
    session.connection().execute(delete(Prediction).where(col(Prediction.message_id) == message.id))


def _is_predicted(session: Session, message: Message) -> bool:
    return session.exec(select(Prediction.id).where(Prediction.message_id == message.id)).first() is not None


def _locked(session: Session, team_id: str, channel_id: str, ts: str) -> Message | None:
    of_key = select(Message).where(
        Message.team_id == team_id, Message.channel_id == channel_id, Message.ts == ts
    )
    return session.exec(of_key.with_for_update()).first()


def erase(session: Session, team_id: str, channel_id: str, ts: str, is_heard: bool) -> bool:
    """Erase text, author and vectors of a message, and note that its card and its record in Argilla have to go; False
    if there is no such message. A post whose author is not known yet goes too.

    A deletion can overtake its message: where the channel is heard (`is_heard`), the row of an unknown message
    is made, erased from the start.
    """
    now = time.time()
    was_waiting = unattributed.erase(session, team_id, channel_id, ts)
    if is_heard:
        insert_if_new(session, _grave(team_id, channel_id, ts, now))
    message = _locked(session, team_id, channel_id, ts)
    if message is None:
        return was_waiting
    if message.erased_at is None:
        purging.mark(session)
    _empty(session, message, now)
    cards.want(session, message.id)
    return True


def erase_all(session: Session, message_ids: Sequence[str]) -> list[str]:
    """Erase these messages as `erase` does, but for their cards; the ids of those that were not erased before."""
    chosen = select(Message).where(col(Message.id).in_(message_ids), col(Message.erased_at).is_(None))
    found = list(session.exec(chosen.order_by(col(Message.id)).with_for_update()))
    for message in found:
        _empty(session, message, time.time())
    if found:
        purging.mark(session)
    return [message.id for message in found]


def _empty(session: Session, message: Message, now: float) -> None:
    message.text, message.user_id, message.waiting, message.erased_at = "", "", False, now
    message.still = None
    earlier_texts.forget(session, message.id)
    label_questions.withdraw(session, message.id)
    session.connection().execute(delete(Vector).where(col(Vector.message_id) == message.id))
    concerned = summaries.erase_with(session, message.id)
    runs.start_over(session, message.team_id, message.id, concerned)
    if outbox.knows(session, message.id):
        outbox.append(session, message.team_id, message.id, Kind.ERASURE)


def _grave(team_id: str, channel_id: str, ts: str, erased_at: float) -> Message:
    return Message(
        team_id=team_id,
        channel_id=channel_id,
        ts=ts,
        user_id="",
        text="",
        mode=Mode.OFF,
        waiting=False,
        erased_at=erased_at,
    )
