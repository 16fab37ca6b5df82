"""What follows when a delivery is given up: operators are told once per channel and reason."""

from __future__ import annotations

import time

from sqlmodel import Session

from bot.slack.shapes import SLACK_ID
from bot.web_api.refusals import NOTHING_LEFT
from storage.deliveries import notices
from storage.messages import channel_states
from storage.messages.channel_states import TELLING, ChannelChange


def tell(
    session: Session, team_id: str, channel_id: str, reason: str, ops_channel: str | None = None
) -> None:
    """Have operators told; what Slack says of the channel itself is noted, and ends all that waits there.

    What `ops_channel` refused nobody can be told there: `corrigible status` shows it.
    """
    also = watched(ops_channel)
    if reason in TELLING and channel_states.change(
        session, team_id, ChannelChange(channel_id, TELLING[reason], time.time()), also
    ):
        return
    if reason in NOTHING_LEFT or channel_id == ops_channel or _is_known(session, team_id, channel_id):
        return
    notices.add_given_up(session, team_id, channel_id, reason)


def watched(ops_channel: str | None) -> tuple[str, ...]:
    """The operators' channel, if Slack can be asked about it: settings may name it, or a user."""
    is_id = ops_channel is not None and ops_channel.startswith(("C", "G")) and SLACK_ID.fullmatch(ops_channel)
    return (str(ops_channel),) if is_id else ()


def _is_known(session: Session, team_id: str, channel_id: str) -> bool:
    """Were operators already told that nothing is posted there?"""
    state = channel_states.get(session, team_id, channel_id)
    return state is not None and channel_states.closed(state) is not None
