"""Summaries in Argilla: which of them reviewers should see, what they know of them, and what they answered."""

from __future__ import annotations

import time
from collections.abc import Container, Sequence

from sqlalchemy import delete, update
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.database.engine import insert_if_new
from storage.summaries.opinions import last_of_each
from storage.tables.feedback import Status
from storage.tables.messages import Message
from storage.tables.summaries import (
    Making,
    Opinion,
    Summary,
    SummaryAnswer,
    SummaryReview,
    SummarySource,
    SummaryWord,
)


def ask(session: Session, team_id: str, summary_id: str) -> None:
    """Reviewers should see this summary as it is now."""
    if not insert_if_new(session, SummaryReview(summary_id=summary_id, team_id=team_id)):
        again(session, summary_id)


def again(session: Session, summary_id: str) -> None:
    """There is news of a summary that reviewers may know; nothing where they do not."""
    news = {"wanted": SummaryReview.wanted + 1, "due_at": time.time(), "refused": None}
    session.connection().execute(
        update(SummaryReview).where(col(SummaryReview.summary_id) == summary_id).values(news)
    )


def due(session: Session, team_id: str, most: int) -> list[SummaryReview]:
    """Reviews of which Argilla does not know the latest, longest due first."""
    chosen = select(SummaryReview).where(
        SummaryReview.team_id == team_id,
        col(SummaryReview.told) < col(SummaryReview.wanted),
        col(SummaryReview.refused).is_(None),
        SummaryReview.due_at <= time.time(),
    )
    return list(session.exec(chosen.order_by(col(SummaryReview.due_at)).limit(most)))


def told(session: Session, review: SummaryReview, dataset_id: str | None, record_id: str | None) -> None:
    """Argilla knows the state that `review` was read in."""
    session.connection().execute(
        update(SummaryReview)
        .where(col(SummaryReview.summary_id) == review.summary_id)
        .values(told=review.wanted, dataset_id=dataset_id, record_id=record_id, attempts=0)
    )


def postpone(session: Session, review: SummaryReview, delay_s: float) -> None:
    """Try again in `delay_s` seconds."""
    session.connection().execute(
        update(SummaryReview)
        .where(col(SummaryReview.summary_id) == review.summary_id)
        .values(due_at=time.time() + delay_s, attempts=SummaryReview.attempts + 1)
    )


def refuse(session: Session, review: SummaryReview, reason: str) -> None:
    """Argilla will never take this state; a later one is tried anew."""
    session.connection().execute(
        update(SummaryReview).where(col(SummaryReview.summary_id) == review.summary_id).values(refused=reason)
    )


def lost(session: Session, team_id: str) -> None:
    """The dataset is gone: everything is told anew."""
    session.connection().execute(
        update(SummaryReview)
        .where(col(SummaryReview.team_id) == team_id)
        .values(told=0, dataset_id=None, record_id=None, due_at=time.time(), refused=None)
    )


def known(session: Session, team_id: str, summary_ids: Sequence[str]) -> bool:
    """Is one of these a summary of the team's?"""
    chosen = select(Summary.id).where(Summary.team_id == team_id, col(Summary.id).in_(summary_ids))
    return session.exec(chosen.limit(1)).first() is not None


def identified(session: Session, team_id: str, dataset_id: str) -> dict[str, str]:
    """Return the summary of each record of a dataset, by Argilla's own id of the record."""
    chosen = select(SummaryReview.record_id, SummaryReview.summary_id).where(
        SummaryReview.team_id == team_id,
        SummaryReview.dataset_id == dataset_id,
        col(SummaryReview.record_id).is_not(None),
    )
    return {str(record_id): summary_id for record_id, summary_id in session.exec(chosen)}


def bring_back(session: Session, summary_ids: Sequence[str]) -> None:
    """Have these sent to Argilla again, because their records are gone."""
    lost_ones = col(SummaryReview.summary_id).in_(summary_ids)
    session.connection().execute(
        update(SummaryReview).where(lost_ones).values(dataset_id=None, record_id=None)
    )
    for summary_id in summary_ids:
        again(session, summary_id)


def is_asked(session: Session, team_id: str) -> bool:
    """Do reviewers have anything to do with summaries of this team?"""
    chosen = select(SummaryReview.summary_id).where(SummaryReview.team_id == team_id).limit(1)
    return session.exec(chosen).first() is not None


# Answers


def replace(session: Session, team_id: str, summary_id: str, found: Sequence[SummaryAnswer]) -> bool:
    """Keep the answers to a summary as they are in Argilla now; was anything new?"""
    summary = session.exec(select(Summary).where(Summary.id == summary_id).with_for_update()).first()
    if summary is None or summary.team_id != team_id or summary.making is Making.ERASED:
        return False
    before = {one.response_id: one.answered_at for one in answers(session, summary_id)}
    if before == {one.response_id: one.answered_at for one in found}:
        return False
    session.connection().execute(delete(SummaryAnswer).where(col(SummaryAnswer.summary_id) == summary_id))
    session.add_all(found)
    summary.wanted, summary.due, summary.due_at = summary.wanted + 1, bool(summary.thread_ts), time.time()
    session.flush()
    return True


def answers(session: Session, summary_id: str) -> list[SummaryAnswer]:
    """What reviewers answered to a summary, oldest first."""
    chosen = select(SummaryAnswer).where(SummaryAnswer.summary_id == summary_id)
    return list(session.exec(chosen.order_by(col(SummaryAnswer.answered_at), SummaryAnswer.response_id)))


def erase(session: Session, summary_id: str) -> None:
    """Forget what reviewers wrote, and have the record go."""
    session.connection().execute(delete(SummaryAnswer).where(col(SummaryAnswer.summary_id) == summary_id))
    again(session, summary_id)


def outdated() -> SelectOfScalar[str]:
    """Ids of summaries of which a message means something else than when they were made."""
    return (
        select(SummarySource.summary_id)
        .join(Message, col(Message.id) == SummarySource.message_id)
        .where(col(Message.meaning) != col(SummarySource.meaning))
    )


def settled(session: Session, team_id: str, believed: Container[str]) -> dict[str, str]:
    """For each summary that people settled, what it should say: reviewers first, then the last edit, then "good".

    One that a reviewer discarded is left out, and so are edits and opinions of users who are not `believed`, and all
    that was said of a summary whose messages mean something else now.
    """
    standing = select(Summary).where(Summary.team_id == team_id, Summary.making == Making.DONE)
    standing = standing.where(col(Summary.id).not_in(outdated()))
    summaries = {one.id: one for one in session.exec(standing)}
    texts: dict[str, str] = {}
    for word in _standing(session, team_id):
        if word.summary_id not in summaries or word.user_id not in believed:
            continue
        if word.opinion is Opinion.EDITED and word.text:
            texts[word.summary_id] = word.text
        elif word.opinion is Opinion.GOOD:
            said = " ".join(one["text"] for one in summaries[word.summary_id].sentences)
            texts.setdefault(word.summary_id, said)
    answered = select(SummaryAnswer).where(SummaryAnswer.team_id == team_id)
    for answer in session.exec(answered.order_by(col(SummaryAnswer.answered_at))):
        if answer.summary_id not in summaries:
            continue
        if answer.status is Status.DISCARDED:
            texts.pop(answer.summary_id, None)
        else:
            texts[answer.summary_id] = answer.text
    return texts


def _standing(session: Session, team_id: str) -> list[SummaryWord]:
    """Return what users now say of each summary of a team."""
    chosen = select(SummaryWord).where(SummaryWord.team_id == team_id)
    said: dict[str, list[SummaryWord]] = {}
    for word in session.exec(chosen.order_by(col(SummaryWord.created_at), col(SummaryWord.id))):
        said.setdefault(word.summary_id, []).append(word)
    return [word for every in said.values() for word in last_of_each(every)]
