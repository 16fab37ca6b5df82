"""Brings the cards of summaries in Slack to the state that they should show: in a thread, or to the asker alone."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from slack_sdk import WebClient

from bot.context.metrics import Metrics
from bot.language.catalogues import speaking
from bot.language.locales import Locales
from bot.slack.payloads import Json
from bot.summaries.card import Shown, card, metadata
from bot.summaries.service import SummaryService
from bot.web_api import giving_up, refusals, replies
from bot.web_api.reach import Reach
from bot.web_api.refusals import Refusal
from storage.database.engine import Database
from storage.deliveries import pacing
from storage.deliveries.pacing import Pace
from storage.messages import channel_states
from storage.messages.channel_states import Closed
from storage.summaries import summaries
from storage.tables.summaries import Making, Summary

log = logging.getLogger(__name__)


class SummaryCourier:
    """Shows one summary after the other. `client` must not retry by itself (see `bot/delivery/courier.py`)."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        service: SummaryService,
        client: WebClient,
        metrics: Metrics,
        locales: Locales,
        pace: Pace,
        reach: Reach,
    ) -> None:
        self._database = database
        self._reach = reach
        self.on_given_up: Callable[[], None] = lambda: None
        self._team_id = team_id
        self._service = service
        self._client = client
        self._metrics = metrics
        self._locales = locales
        self._pace = pace

    def step(self) -> float | None:
        """Show the next summary; seconds until one is due, None where none is."""
        with self._database.reading() as session:
            due_at = summaries.next_due(session, self._team_id)
        if due_at is None:
            return None
        if due_at > time.time():
            return due_at - time.time()
        if wait_s := self._reach.wait_s():
            return wait_s
        with self._database.writing() as session:
            claimed = summaries.claim(session, self._team_id)
        if claimed:
            self._show(claimed)
        return 0.0

    def _show(self, claimed: Summary) -> None:
        if self._is_closed(claimed):
            return
        shown = self._service.shown(claimed.id)
        try:
            ts = self._whisper(claimed, shown) if claimed.thread_ts is None else self._bring(claimed, shown)
        except refusals.FAULTS as error:
            self._refused(claimed, self._reach.judge(refusals.of(error, claimed.refusals)))
            return
        except Exception as error:
            log.exception("summary not shown summary=%s", claimed.id)
            self._refused(claimed, refusals.our_fault(error, claimed.refusals))
            return
        with self._database.writing() as session:
            summaries.shown(session, claimed.id, ts, shown.summary.wanted)

    def _is_closed(self, claimed: Summary) -> bool:
        """Give a summary up that was asked for before its channel was closed."""
        with self._database.reading() as session:
            closed = channel_states.all_closed(session, self._team_id).get(claimed.channel_id)
        if closed is None or closed.since < claimed.created_at or _may_change(claimed, closed):
            return False
        with self._database.writing() as session:
            summaries.give_up(session, claimed.id, closed.reason)
        return True

    def _whisper(self, claimed: Summary, shown: Shown) -> str | None:
        """To the asker alone, who was told that it comes. What only one person sees can't be changed or removed."""
        if shown.summary.making in (Making.DONE, Making.FAILED):
            self._client.chat_postEphemeral(
                channel=claimed.channel_id, user=claimed.asked_by, **self._card(claimed, shown)
            )
        return None

    def _bring(self, claimed: Summary, shown: Shown) -> str:
        ts = claimed.ts or (self._find(claimed) if claimed.attempted else None)
        if ts:
            self._client.chat_update(channel=claimed.channel_id, ts=ts, **self._card(claimed, shown))
            return ts
        with self._database.writing() as session:
            summaries.attempted(session, claimed.id)
            pacing.spend_on(session, self._team_id, claimed.channel_id, self._pace)
        posted = self._client.chat_postMessage(
            channel=claimed.channel_id,
            thread_ts=claimed.thread_ts,
            metadata=metadata(claimed.id),
            **self._card(claimed, shown),
        )
        return str(posted["ts"])

    def _card(self, claimed: Summary, shown: Shown) -> Json:
        with speaking(self._locales.language(claimed.asked_by)):
            return card(shown)

    def _find(self, claimed: Summary) -> str | None:
        mark = metadata(claimed.id)
        return replies.find(self._client, claimed.channel_id, str(claimed.thread_ts), mark)

    def _refused(self, claimed: Summary, refusal: Refusal) -> None:
        log.warning(
            "summary not shown summary=%s reason=%s final=%s", claimed.id, refusal.reason, refusal.is_final
        )
        self._metrics.errors.labels("slack").inc()
        with self._database.writing() as session:
            if refusal.is_final:
                summaries.give_up(session, claimed.id, refusal.reason)
                giving_up.tell(session, self._team_id, claimed.channel_id, refusal.reason)
            else:
                may_stand = refusal.may_stand or claimed.attempted
                summaries.show_later(session, claimed.id, refusal.delay_s, may_stand, refusal.attempts)
        if refusal.is_final:
            self.on_given_up()


def _may_change(claimed: Summary, closed: Closed) -> bool:
    """In a shared channel nothing new is shown, but what stands there is changed, and emptied where it was erased."""
    return claimed.ts is not None and closed.reason == channel_states.SHARED
