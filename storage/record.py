"""The model's record as people in Slack see it: what they let stand, and what they corrected."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select as columns
from sqlmodel import Session, col, func, select

from storage import corrections
from storage.corrections import Said
from storage.tables import Correction, Message, Mode, Prediction

DAY_S = 86_400.0
# In these everybody sees what the bot says. What nobody saw, or what was a question, nobody lets stand.
SEEN = (Mode.REPLY, Mode.QUIET)


@dataclass(frozen=True)
class Stretch:
    """Of the answers of some days, those that were confirmed or, where everybody saw them, let stand for a day, and
    those that were corrected.
    """

    right: int
    wrong: int

    @property
    def accuracy(self) -> float | None:
        """Between 0 and 1; None where nothing is known yet."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None


class Judged(NamedTuple):
    """An answer of which people said what is right: when and how it was given, its label, the right one, and who said
    so.
    """

    at: float
    mode: Mode
    predicted: str
    settled: str
    by: tuple[str, ...]


def of_days(
    session: Session, team_id: str, stretches: list[tuple[int, int]], channel_id: str | None = None
) -> list[Stretch]:
    """For each (from, to), both in days before now, the record of the answers that were given then.

    In all channels, or in one.
    """
    now = time.time()
    times = [(now - DAY_S * begin, now - DAY_S * end) for begin, end in stretches]
    words = list(judged(session, team_id, min(first for first, _ in times), channel_id))
    settled = now - DAY_S  # of what is younger nobody has had the time to say that it is wrong
    given = _given(session, team_id, {min(at, settled) for stretch in times for at in stretch}, channel_id)
    return [_stretch(words, given, first, last, settled) for first, last in times]


def _stretch(
    words: list[Judged], given: dict[float, int], first: float, last: float, settled: float
) -> Stretch:
    ours = [one for one in words if first < one.at <= last]
    right = sum(one.predicted == one.settled for one in ours)
    old = given[min(last, settled)] - given[min(first, settled)]
    silent = old - sum(one.at <= settled and one.mode in SEEN for one in ours)
    return Stretch(right + max(silent, 0), len(ours) - right)


def _given(session: Session, team_id: str, moments: set[float], channel_id: str | None) -> dict[float, int]:
    """For each moment, how many answers everybody saw since the first of them; none is counted twice."""
    first, *later = sorted(moments)
    counted, total, since = {first: 0}, 0, first
    for moment in later:
        between = (
            select(func.count())
            .select_from(Prediction)
            .where(
                Prediction.team_id == team_id,
                Prediction.created_at > since,
                Prediction.created_at <= moment,
                col(Prediction.mode).in_(SEEN),
            )
        )
        if channel_id is not None:
            between = between.join(Message, col(Message.id) == Prediction.message_id)
            between = between.where(Message.channel_id == channel_id)
        total += session.exec(between).one()
        counted[moment], since = total, moment
    return counted


def judged(session: Session, team_id: str, since: float, channel_id: str | None = None) -> Iterator[Judged]:
    """Each answer since a moment of which people said what is right, in all channels or in one."""
    # As tuples: of many thousand words whole rows would take most of a second.
    chosen = (
        columns(
            col(Correction.message_id),
            col(Correction.user_id),
            col(Correction.word),
            col(Correction.label_id),
            col(Prediction.created_at),
            col(Prediction.mode),
            col(Prediction.label_id),
        )
        .join(Prediction, col(Prediction.message_id) == Correction.message_id)
        .where(col(Correction.team_id) == team_id, corrections.COUNTS, col(Prediction.created_at) > since)
        .order_by(col(Correction.created_at), col(Correction.id))
    )
    if channel_id is not None:
        chosen = chosen.join(Message, col(Message.id) == Correction.message_id)
        chosen = chosen.where(col(Message.channel_id) == channel_id)
    said: dict[str, list[Said]] = {}
    given: dict[str, tuple[float, Mode, str]] = {}
    for message_id, user_id, word, label_id, at, mode, predicted in session.connection().execute(chosen):
        said.setdefault(message_id, []).append(Said(user_id, word, label_id))
        given[message_id] = at, mode, predicted
    for message_id, words in said.items():
        last = corrections.last_of_each(words)
        settled = corrections.settled(last)
        if settled:
            by = tuple(one.user_id for one in last if one.label_id == settled)
            yield Judged(*given[message_id], settled, by)
