"""From which summaries a run learned, and as what: by fingerprints, so that no text is kept twice."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from sqlalchemy import delete
from sqlmodel import Session, col, select

from storage.tables.summaries import SummaryLesson


def learn(session: Session, run_id: str, texts: Mapping[str, str]) -> None:
    """Note what each summary should say of those that a run learns from, in the place of what was noted before."""
    session.connection().execute(delete(SummaryLesson).where(col(SummaryLesson.run_id) == run_id))
    for summary_id, text in texts.items():
        session.add(SummaryLesson(run_id=run_id, summary_id=summary_id, fingerprint=fingerprint(text)))
    session.flush()


def learned(session: Session, run_id: str) -> dict[str, str]:
    """For each summary that a run learned from, the fingerprint of what it should say."""
    rows = select(SummaryLesson.summary_id, SummaryLesson.fingerprint).where(SummaryLesson.run_id == run_id)
    return dict(session.exec(rows).all())


def fingerprint(text: str) -> str:
    """Changes when the text does."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
