"""What was said in a thread or a channel: from our own store first, from Slack where that began to listen too late."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.context.reading import Read
from bot.language.catalogues import N_
from bot.slack import payloads
from bot.slack.payloads import Json
from bot.web_api import refusals
from bot.web_api.reach import Reach
from storage.database.engine import Database
from storage.messages import messages
from storage.summaries import summaries
from storage.tables.messages import Message, Mode
from storage.tables.summaries import Summary

log = logging.getLogger(__name__)

PAGE = 200
# Of a channel's stretch nobody reads more; of a thread all is read.
STRETCH_MOST = 5_000
MEND = {
    "missing_scope": N_(
        "I may not read messages here: the app lacks the scope {needed}. An operator can add it (see "
        "slack-manifest.yaml) and install the app anew."
    ),
    "not_in_channel": N_("I am not in this channel. Invite me (`/invite @corrigible`), then ask again."),
    "channel_not_found": N_("I can't see this channel. Invite me (`/invite @corrigible`), then ask again."),
    "thread_not_found": N_("I can't find this thread; perhaps it was deleted."),
    "message_not_found": N_("I can't find this message; perhaps it was deleted."),
}
UNREADABLE = N_("Slack does not let me read this ({reason}).")


class HistoryClosedError(RuntimeError):
    """Slack does not let us read it; the message tells people how to mend that."""


@dataclass
class HistoryDelayedError(RuntimeError):
    """Slack lets us read on in `after_s` seconds; `fetched` is the ts up to which it did.

    `is_counted`: it is an attempt that failed, of which there are few.
    """

    after_s: float
    fetched: str | None
    is_counted: bool = False


class History:
    """Reads what a summary is about. What Slack tells is stored, so that it is asked once."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        bot_user_id: str,
        client: WebClient,
        read: Read,
        reach: Reach,
    ) -> None:
        """`read`: what is kept of a text in Slack's mrkdwn."""
        self._database = database
        self._read = read
        self._reach = reach
        self._team_id = team_id
        self._bot_user_id = bot_user_id
        self._client = client

    def read(self, summary: Summary) -> list[Message]:
        """The messages, oldest first. Raises HistoryClosedError, HistoryDelayedError."""
        if not self._is_stored(summary):
            self._fetch(summary)
        return self._stored(summary)

    def _stored(self, summary: Summary) -> list[Message]:
        key = summary.team_id, summary.channel_id
        with self._database.reading() as session:
            if summary.of_ts and summary.origin.value == "length":
                alone = summaries.thread(session, *key, summary.of_ts)
                return [one for one in alone if one.ts == summary.of_ts]
            if summary.of_ts:
                return summaries.thread(session, *key, summary.of_ts)
            return summaries.stretch(session, *key, summary.since, summary.most or STRETCH_MOST)

    def _is_stored(self, summary: Summary) -> bool:
        """Did we hear everything of it ourselves? Since a channel agreed to summaries all of it is kept."""
        with self._database.reading() as session:
            agreed = summaries.consent(session, summary.team_id, summary.channel_id)
        if agreed is None:
            return False
        if summary.origin.value == "length":
            return True
        if summary.of_ts:
            return float(summary.of_ts) >= agreed.set_at
        if summary.since is not None and summary.since >= agreed.set_at:
            return True
        return summary.most is not None and self._heard_since(summary, agreed.set_at) >= summary.most

    def _heard_since(self, summary: Summary, since: float) -> int:
        with self._database.reading() as session:
            key = summary.team_id, summary.channel_id
            return len(summaries.stretch(session, *key, since, summary.most))

    # From Slack

    def _fetch(self, summary: Summary) -> None:
        if summary.of_ts:
            ask: Callable[..., Any] = self._client.conversations_replies
            fixed: Json = {"channel": summary.channel_id, "ts": summary.of_ts}
            self._pages(summary, ask, fixed, "oldest", None)
            return
        fixed = {"channel": summary.channel_id}
        if summary.since is not None:
            fixed["oldest"] = f"{summary.since:.6f}"
        self._pages(
            summary, self._client.conversations_history, fixed, "latest", summary.most or STRETCH_MOST
        )

    def _pages(
        self, summary: Summary, ask: Callable[..., Any], fixed: Json, go_on: str, most: int | None
    ) -> None:
        """Page after page into the store. Replies come oldest first, a channel's history latest first."""
        cursor, reached, number = None, summary.fetched, 0
        while True:
            begin = {go_on: reached} if reached and not cursor else {}
            limit = PAGE if most is None else max(1, min(PAGE, most - number))
            try:
                page = ask(**fixed, **begin, cursor=cursor, limit=limit)
            except refusals.FAULTS as error:
                raise self._refused(error, reached) from None
            reached = self._keep(summary, page["messages"], go_on) or reached
            number += len(page["messages"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor or (most is not None and number >= most):
                return

    def _refused(self, error: Exception, reached: str | None) -> Exception:
        refusal = self._reach.judge(refusals.of(error, 2))
        if refusal.reason in MEND:
            answer = error.response if isinstance(error, SlackApiError) else {}
            needed = str(answer.get("needed") or "channels:history")
            return HistoryClosedError(MEND[refusal.reason].format(needed=needed))
        if refusal.is_final:
            return HistoryClosedError(UNREADABLE.format(reason=refusal.reason))
        after_s = max(refusal.delay_s, self._reach.wait_s())
        return HistoryDelayedError(after_s, reached, refusal.is_counted)

    def _keep(self, summary: Summary, page: list[Json], go_on: str) -> str | None:
        """Store what people said; the ts from which a later request goes on."""
        said = [one for one in (self._said(summary, message) for message in page) if one]
        with self._database.writing() as session:
            for message in said:
                messages.receive(session, message)
        seen = [str(message["ts"]) for message in page]
        if not seen:
            return None
        return max(seen) if go_on == "oldest" else min(seen)

    def _said(self, summary: Summary, message: Json) -> Message | None:
        event = {"channel": summary.channel_id, "type": "message", **message}
        body = {"team_id": summary.team_id, "event": event}
        try:
            heard = payloads.message_event(body, self._bot_user_id) if message.get("user") else None
        except payloads.PayloadError as error:
            log.warning("message of a history left out: %s", error)
            return None
        if not isinstance(heard, payloads.MessagePosted) or heard.app:
            return None
        return kept(heard, self._read(heard.text))


def kept(said: payloads.MessagePosted, text: str) -> Message:
    """A message as it is stored for summaries alone: nothing predicts it. `text`: what is kept of its words."""
    return Message(
        team_id=said.team_id,
        channel_id=said.channel_id,
        ts=said.ts,
        thread_ts=said.thread_ts,
        user_id=said.user_id,
        text=text,
        mode=Mode.OFF,
        waiting=False,
        received_at=time.time(),
        edited_ts=said.edited_ts,
    )
