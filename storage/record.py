"""The model's record as people in Slack see it: what they let stand, and what they corrected."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select as columns
from sqlmodel import Session, col, func, select

from storage import corrections
from storage.corrections import Said
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
    times = [(now - DAY_S * begin, now - DAY_S * end) for begin, end in stretches]
    judged = list(_judged(session, team_id, min(first for first, _ in times)))
    settled = now - DAY_S  # of what is younger nobody has had the time to say that it is wrong
    given = _given(session, team_id, {min(at, settled) for stretch in times for at in stretch})
    return [_stretch(judged, given, first, last, settled) for first, last in times]


def _stretch(
    judged: list[tuple[float, bool]], given: dict[float, int], first: float, last: float, settled: float
) -> Stretch:
    ours = [(at, is_right) for at, is_right in judged if first < at <= last]
    right = sum(is_right for _, is_right in ours)
    old = given[min(last, settled)] - given[min(first, settled)]
    silent = old - sum(at <= settled for at, _ in ours)
    return Stretch(right + max(silent, 0), len(ours) - right)


def _given(session: Session, team_id: str, moments: set[float]) -> dict[float, int]:
    """For each moment, how many answers were given since the first of them; none is counted twice."""
    first, *later = sorted(moments)
    counted, total, since = {first: 0}, 0, first
    for moment in later:
        between = select(func.count()).where(
            Prediction.team_id == team_id, Prediction.created_at > since, Prediction.created_at <= moment
        )
        total += session.exec(between).one()
        counted[moment], since = total, moment
    return counted


def _judged(session: Session, team_id: str, since: float) -> Iterator[tuple[float, bool]]:
    """For each answer since a moment of which people said what is right: when it was given, and whether it was that."""
    # As tuples: of many thousand words whole rows would take most of a second.
    chosen = (
        columns(
            col(Correction.message_id),
            col(Correction.user_id),
            col(Correction.word),
            col(Correction.label_id),
            col(Prediction.created_at),
            col(Prediction.label_id),
        )
        .join(Prediction, col(Prediction.message_id) == Correction.message_id)
        .where(col(Correction.team_id) == team_id, col(Prediction.created_at) > since)
        .order_by(col(Correction.created_at), col(Correction.id))
    )
    said: dict[str, list[Said]] = {}
    given: dict[str, tuple[float, str]] = {}
    for message_id, user_id, word, label_id, at, predicted in session.connection().execute(chosen):
        said.setdefault(message_id, []).append(Said(user_id, word, label_id))
        given[message_id] = at, predicted
    for message_id, words in said.items():
        settled = corrections.settled(corrections.last_of_each(words))
        if settled:
            at, predicted = given[message_id]
            yield at, settled == predicted
