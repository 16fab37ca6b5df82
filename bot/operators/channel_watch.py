"""Follows what becomes of the channels in which the bot is on: by Slack's events, and by asking Slack."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from slack_sdk import WebClient

from bot.slack.payloads import Json
from bot.web_api import refusals
from bot.web_api.giving_up import watched
from bot.web_api.reach import Reach
from bot.web_api.refusals import Refusal
from learning.text.names import visible
from storage.database.engine import Database
from storage.deliveries import notices
from storage.messages import channel_states
from storage.messages.channel_states import ChannelChange, Seen
from storage.tables.deliveries import News

log = logging.getLogger(__name__)

# What no event told, because nobody was there to hear it, is known after a day.
ASK_EVERY_S = 86_400.0
# Apps from older manifests hear no event when a closed channel is open again.
ASK_CLOSED_EVERY_S = 900.0
# Slack answers about 50 such questions a minute.
PAUSE_S = 2.0
MINUTE_S = 60.0


class ChannelWatch:
    """Notes changes of one team's channels. `on_change`: there is something to tell, or to show no more."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        client: WebClient,
        ops_channel: str | None,
        reach: Reach,
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._client = client
        self._also = watched(ops_channel)
        self._reach = reach
        self._next = 0.0
        self.on_change: Callable[[], None] = lambda: None

    def hear(self, change: ChannelChange) -> None:
        """Note a change that Slack told of."""
        with self._database.writing() as session:
            is_news = channel_states.change(session, self._team_id, change, self._also)
        if is_news:
            log.info("channel changed channel=%s news=%s", change.channel_id, change.news)
            self.on_change()

    def limited(self, minute: float) -> None:
        """Note that Slack withheld events in a minute (seconds since 1970)."""
        begun = minute - minute % MINUTE_S
        with self._database.writing() as session:
            is_new = notices.add(
                session, self._team_id, News.RATE_LIMITED, "", f"{begun:.0f}", about={"minute": begun}
            )
        if is_new:
            log.warning("Slack withheld events minute=%d", begun)
            self.on_change()

    def step(self) -> float | None:
        """Ask Slack about a channel that it was not asked about for long; None if there is none."""
        if time.monotonic() < self._next:
            return self._next - time.monotonic()
        now = time.time()
        before, before_closed = now - ASK_EVERY_S, now - ASK_CLOSED_EVERY_S
        with self._database.reading() as session:
            channel_id = channel_states.to_ask(session, self._team_id, before, before_closed, self._also)
        if channel_id is None:
            return None
        if wait_s := self._reach.wait_s():
            return wait_s
        self._next = time.monotonic() + PAUSE_S
        self._ask(channel_id)
        return PAUSE_S

    def see(self, channel_id: str, channel: Json) -> None:
        """Slack was asked about a channel for another reason: a person turns the bot on there, and is told enough."""
        with self._database.writing() as session:
            channel_states.see(session, self._team_id, channel_id, seen_of(channel))

    def _ask(self, channel_id: str) -> None:
        try:
            seen = seen_of(self._client.conversations_info(channel=channel_id)["channel"])
        except refusals.FAULTS as error:
            refusal = self._reach.judge(refusals.of(error, 0))
            if refusal.reason != "channel_not_found":
                self._refused(channel_id, refusal)
                return
            seen = None
        with self._database.writing() as session:
            is_news = channel_states.learn(session, self._team_id, channel_id, seen)
        if is_news:
            self.on_change()

    def _refused(self, channel_id: str, refusal: Refusal) -> None:
        log.info("Slack tells nothing of a channel channel=%s reason=%s", channel_id, refusal.reason)
        if not refusal.is_counted:
            self._next = time.monotonic() + max(PAUSE_S, refusal.delay_s)
            return
        with self._database.writing() as session:
            channel_states.asked(session, self._team_id, channel_id)


def seen_of(channel: Json) -> Seen:
    """A channel of Slack's conversations.info."""
    # The name of a group direct message is made of its people's: it is not kept.
    name = "" if channel.get("is_mpim") else str(channel.get("name") or "")
    return Seen(
        visible(name),
        bool(channel.get("is_private")),
        bool(channel.get("is_archived")),
        bool(channel.get("is_ext_shared")),
        bool(channel.get("is_member")),
    )
