"""Which channels asked for the bot, and for what."""

from __future__ import annotations

import time

from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from storage.database.engine import insert_if_new
from storage.tables.messages import Channel, Mode

_NOTHING_NEXT = {"next_days": None, "next_at": None, "next_by": None}
_HAS_NEXT = col(Channel.next_days).is_not(None)
# Made once: an acknowledgement waits for it.
_MODE_OF = select(Channel.mode).where(
    Channel.team_id == bindparam("team_id"), Channel.channel_id == bindparam("channel_id")
)


def mode_of(session: Session, team_id: str, channel_id: str) -> Mode:
    """The mode that people chose for a channel; OFF where nobody chose."""
    key = {"team_id": team_id, "channel_id": channel_id}
    chosen = session.connection().execute(_MODE_OF, key).scalar()
    return Mode(chosen) if chosen else Mode.OFF


def includes_workflows(session: Session, team_id: str, channel_id: str) -> bool:
    """Return whether a channel is on and wants posts by workflows and apps read too."""
    found = get(session, team_id, channel_id)
    return found is not None and found.mode is not Mode.OFF and found.workflows


def set_mode(
    session: Session, team_id: str, channel_id: str, mode: Mode, by: str, workflows: bool = False
) -> tuple[Mode, bool]:
    """Store what a user chose for a channel; return what it had before, as `mode` and `workflows`."""
    chosen = Channel(
        team_id=team_id, channel_id=channel_id, mode=mode, workflows=workflows, set_by=by, set_at=time.time()
    )
    if insert_if_new(session, chosen):
        return Mode.OFF, False
    of_key = Channel.team_id == team_id, Channel.channel_id == channel_id
    # Two people may choose at once.
    before = session.exec(select(Channel.mode, Channel.workflows).where(*of_key).with_for_update()).one()
    _change(session, team_id, channel_id, mode=mode, workflows=workflows, set_by=by, set_at=time.time())
    return Mode(before[0]), bool(before[1])


def keep_for(session: Session, team_id: str, channel_id: str, days: int | None, by: str) -> None:
    """Remember for how many days the messages of a channel are kept, from now on; None: for ever."""
    chosen = Channel(team_id=team_id, channel_id=channel_id, mode=Mode.OFF, keep_days=days, set_by=by)
    if not insert_if_new(session, chosen):
        _change(session, team_id, channel_id, keep_days=days, **_NOTHING_NEXT)


def keep_for_next(session: Session, team_id: str, channel_id: str, days: int, by: str, at: float) -> None:
    """Remember for how many days the messages of a channel are kept from a moment on (seconds since 1970)."""
    chosen = Channel(team_id=team_id, channel_id=channel_id, mode=Mode.OFF, set_by=by)
    insert_if_new(session, chosen)
    _change(session, team_id, channel_id, next_days=days, next_at=at, next_by=by)


def undo_next(session: Session, team_id: str, channel_id: str) -> bool:
    """Keep the messages of a channel for as long as before; False if nothing was to change."""
    waiting = col(Channel.team_id) == team_id, col(Channel.channel_id) == channel_id, _HAS_NEXT
    undone = session.connection().execute(update(Channel).where(*waiting).values(_NOTHING_NEXT))
    return bool(undone.rowcount)


def begin_next(session: Session, team_id: str, now: float) -> None:
    """Let what was to change by now hold."""
    due = col(Channel.team_id) == team_id, _HAS_NEXT, col(Channel.next_at) <= now
    changed = update(Channel).where(*due).values({"keep_days": Channel.next_days, **_NOTHING_NEXT})
    session.connection().execute(changed)


def get(session: Session, team_id: str, channel_id: str) -> Channel | None:
    """What was chosen for a channel; None if nobody chose anything."""
    return session.get(Channel, (team_id, channel_id))


def _change(session: Session, team_id: str, channel_id: str, **changes: object) -> None:
    of_key = col(Channel.team_id) == team_id, col(Channel.channel_id) == channel_id
    session.connection().execute(update(Channel).where(*of_key).values(changes))


def switched_on(session: Session, team_id: str) -> list[Channel]:
    """The channels of a team in which the bot is on."""
    chosen = select(Channel).where(Channel.team_id == team_id, Channel.mode != Mode.OFF)
    return list(session.exec(chosen.order_by(col(Channel.channel_id))))
