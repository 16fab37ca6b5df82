"""Asks Slack about the actors of stored events that count for nothing until it is known whether these are users."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from bot.context.metrics import Metrics
from bot.web_api import refusals
from bot.web_api.actors import ActorKind, UnknownActorError
from bot.web_api.reach import Reach
from storage.database.engine import Database
from storage.messages import unattributed
from storage.tables.messages import Unattributed

log = logging.getLogger(__name__)

# With pauses of up to five minutes: for most of a day. While Slack answers nothing at all, no attempt is counted.
MAX_ATTEMPTS = 300


class Attributing:
    """Asks about one actor after the other. `kind` asks Slack, and may raise UnknownActorError; `settle` has an event
    count or go. Several replicas may ask at once: each event is settled by the one that takes it.
    """

    def __init__(
        self,
        database: Database,
        team_id: str,
        kind: Callable[[str], ActorKind],
        settle: Callable[[Unattributed, ActorKind], None],
        metrics: Metrics,
        reach: Reach,
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._kind = kind
        self._settle = settle
        self._metrics = metrics
        self._reach = reach

    def step(self) -> float | None:
        """Ask about the next actor; seconds until one is due, None if nothing waits."""
        with self._database.reading() as session:
            event = unattributed.next_due(session, self._team_id)
        if event is None:
            return None
        if event.due_at > time.time():
            return event.due_at - time.time()
        if wait_s := self._reach.wait_s():
            return wait_s
        try:
            kind = self._kind(event.user_id)
        except UnknownActorError as error:
            self._postpone(event, error)
        else:
            self._settle_all(event.user_id, kind)
        return 0.0

    def _settle_all(self, user_id: str, kind: ActorKind) -> None:
        with self._database.reading() as session:
            waiting = unattributed.of_actor(session, self._team_id, user_id)
        for event in waiting:
            self._settle(event, kind)

    def _postpone(self, event: Unattributed, error: UnknownActorError) -> None:
        refusal = self._reach.judge(refusals.of(error.cause, event.attempts))
        log.warning("an actor is not known yet reason=%s attempts=%d", refusal.reason, event.attempts)
        key = self._team_id, event.user_id
        with self._database.writing() as session:
            unattributed.postpone(session, *key, refusal.delay_s, refusal.attempts)
            given_up = unattributed.give_up(session, *key, MAX_ATTEMPTS)
        if given_up:
            log.error("Slack never said who did something: ignored events=%d", given_up)
            self._metrics.errors.labels("attributor").inc(given_up)
