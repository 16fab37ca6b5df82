"""The model's record as people in Slack see it: what they let stand, and what they corrected."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from storage import corrections
from storage.tables import Correction, Prediction

DAY_S = 86_400.0


@dataclass(frozen=True)
class Stretch:
    """Of the answers of some days, those that were confirmed or let stand for a day, and those that were corrected."""

    right: int
    wrong: int

    @property
    def accuracy(self) -> float | None:
        """Between 0 and 1; None where nothing is known yet."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None


def of_days(session: Session, team_id: str, stretches: list[tuple[int, int]]) -> list[Stretch]:
    """For each (from, to), both in days before now, the record of the answers that were given then."""
    now = time.time()
    oldest = max(begin for begin, _ in stretches)
    judged = list(_judged(session, team_id, now - DAY_S * oldest))
    return [_stretch(session, team_id, judged, now, begin, end) for begin, end in stretches]


def _stretch(
    session: Session, team_id: str, judged: list[tuple[float, bool]], now: float, begin: int, end: int
) -> Stretch:
    first, last = now - DAY_S * begin, now - DAY_S * end
    settled = min(last, now - DAY_S)  # of what is younger nobody has had the time to say that it is wrong
    ours = [(at, is_right) for at, is_right in judged if first < at <= last]
    right = sum(is_right for _, is_right in ours)
    old = select(func.count()).where(
        Prediction.team_id == team_id, Prediction.created_at > first, Prediction.created_at <= settled
    )
    silent = session.exec(old).one() - sum(at <= settled for at, _ in ours)
    return Stretch(right + max(silent, 0), len(ours) - right)


def _judged(session: Session, team_id: str, since: float) -> Iterator[tuple[float, bool]]:
    """For each answer since a moment of which people said what is right: when it was given, and whether it was that."""
    chosen = (
        select(Correction, Prediction.created_at, Prediction.label_id)
        .join(Prediction, col(Prediction.message_id) == Correction.message_id)
        .where(Correction.team_id == team_id, Prediction.created_at > since)
        .order_by(col(Correction.created_at), col(Correction.id))
    )
    said: dict[str, list[Correction]] = {}
    given: dict[str, tuple[float, str]] = {}
    for word, at, label_id in session.exec(chosen):
        said.setdefault(word.message_id, []).append(word)
        given[word.message_id] = at, label_id
    for message_id, words in said.items():
        settled = corrections.settled(corrections.last_of_each(words))
        if settled:
            at, label_id = given[message_id]
            yield at, settled == label_id
