"""Posts to one channel are paced, all replicas together: about one a second with bursts, as Slack wishes.

By the generic cell rate algorithm (ITU-T I.371): a channel is known by when all that was posted to it would have been
posted at an even pace.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from sqlmodel import Session, select

from storage.database.engine import insert_if_new
from storage.tables.deliveries import Pacing

TOLD_EVERY_S = 3_600.0


@dataclass(frozen=True)
class Pace:
    """How many posts a second one channel takes, and how many at once after a pause."""

    per_second: float = 1.0
    burst: int = 10

    @property
    def slack_s(self) -> float:
        """How far posts may be ahead of the even pace."""
        return (self.burst - 1) / self.per_second

    def allowed(self, even_at: float, now: float) -> int:
        """How many posts may be sent now."""
        return max(0, math.floor((now + self.slack_s - max(even_at, now)) * self.per_second + 1e-6) + 1)


def of_channel(session: Session, team_id: str, channel_id: str) -> Pacing | None:
    """The pacing of one channel, ours until the transaction ends; None where another replica has it."""
    of_key = select(Pacing).where(Pacing.team_id == team_id, Pacing.channel_id == channel_id)
    ours = of_key.with_for_update(skip_locked=True)
    known = session.exec(ours).first()
    if known is None:  # the first post of all, most likely
        insert_if_new(session, Pacing(team_id=team_id, channel_id=channel_id))
        return session.exec(ours).first()
    return known


def spend(pacing: Pacing, pace: Pace, posts: int) -> None:
    """So many posts are about to be sent."""
    pacing.even_at = max(pacing.even_at, time.time()) + posts / pace.per_second


def is_to_be_told(pacing: Pacing) -> bool:
    """Should the channel hear that it is behind? It does so at most once an hour."""
    now = time.time()
    if pacing.told_at and now - pacing.told_at < TOLD_EVERY_S:
        return False
    pacing.told_at = now
    return True


def spend_on(session: Session, team_id: str, channel_id: str, pace: Pace) -> None:
    """One post is about to be sent that waits for no turn; those that do wait for it."""
    pacing = of_channel(session, team_id, channel_id)
    if pacing:
        spend(pacing, pace, 1)


def not_told(session: Session, team_id: str, channel_id: str) -> None:
    """The channel could not be told that it is behind, so that it should be tried again."""
    pacing = of_channel(session, team_id, channel_id)
    if pacing:
        pacing.told_at = None


def pause(session: Session, team_id: str, channel_id: str, pace: Pace, delay_s: float) -> None:
    """Slack says that it was too much: nothing more is posted there for `delay_s` seconds."""
    pacing = of_channel(session, team_id, channel_id)
    if pacing:
        pacing.even_at = max(pacing.even_at, time.time() + delay_s + pace.slack_s)


def free_at(session: Session, team_id: str, pace: Pace) -> dict[str, float]:
    """By channel, when the next post may be sent to it; channels that never were paced are left out."""
    rows = session.exec(select(Pacing.channel_id, Pacing.even_at).where(Pacing.team_id == team_id)).all()
    return {channel_id: even_at - pace.slack_s for channel_id, even_at in rows}
