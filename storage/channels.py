"""Which channels asked for the bot, and for what."""

from __future__ import annotations

import time

from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from storage.database import insert_if_new
from storage.tables import Channel, Mode

# Made once: an acknowledgement waits for it.
_MODE_OF = select(Channel.mode).where(
    Channel.team_id == bindparam("team_id"), Channel.channel_id == bindparam("channel_id")
)


def mode_of(session: Session, team_id: str, channel_id: str) -> Mode:
    """The mode that people chose for a channel; OFF where nobody chose."""
    key = {"team_id": team_id, "channel_id": channel_id}
    chosen = session.connection().execute(_MODE_OF, key).scalar()
    return Mode(chosen) if chosen else Mode.OFF


def set_mode(session: Session, team_id: str, channel_id: str, mode: Mode, by: str) -> None:
    """Remember what a person chose for a channel."""
    chosen = Channel(team_id=team_id, channel_id=channel_id, mode=mode, set_by=by, set_at=time.time())
    if not insert_if_new(session, chosen):  # two people may choose at once
        _change(session, team_id, channel_id, mode=mode, set_by=by, set_at=time.time())


def keep_for(session: Session, team_id: str, channel_id: str, days: int | None, by: str) -> None:
    """Remember for how many days the messages of a channel are kept; None: for ever."""
    chosen = Channel(team_id=team_id, channel_id=channel_id, mode=Mode.OFF, keep_days=days, set_by=by)
    if not insert_if_new(session, chosen):
        _change(session, team_id, channel_id, keep_days=days)


def kept_for(session: Session, team_id: str, channel_id: str) -> int | None:
    """For how many days the messages of a channel are kept; None: for ever."""
    channel = session.get(Channel, (team_id, channel_id))
    return channel.keep_days if channel else None


def _change(session: Session, team_id: str, channel_id: str, **changes: object) -> None:
    of_key = col(Channel.team_id) == team_id, col(Channel.channel_id) == channel_id
    session.connection().execute(update(Channel).where(*of_key).values(changes))


def switched_on(session: Session, team_id: str) -> list[Channel]:
    """The channels of a team in which the bot is on."""
    chosen = select(Channel).where(Channel.team_id == team_id, Channel.mode != Mode.OFF)
    return list(session.exec(chosen.order_by(col(Channel.channel_id))))
