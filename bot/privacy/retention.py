"""For how long a channel keeps its messages. A shorter time is confirmed, holds after a day, and can be undone."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.context.schedule import next_due
from bot.language.catalogues import N_
from bot.privacy.forgetting import erase_in_parts
from storage.database.engine import Database
from storage.messages import channels, unattributed
from storage.privacy import erasure

log = logging.getLogger(__name__)

DAY_S = 86_400.0
DAYS_MOST = 36_500
CONFIRM_WITHIN_S = 3_600.0


class DaysError(ValueError):
    """Not a number of days for which messages can be kept."""

    def __init__(self) -> None:
        super().__init__(
            N_(
                "Say for how many days messages are kept, 1 to 36500: `/corrigible keep 90 days`, or `/corrigible keep "
                "forever`."
            )
        )


class StalePlanError(ValueError):
    """What was confirmed is not what would happen now."""

    def __init__(self) -> None:
        super().__init__(N_("This question is out of date, so nothing was changed. Type the command again."))


class NoPlanToUndoError(LookupError):
    """No shorter time waits to hold."""

    def __init__(self) -> None:
        super().__init__(
            N_(
                "Nothing is waiting to be undone here. `/corrigible keep forever` ends any erasing of older messages."
            )
        )


FAULTS = (DaysError, StalePlanError, NoPlanToUndoError)


@dataclass(frozen=True)
class RetentionPlan:
    """A shorter time for a channel: `messages` of those it keeps now will be erased at `erased_at`.

    `before`: for how many days it keeps them until then; None: for ever.
    """

    channel_id: str
    days: int
    before: int | None
    made_at: float
    erased_at: float
    messages: int


class Retention:
    """The use cases of one team. `cron`: when old messages are erased; `wake`: some were, and others have to follow."""

    def __init__(
        self, database: Database, team_id: str, cron: str, timezone: str, wake: Callable[[], None]
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._cron = cron
        self._zone = ZoneInfo(timezone)
        self._wake = wake

    def keep(self, channel_id: str, days: int | None, by: str) -> RetentionPlan | None:
        """Keep the messages of a channel for so many days, None: for ever; what has to be confirmed before.

        None if nothing has to: the time is no shorter, and holds. Raises DaysError.
        """
        if days is not None and not 1 <= days <= DAYS_MOST:
            raise DaysError
        with self._database.writing() as session:
            before = self._kept_for(session, channel_id)
            if days is not None and (before is None or days < before):
                return self._plan(session, channel_id, days, before, time.time())
            channels.keep_for(session, self._team_id, channel_id, days, by)
        log.info("retention set channel=%s days=%s by=%s", channel_id, days, by)
        return None

    def confirm(
        self, channel_id: str, days: int, before: int | None, made_at: float, by: str
    ) -> RetentionPlan:
        """Let a plan hold from the time on that it names, a day from now at the earliest. Raises StalePlanError."""
        now = time.time()
        with self._database.writing() as session:
            channel = channels.get(session, self._team_id, channel_id)
            is_asked_again = channel is not None and channel.next_days == days
            is_shorter = 1 <= days <= DAYS_MOST and (before is None or days < before)
            is_recent = 0 <= now - made_at <= CONFIRM_WITHIN_S
            if (
                is_asked_again
                or not is_shorter
                or not is_recent
                or self._kept_for(session, channel_id) != before
            ):
                raise StalePlanError
            plan = self._plan(session, channel_id, days, before, now)
            # Not a day from now: a run that was missed is made up for, perhaps before the time that people were told.
            channels.keep_for_next(session, self._team_id, channel_id, days, by, plan.erased_at)
        log.info("retention shortened channel=%s days=%d by=%s at=%.0f", channel_id, days, by, plan.erased_at)
        return plan

    def undo(self, channel_id: str, by: str) -> int | None:
        """Keep the messages of a channel as before; for how many days that is. Raises NoPlanToUndoError."""
        with self._database.writing() as session:
            if not channels.undo_next(session, self._team_id, channel_id):
                raise NoPlanToUndoError
            days = self._kept_for(session, channel_id)
        log.info("retention undone channel=%s by=%s", channel_id, by)
        return days

    def let_go(self) -> None:
        """Erase what channels keep no longer."""
        with self._database.writing() as session:
            channels.begin_next(session, self._team_id, time.time())
            limited = [(one.channel_id, one.keep_days) for one in erasure.limited(session, self._team_id)]
        for channel_id, days in limited:
            self._let_go(channel_id, time.time() - DAY_S * (days or DAYS_MOST))

    def _let_go(self, channel_id: str, before: float) -> None:
        waiting = self._database.write_patiently(
            lambda session: unattributed.let_go(session, self._team_id, channel_id, before)
        )
        with self._database.reading() as session:
            old = erasure.overdue(session, self._team_id, channel_id, before)
        erase_in_parts(self._database, old, erasure.let_go)
        if old or waiting:
            log.info("kept no longer channel=%s messages=%d", channel_id, len(old) + waiting)
            self._wake()

    def _kept_for(self, session: Session, channel_id: str) -> int | None:
        channel = channels.get(session, self._team_id, channel_id)
        return channel.keep_days if channel else None

    def _plan(
        self, session: Session, channel_id: str, days: int, before: int | None, now: float
    ) -> RetentionPlan:
        erased_at = next_due(self._cron, now + DAY_S, self._zone)
        oldest = erased_at - DAY_S * days
        messages = erasure.count_overdue(session, self._team_id, channel_id, oldest)
        return RetentionPlan(channel_id, days, before, now, erased_at, messages)
