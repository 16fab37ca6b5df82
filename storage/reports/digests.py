"""Which channels wish a weekly digest, and what there is to tell of a week."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from storage.database.engine import insert_if_new
from storage.feedback import judged_predictions
from storage.feedback.judged_predictions import DAY_S, Judged
from storage.tables.deliveries import Digest
from storage.tables.feedback import Label
from storage.tables.messages import Channel, Mode
from storage.tables.models import Decision, Ruling, TaskName
from storage.workspaces.pseudonyms import is_forgotten

WEEKS = 8


@dataclass(frozen=True)
class Confusion:
    """How often a label was said where another one was right; both by name."""

    said: str
    right: str
    times: int


@dataclass(frozen=True)
class Week:
    """What happened in a channel. `words`: on how many messages people settled the label; `helpers`: how many of their
    corrections were right, by user id, most first; `promotions`: of the team's model in WEEKS weeks, oldest first.
    """

    since: float
    words: int
    confusion: Confusion | None
    helpers: list[tuple[str, int]]
    new_labels: list[str]
    promotions: list[Ruling]


def wish(session: Session, team_id: str, channel_id: str, by: str) -> bool:
    """A person wants a digest in a channel; False if somebody did already."""
    return insert_if_new(session, Digest(team_id=team_id, channel_id=channel_id, set_by=by))


def end(session: Session, team_id: str, channel_id: str) -> bool:
    """Nobody wants it there any more; False where nobody did."""
    ended = delete(Digest).where(col(Digest.team_id) == team_id, col(Digest.channel_id) == channel_id)
    return session.connection().execute(ended.returning(col(Digest.channel_id))).first() is not None


def due(session: Session, team_id: str, before: float) -> list[Digest]:
    """Those that were not told since a moment, of channels in which the bot is on."""
    is_on = (col(Channel.team_id) == Digest.team_id) & (col(Channel.channel_id) == Digest.channel_id)
    chosen = (
        select(Digest)
        .join(Channel, is_on)
        .where(Digest.team_id == team_id, Digest.told_at < before, Channel.mode != Mode.OFF)
    )
    return list(session.exec(chosen.order_by(col(Digest.channel_id))))


def begin(session: Session, digest: Digest) -> None:
    """It may reach Slack from now on."""
    _change(session, digest, begun_at=time.time())


def told(session: Session, digest: Digest) -> None:
    """It is seen, or there was nothing to tell."""
    _change(session, digest, told_at=time.time())


def _change(session: Session, digest: Digest, **changes: float) -> None:
    of_key = col(Digest.team_id) == digest.team_id, col(Digest.channel_id) == digest.channel_id
    session.connection().execute(update(Digest).where(*of_key).values(**changes))


def of_week(session: Session, team_id: str, channel_id: str) -> Week:
    """What happened in a channel within the last seven days."""
    since = time.time() - 7 * DAY_S
    judged = list(judged_predictions.judged(session, team_id, since, channel_id))
    wrong = [one for one in judged if one.is_wrong]
    names = dict(session.exec(select(Label.id, Label.name).where(Label.team_id == team_id)).all())
    added = select(Label.name).where(
        Label.team_id == team_id, Label.created_at > since, col(Label.retired_at).is_(None)
    )
    return Week(
        since=since,
        words=len(judged),
        confusion=_confusion([one for one in wrong if not one.is_none], names),
        helpers=_helpers(wrong),
        new_labels=list(session.exec(added.order_by(col(Label.name)))),
        promotions=_promotions(session, team_id, time.time() - 7 * WEEKS * DAY_S),
    )


def _confusion(wrong: list[Judged], names: dict[str, str]) -> Confusion | None:
    pairs = Counter((one.predicted, one.settled) for one in wrong)
    if not pairs:
        return None
    (said, right), times = max(pairs.items(), key=lambda pair: (pair[1], pair[0]))
    return Confusion(names[said], names[right], times)


def _helpers(wrong: list[Judged]) -> list[tuple[str, int]]:
    helped = Counter(user for one in wrong for user in one.by if not is_forgotten(user))
    return sorted(helped.items(), key=lambda one: (-one[1], one[0]))


def _promotions(session: Session, team_id: str, since: float) -> list[Ruling]:
    """The versions that were put into service since a moment, oldest first."""
    chosen = select(Ruling).where(
        Ruling.team_id == team_id,
        Ruling.task == TaskName.CLASSIFICATION,
        Ruling.decision == Decision.PROMOTE,
        Ruling.made_at > since,
    )
    return list(session.exec(chosen.order_by(col(Ruling.made_at))))
