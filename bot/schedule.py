"""The schedule: what the team's bots do at set times, each time once among all replicas.

APScheduler ticks; what is due, and who does it, are rows (`storage/jobs.py`), because its job stores can't be shared by
processes. Times that passed while nobody was there are made up for by one run.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from bot.metrics import Metrics
from storage import jobs
from storage.database import Database
from storage.tables import Job

log = logging.getLogger(__name__)

TICK_S = 5.0
HOLD_S = 25.0  # after a death another replica takes over within 30 s, a tick included
AT_ONCE = 4


class CronError(ValueError):
    """A time that is not written as cron writes it."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text!r} is not a time as cron writes it: minute, hour, day, month, weekday, such as '0 3 * * *'"
        )


@dataclass(frozen=True)
class Scheduled:
    """Something to do at the times of a cron expression."""

    cron: str
    run: Callable[[], None]


def next_due(cron: str, after: float, zone: tzinfo = UTC) -> float:
    """The first time of a cron expression after a moment (seconds since 1970). Raises CronError."""
    trigger = _trigger(cron, zone)
    moment = trigger.get_next_fire_time(None, datetime.fromtimestamp(after, zone))
    if moment is None:
        raise CronError(cron)
    due = float(moment.timestamp())
    return due if due > after else next_due(cron, after + 1, zone)


def check_cron(text: str) -> str:
    """The expression. Raises CronError."""
    next_due(text, time.time())
    return text


def _trigger(cron: str, zone: tzinfo) -> Any:
    try:
        return CronTrigger.from_crontab(cron, timezone=zone)
    except ValueError as error:
        raise CronError(cron) from error


class Schedule:
    """Does what is due for one team. It is started and stopped like a worker."""

    name = "schedule"

    def __init__(
        self,
        database: Database,
        team_id: str,
        scheduled: Mapping[str, Scheduled],
        metrics: Metrics,
        timezone: str = "UTC",
        tick_s: float = TICK_S,
        hold_s: float = HOLD_S,
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._scheduled = dict(scheduled)
        self._metrics = metrics
        self._zone = ZoneInfo(timezone)
        self._hold_s = hold_s
        self._owner = uuid.uuid4().hex
        self._running: set[str] = set()
        self._turn = threading.Lock()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="scheduled")
        self._scheduler = BackgroundScheduler(timezone=UTC)
        options = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self._scheduler.add_job(
            self.tick, "interval", seconds=tick_s, next_run_time=datetime.now(UTC), **options
        )
        logging.getLogger("apscheduler").setLevel(logging.WARNING)

    def start(self) -> None:
        now = time.time()
        with self._database.writing() as session:
            jobs.drop_others(session, self._team_id, self._scheduled)
            for name, one in sorted(self._scheduled.items()):
                jobs.keep(session, self._team_id, name, next_due(one.cron, now, self._zone))
        self._scheduler.start()

    @property
    def is_alive(self) -> bool:
        return bool(self._scheduler.running)

    def stop_soon(self) -> None:
        """Begin nothing more."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def stop(self, timeout_s: float) -> None:
        """Let what is under way end for at most `timeout_s` seconds; others do what then is left."""
        self.stop_soon()
        self._pool.shutdown(wait=False, cancel_futures=True)
        until = time.monotonic() + timeout_s
        while self._running and time.monotonic() < until:
            time.sleep(0.02)
        with self._database.writing() as session:
            jobs.give_up(session, self._team_id, self._owner)

    def tick(self) -> None:
        """Begin what is due, and hold what is under way."""
        now = time.time()
        try:
            with self._database.writing() as session:
                for name in list(self._running):
                    jobs.prolong(session, self._team_id, name, self._owner, now + self._hold_s)
                claimed = list(self._claim(session, now))
        except Exception:
            log.exception("tick failed")
            self._metrics.errors.labels(self.name).inc()
            return
        for job in claimed:
            self._pool.submit(self._do, job.name)

    def _claim(self, session: Any, now: float) -> list[Job]:
        found: list[Job] = []
        while len(self._running) < AT_ONCE and (
            job := jobs.claim(session, self._team_id, self._owner, now, self._hold_s)
        ):
            self._running.add(job.name)
            found.append(job)
        return found

    def _do(self, name: str) -> None:
        failed: str | None = None
        try:
            self._scheduled[name].run()
        except Exception as error:
            log.exception("job failed name=%s", name)
            self._metrics.errors.labels(self.name).inc()
            failed = type(error).__name__
        finally:
            self._finish(name, failed)

    def _finish(self, name: str, failed: str | None) -> None:
        now = time.time()
        due = next_due(self._scheduled[name].cron, now, self._zone)
        try:
            with self._database.writing() as session:
                jobs.finish(session, self._team_id, name, self._owner, now, due, failed)
        except Exception:
            log.exception("job not noted name=%s", name)
        finally:
            with self._turn:
                self._running.discard(name)
        if failed is None:
            self._metrics.job_success.labels(name).set(now)
        self._metrics.job_due.labels(name).set(due)
