"""Summaries: asked for, made by one worker at a time, shown by one courier at a time, erased with what they cover."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import Session, case, col, func, select

from storage.database.engine import insert_if_new
from storage.summaries import reviews
from storage.summaries.opinions import last_of_each
from storage.tables.messages import Message
from storage.tables.summaries import (
    Making,
    Opinion,
    Origin,
    Summary,
    SummaryConsent,
    SummarySource,
    SummaryWord,
)

CLAIM_S = 40.0
ATTEMPTS_MOST = 3
# Two words of one user on one summary are this far apart at least (seconds).
APART_S = 1e-5


class SummaryNotFoundError(LookupError):
    """A team has no such summary, or it was erased."""

    def __init__(self) -> None:
        super().__init__("This summary is not known here any more, so nothing was changed.")


class NothingSaidError(LookupError):
    """A user wants to undo their feedback on a summary and gave none."""

    def __init__(self) -> None:
        super().__init__("You have no feedback on this summary to undo.")


# Where summaries may be made


def consent(session: Session, team_id: str, channel_id: str) -> SummaryConsent | None:
    """What people chose for a channel where summaries are on; None where they are off."""
    chosen = session.get(SummaryConsent, (team_id, channel_id))
    return chosen if chosen and chosen.is_on else None


def consents(session: Session, team_id: str) -> list[SummaryConsent]:
    """The channels in which summaries are on, and how."""
    chosen = select(SummaryConsent).where(SummaryConsent.team_id == team_id, SummaryConsent.is_on)
    return list(session.exec(chosen.order_by(col(SummaryConsent.channel_id))))


def set_consent(
    session: Session, team_id: str, channel_id: str, is_on: bool, over: int | None, by: str
) -> None:
    """Remember what a person chose; a channel in which summaries stay on was on since it was turned on."""
    before = consent(session, team_id, channel_id)
    at = before.set_at if before and is_on else time.time()
    chosen = SummaryConsent(
        team_id=team_id, channel_id=channel_id, is_on=is_on, over=over, set_by=by, set_at=at
    )
    if not insert_if_new(session, chosen):  # two people may choose at once
        session.merge(chosen)


# Asking and making


def ask(session: Session, summary: Summary) -> Summary:
    """Keep what was asked for; it is made as soon as a worker is free."""
    session.add(summary)
    session.flush()
    return summary


def get(session: Session, team_id: str, summary_id: str) -> Summary:
    """One summary that was not erased. Raises SummaryNotFoundError."""
    summary = session.get(Summary, summary_id)
    if summary is None or summary.team_id != team_id or summary.making is Making.ERASED:
        raise SummaryNotFoundError
    return summary


def is_waiting(session: Session, team_id: str) -> bool:
    """Does a summary wait to be made?"""
    now = time.time()
    waiting = select(Summary.id).where(
        Summary.team_id == team_id, Summary.making == Making.WAITING, Summary.held_until < now
    )
    return session.exec(waiting.limit(1)).first() is not None


def take(session: Session, team_id: str) -> Summary | None:
    """The summary that waits longest, for one more attempt to make it; those that people wait for before others."""
    now = time.time()
    waiting = select(Summary).where(
        Summary.team_id == team_id, Summary.making == Making.WAITING, Summary.held_until < now
    )
    nobody_waits = case((col(Summary.origin) == Origin.LENGTH, 1), else_=0)
    first = waiting.order_by(nobody_waits, col(Summary.created_at)).limit(1)
    summary = session.exec(first.with_for_update(skip_locked=True)).first()
    if summary:
        summary.attempts += 1
    return summary


def tell(session: Session, summary_id: str, **changes: Any) -> bool:
    """Change columns of a summary that is being made, and have Slack show it; False where it was erased meanwhile."""
    waiting = update(Summary).where(col(Summary.id) == summary_id, col(Summary.making) == Making.WAITING)
    shown = {"wanted": Summary.wanted + 1, "due": True, "due_at": time.time(), "refused": None, **changes}
    return session.connection().execute(waiting.values(shown).returning(col(Summary.id))).first() is not None


def postpone(session: Session, summary_id: str, delay_s: float, fetched: str | None, why: str) -> None:
    """Go on making it in `delay_s` seconds, from the ts up to which Slack told us what was said."""
    tell(session, summary_id, held_until=time.time() + delay_s, fetched=fetched, aside=why, attempts=0)


def hold_back(session: Session, summary_id: str, delay_s: float, fetched: str | None) -> None:
    """Try again in `delay_s` seconds, from the ts up to which Slack told us what was said, if attempts are left."""
    tell(session, summary_id, held_until=time.time() + delay_s, fetched=fetched)


def finish(
    session: Session,
    summary_id: str,
    covered: Sequence[str],
    meant: Mapping[str, int] | None = None,
    **changes: Any,
) -> bool:
    """It is made of these messages; False where it, or one of them, was erased or became another one meanwhile: it is
    made anew then. `meant`: what each of them meant when it was read.
    """
    standing: dict[str, int] = {}
    for start in range(0, len(covered), 500):
        some = select(Message.id, Message.meaning).where(
            col(Message.id).in_(covered[start : start + 500]), col(Message.erased_at).is_(None)
        )
        standing.update(session.exec(some.with_for_update(read=True)).all())
    is_edited = meant is not None and any(meant[one] != meaning for one, meaning in standing.items())
    if len(standing) < len(covered) or is_edited:
        session.connection().execute(
            update(Summary).where(col(Summary.id) == summary_id).values(held_until=0.0, attempts=0)
        )
        return False
    if not tell(session, summary_id, making=Making.DONE, made_at=time.time(), done=1.0, **changes):
        return False
    rows = [
        SummarySource(summary_id=summary_id, message_id=message_id, place=place, meaning=standing[message_id])
        for place, message_id in enumerate(covered)
    ]
    session.add_all(rows)
    session.flush()
    return True


def fail(session: Session, summary_id: str, reason: str) -> None:
    """It can't be made; the reason is for people."""
    tell(session, summary_id, making=Making.FAILED, failed=reason, made_at=time.time())


def of_message(session: Session, message_id: str) -> list[str]:
    """Ids of the summaries that were made from a message."""
    return list(session.exec(select(SummarySource.summary_id).where(SummarySource.message_id == message_id)))


def follow(session: Session, message_id: str) -> None:
    """A message means something else now: what was made from it shows that, to people and to reviewers."""
    for summary_id in of_message(session, message_id):
        want(session, summary_id)
        reviews.again(session, summary_id)


def is_outdated(session: Session, summary_id: str) -> bool:
    """Does a message that a summary was made from now mean something else?"""
    edited = reviews.outdated().where(SummarySource.summary_id == summary_id)
    return session.exec(edited.limit(1)).first() is not None


def erase_with(session: Session, message_id: str) -> list[str]:
    """Erase every summary that a message was part of, and what people wrote in its place; their ids."""
    concerned = of_message(session, message_id)
    for summary_id in concerned:
        erase(session, summary_id)
    return concerned


def erase(session: Session, summary_id: str) -> None:
    """Erase what a summary said and what people wrote in its place; Slack shows that it is gone."""
    gone = {"making": Making.ERASED, "sentences": [], "failed": "", "aside": ""}
    session.connection().execute(update(Summary).where(col(Summary.id) == summary_id).values(gone))
    want(session, summary_id)
    reviews.erase(session, summary_id)
    words = update(SummaryWord).where(col(SummaryWord.summary_id) == summary_id)
    session.connection().execute(words.values(text=""))
    session.connection().execute(delete(SummarySource).where(col(SummarySource.summary_id) == summary_id))


# What was said


def thread(session: Session, team_id: str, channel_id: str, ts: str) -> list[Message]:
    """The stored messages of a thread, oldest first."""
    chosen = _said(team_id, channel_id).where((Message.ts == ts) | (Message.thread_ts == ts))
    return list(session.exec(chosen.order_by(col(Message.ts))))


def stretch(
    session: Session, team_id: str, channel_id: str, since: float | None, most: int | None
) -> list[Message]:
    """The latest stored messages of a channel, oldest first, replies behind what they reply to."""
    chosen = _said(team_id, channel_id)
    if since is not None:
        chosen = chosen.where(Message.ts >= f"{since:.6f}")
    latest = session.exec(chosen.order_by(col(Message.ts).desc()).limit(most))
    return sorted(latest, key=lambda one: (one.thread_ts or one.ts, one.ts))


def _said(team_id: str, channel_id: str) -> Any:
    return select(Message).where(
        Message.team_id == team_id, Message.channel_id == channel_id, col(Message.erased_at).is_(None)
    )


# Words


def say(session: Session, word: SummaryWord) -> bool:
    """Keep a person's word on a summary, and have Slack show it; False if it changes nothing that they said.

    Raises SummaryNotFoundError, NothingSaidError.
    """
    summary = session.exec(select(Summary).where(Summary.id == word.summary_id).with_for_update()).first()
    if summary is None or summary.team_id != word.team_id or summary.making is not Making.DONE:
        raise SummaryNotFoundError
    if session.get(SummaryWord, word.id) or not _is_news(session, word):
        return False
    session.add(word)
    session.flush()
    if word.opinion in (Opinion.GOOD, Opinion.UNDONE):  # this needs nobody's time
        reviews.again(session, word.summary_id)
    else:
        reviews.ask(session, word.team_id, word.summary_id)
    # What one person alone sees is changed where it was clicked.
    if summary.thread_ts or word.opinion is Opinion.EDITED:
        want(session, word.summary_id)
    return True


def _is_news(session: Session, word: SummaryWord) -> bool:
    """Does a word change what its user says? Raises NothingSaidError if there is nothing to undo, and never was."""
    chosen = select(SummaryWord).where(SummaryWord.summary_id == word.summary_id)
    said = list(session.exec(chosen.order_by(col(SummaryWord.created_at), col(SummaryWord.id))))
    if word.opinion is Opinion.UNDONE and all(one.user_id != word.user_id for one in said):
        raise NothingSaidError
    if said:  # two clicks at once have an order
        word.created_at = max(word.created_at, said[-1].created_at + APART_S)
    # Whoever writes the same text again may want it back, after another user's.
    return word.opinion is Opinion.EDITED or _opinions(said) != _opinions([*said, word])


def _opinions(said: Sequence[SummaryWord]) -> dict[str, Opinion]:
    return {word.user_id: word.opinion for word in last_of_each(said)}


def want(session: Session, summary_id: str) -> None:
    """Something that Slack shows of a summary has changed."""
    shown = {"wanted": Summary.wanted + 1, "due": True, "due_at": time.time(), "refused": None}
    session.connection().execute(update(Summary).where(col(Summary.id) == summary_id).values(shown))


def words(session: Session, summary_id: str) -> list[SummaryWord]:
    """The last word of each person on one summary, oldest first."""
    chosen = select(SummaryWord).where(SummaryWord.summary_id == summary_id)
    return last_of_each(session.exec(chosen.order_by(col(SummaryWord.created_at), col(SummaryWord.id))))


def edited(words: Sequence[SummaryWord]) -> SummaryWord | None:
    """The latest text that a person wrote in the place of a summary's."""
    return next((word for word in reversed(words) if word.opinion is Opinion.EDITED and word.text), None)


# Showing, as cards are


def claim(session: Session, team_id: str) -> Summary | None:
    """The summary that is due longest, ours to show for CLAIM_S seconds."""
    now = time.time()
    due = select(Summary).where(
        Summary.team_id == team_id, Summary.due, Summary.due_at <= now, Summary.claimed_until < now
    )
    summary = session.exec(
        due.order_by(col(Summary.due_at)).limit(1).with_for_update(skip_locked=True)
    ).first()
    if summary:
        summary.claimed_until = now + CLAIM_S
    return summary


def next_due(session: Session, team_id: str) -> float | None:
    """When the next one is due to be shown; None where none is."""
    due_at, claimed_until = col(Summary.due_at), col(Summary.claimed_until)
    free_at = case((due_at > claimed_until, due_at), else_=claimed_until)
    earliest: float | None = session.exec(
        select(func.min(free_at)).where(Summary.team_id == team_id, Summary.due)
    ).one()
    return earliest


def attempted(session: Session, summary_id: str) -> None:
    """From here on a first post may have reached Slack, whatever becomes of us."""
    session.connection().execute(update(Summary).where(col(Summary.id) == summary_id).values(attempted=True))


def shown(session: Session, summary_id: str, ts: str | None, wanted: int) -> bool:
    """Slack shows state `wanted` at `ts`; is a newer state due already?"""
    summary = _locked(session, summary_id)
    summary.ts, summary.shown, summary.refusals, summary.claimed_until = ts, wanted, 0, 0.0
    summary.refused = None
    summary.due = summary.shown < summary.wanted
    return summary.due


def show_later(session: Session, summary_id: str, delay_s: float, may_stand: bool, attempts: int = 1) -> None:
    """Slack did not show it: try again in `delay_s` seconds; `may_stand`: a post may have reached it by now.

    `attempts`: how many failures of its own are added to those of the summary.
    """
    summary = _locked(session, summary_id)
    summary.due_at, summary.claimed_until = time.time() + delay_s, 0.0
    summary.refusals, summary.attempted = summary.refusals + attempts, may_stand


def give_up(session: Session, summary_id: str, reason: str) -> None:
    """Slack will never show this state; a later one tries anew."""
    summary = _locked(session, summary_id)
    summary.due, summary.refused, summary.claimed_until, summary.refusals = False, reason, 0.0, 0


def give_up_channel(session: Session, team_id: str, channel_id: str, reason: str) -> None:
    """Nothing new is shown in a channel any more. What was erased still waits to be taken from there."""
    due = update(Summary).where(
        col(Summary.team_id) == team_id, col(Summary.channel_id) == channel_id, col(Summary.due)
    )
    due = due.where(col(Summary.making) != Making.ERASED)
    session.connection().execute(due.values(due=False, refused=reason, claimed_until=0.0, refusals=0))


def _locked(session: Session, summary_id: str) -> Summary:
    return session.exec(select(Summary).where(Summary.id == summary_id).with_for_update()).one()


def state(session: Session, summary_id: str) -> Summary:
    """One summary, whatever became of it."""
    return session.exec(select(Summary).where(Summary.id == summary_id)).one()


def messages_of(session: Session, message_ids: Sequence[str]) -> list[Message]:
    """These messages, where they were not erased."""
    chosen = select(Message).where(col(Message.id).in_(message_ids), col(Message.erased_at).is_(None))
    return list(session.exec(chosen))


def people(session: Session, summary_id: str) -> list[str]:
    """Who wrote what a summary was made from, in the order in which they first spoke."""
    first = func.min(SummarySource.place)
    wrote = (
        select(Message.user_id)
        .join(SummarySource, col(SummarySource.message_id) == Message.id)
        .where(SummarySource.summary_id == summary_id)
        .group_by(col(Message.user_id))
        .order_by(first)
    )
    return list(session.exec(wrote))


def covered(session: Session, summary_id: str) -> list[Message]:
    """The messages that a summary was made from, in the order in which they were said."""
    chosen = (
        select(Message)
        .join(SummarySource, col(SummarySource.message_id) == Message.id)
        .where(SummarySource.summary_id == summary_id, col(Message.erased_at).is_(None))
        .order_by(col(SummarySource.place))
    )
    return list(session.exec(chosen))


def sources(session: Session, summary_ids: Sequence[str]) -> dict[str, list[str]]:
    """For each of these summaries, the ids of the messages that it was made from, in the order of what was said."""
    found: dict[str, list[str]] = {}
    for start in range(0, len(summary_ids), 500):
        some = col(SummarySource.summary_id).in_(summary_ids[start : start + 500])
        rows = select(SummarySource.summary_id, SummarySource.message_id).where(some)
        for summary_id, message_id in session.exec(rows.order_by(col(SummarySource.place))):
            found.setdefault(summary_id, []).append(message_id)
    return found
