"""Erasing much at once: what one person wrote, and what a channel keeps no longer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, update
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.database import purging
from storage.deliveries import cards, notices, outbox
from storage.messages import label_questions, messages, unattributed
from storage.models import runs
from storage.summaries import reviews, summaries
from storage.tables.annotation import Record
from storage.tables.deliveries import Kind, Outbox
from storage.tables.feedback import Burst, Correction, Label
from storage.tables.messages import Channel, Message
from storage.tables.models import TaskName
from storage.tables.summaries import Making, Summary, SummaryReview, SummarySource, SummaryWord
from storage.tables.workspaces import Pseudonym
from storage.workspaces.pseudonyms import FORGOTTEN

# Whose words stay without their name: it tells a person's words apart from others', and leads back to nobody.


@dataclass(frozen=True)
class KeptOfUser:
    """How much is kept of one person: messages, those of them that Argilla knows, words on messages and summaries.

    What waits for Slack to say who they are is kept, too.
    """

    messages: int
    records: int
    words: int

    @property
    def is_nothing(self) -> bool:
        return not (self.messages or self.words)


def kept(session: Session, team_id: str, user_id: str) -> KeptOfUser:
    """What is kept of a person now."""
    wrote = _written_by(team_id, user_id)
    known = select(func.count(func.distinct(Record.message_id))).where(col(Record.message_id).in_(wrote))
    words = select(func.count()).where(Correction.team_id == team_id, Correction.user_id == user_id)
    on_summaries = select(func.count()).where(SummaryWord.team_id == team_id, SummaryWord.user_id == user_id)
    waiting = unattributed.count(session, team_id, user_id)
    return KeptOfUser(
        session.exec(select(func.count()).select_from(wrote.subquery())).one() + waiting.posts,
        session.exec(known).one(),
        session.exec(words).one() + session.exec(on_summaries).one() + waiting.reactions,
    )


def written_by(session: Session, team_id: str, user_id: str) -> list[str]:
    """Ids of the messages of a person that are not erased."""
    return list(session.exec(_written_by(team_id, user_id)))


def _written_by(team_id: str, user_id: str) -> SelectOfScalar[str]:
    return select(Message.id).where(
        Message.team_id == team_id, Message.user_id == user_id, col(Message.erased_at).is_(None)
    )


def overdue(session: Session, team_id: str, channel_id: str, before: float) -> list[str]:
    """Ids of the messages of a channel that were written before a moment (seconds since 1970) and are not erased."""
    return list(session.exec(select(Message.id).where(*_overdue(team_id, channel_id, before))))


def count_overdue(session: Session, team_id: str, channel_id: str, before: float) -> int:
    """How many they are."""
    return session.exec(select(func.count()).where(*_overdue(team_id, channel_id, before))).one()


def _overdue(team_id: str, channel_id: str, before: float) -> tuple[ColumnElement[bool] | bool, ...]:
    of_channel = Message.team_id == team_id, Message.channel_id == channel_id
    return *of_channel, Message.ts < f"{before:.6f}", col(Message.erased_at).is_(None)


def limited(session: Session, team_id: str) -> list[Channel]:
    """The channels whose messages are kept for so many days only."""
    return list(
        session.exec(select(Channel).where(Channel.team_id == team_id, col(Channel.keep_days).is_not(None)))
    )


def erase(session: Session, message_ids: Sequence[str]) -> int:
    """Erase these messages as if their authors had deleted them, and have their cards go; how many they were."""
    found = messages.erase_all(session, message_ids)
    for message_id in found:
        cards.want(session, message_id)
    return len(found)


def let_go(session: Session, message_ids: Sequence[str]) -> int:
    """Erase these messages and leave their cards: they quote nothing, and in Slack the messages stand; how many."""
    return len(messages.erase_all(session, message_ids))


def disown(session: Session, team_id: str, user_id: str, instead: str) -> None:
    """Take a person's name from what they said of others' messages, and erase what they wrote of summaries.

    What they said counts on, as said by `instead`, which begins with FORGOTTEN.
    """
    ours = Correction.team_id == team_id, Correction.user_id == user_id
    for message_id in session.exec(select(Correction.message_id).where(*ours).distinct()).all():
        cards.want(session, message_id)
        if outbox.knows(session, message_id):
            outbox.append(session, team_id, message_id, Kind.CORRECTION)
    run = session.connection().execute
    run(update(Correction).where(*_by(Correction, team_id, user_id)).values(user_id=instead))
    run(update(Burst).where(*_by(Burst, team_id, user_id)).values(user_id=instead))
    theirs = select(SummaryWord.summary_id).where(
        SummaryWord.team_id == team_id, SummaryWord.user_id == user_id
    )
    if session.exec(theirs.where(SummaryWord.text != "").limit(1)).first():
        runs.restart(session, team_id, {TaskName.SUMMARIZATION})
    for summary_id in session.exec(theirs.distinct()).all():
        if summaries.state(session, summary_id).thread_ts:  # what one person alone saw can't be changed
            summaries.want(session, summary_id)
        reviews.again(session, summary_id)
    run(update(SummaryWord).where(*_by(SummaryWord, team_id, user_id)).values(user_id=instead, text=""))
    asked = col(Summary.team_id) == team_id, col(Summary.asked_by) == user_id
    run(update(Summary).where(*asked, col(Summary.making) != Making.WAITING).values(asked_by=instead))
    proposed = col(Label.team_id) == team_id, col(Label.proposed_by) == user_id
    run(update(Label).where(*proposed).values(proposed_by=None))
    run(delete(Pseudonym).where(col(Pseudonym.team_id) == team_id, col(Pseudonym.user_id) == user_id))
    notices.disown(session, team_id, user_id)
    label_questions.forget(session, team_id, user_id)
    purging.mark(session)


def summaries_of(session: Session, message_ids: Sequence[str]) -> list[str]:
    """Ids of the summaries that were made from these messages."""
    found: set[str] = set()
    for some in _parts(message_ids):
        made = select(SummarySource.summary_id).where(col(SummarySource.message_id).in_(some))
        found.update(session.exec(made))
    return sorted(found)


def summaries_judged_by(session: Session, team_id: str, user_id: str) -> list[str]:
    """Ids of the summaries on which a person said something."""
    theirs = SummaryWord.team_id == team_id, SummaryWord.user_id == user_id
    return list(session.exec(select(SummaryWord.summary_id).where(*theirs).distinct()))


def undelivered(session: Session, message_ids: Sequence[str], summary_ids: Sequence[str] = ()) -> int:
    """How many of these still have a record in Argilla, which has not heard yet that they are erased."""
    number = 0
    for some in _parts(message_ids):
        waiting = (
            select(func.count(func.distinct(Outbox.message_id)))
            .join(Record, col(Record.message_id) == Outbox.message_id)
            .where(Outbox.kind == Kind.ERASURE, col(Outbox.message_id).in_(some))
        )
        number += session.exec(waiting).one()
    for some in _parts(summary_ids):
        untold = select(func.count()).where(
            col(SummaryReview.summary_id).in_(some), col(SummaryReview.told) < col(SummaryReview.wanted)
        )
        number += session.exec(untold).one()
    return number


def is_undelivered(session: Session, team_id: str) -> bool:
    """Does Argilla still have a record of a message or a summary that is erased, or what somebody forgotten made of
    one?
    """
    of_messages = (
        select(Outbox.id)
        .join(Record, col(Record.message_id) == Outbox.message_id)
        .where(Outbox.team_id == team_id, Outbox.kind == Kind.ERASURE)
    )
    untold = (
        select(SummaryReview.summary_id)
        .join(Summary, col(Summary.id) == SummaryReview.summary_id)
        .where(SummaryReview.team_id == team_id, col(SummaryReview.told) < col(SummaryReview.wanted))
    )
    of_forgotten = select(SummaryWord.summary_id).where(col(SummaryWord.user_id).startswith(FORGOTTEN))
    of_summaries = untold.where(Summary.making == Making.ERASED)
    of_words = untold.where(col(Summary.id).in_(of_forgotten))
    return any(
        session.exec(some.limit(1)).first() is not None for some in (of_messages, of_summaries, of_words)
    )


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), 500):  # databases bound how many parameters one statement takes
        yield ids[start : start + 500]


def _by(
    table: type[Burst] | type[Correction] | type[SummaryWord], team_id: str, user_id: str
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return col(table.team_id) == team_id, col(table.user_id) == user_id
