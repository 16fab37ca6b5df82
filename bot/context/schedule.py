"""The schedule: what the team's bots do at set times, each time once among all replicas.

APScheduler ticks; what is due, and who does it, are rows (`storage/database/jobs.py`), because its job stores can't be
shared by processes. Times that passed while nobody was there are made up for by one run.
"""

from __future__ import annotations

import logging
import math
import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlmodel import Session

from bot.context.health import HANGS_S, Trouble
from bot.context.metrics import Metrics
from storage.database import jobs
from storage.database.engine import Database
from storage.database.leases import LeaseClaim
from storage.tables.database import Job

log = logging.getLogger(__name__)

TICK_S = 5.0
HOLD_S = 25.0  # after a death another replica takes over within 30 s, a tick included
AFTER_ERROR_S = 1.0
WEEK = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
WEEKDAYS = {name: number for number, name in enumerate(WEEK)} | {str(number): number for number in range(8)}


class CronError(ValueError):
    """A time that is not written as cron writes it, or that never comes."""

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
    later = datetime.fromtimestamp(math.floor(after) + 1, zone)
    moment = _trigger(cron, zone).get_next_fire_time(None, later)
    if moment is None:
        raise CronError(cron)
    return float(moment.timestamp())


def check_cron(text: str) -> str:
    """The expression. Raises CronError."""
    next_due(text, time.time())
    return text


def _trigger(cron: str, zone: tzinfo) -> Any:
    try:
        *others, weekdays = cron.split()
        return CronTrigger.from_crontab(" ".join([*others, _weekdays(weekdays)]), timezone=zone)
    except (KeyError, ValueError) as error:
        raise CronError(cron) from error


def _weekdays(field: str) -> str:
    """Weekdays by name: cron counts them from Sunday, which is 0 or 7, but APScheduler from Monday."""
    days: list[str] = []
    for part in field.lower().split(","):
        span, slash, step = part.partition("/")
        first, dash, last = ("0", "-", "6") if span == "*" else span.partition("-")
        begin = WEEKDAYS[first]
        end = WEEKDAYS[last] if dash else 6 if slash else begin
        end += 7 if end < begin else 0
        found = [WEEK[day % 7] for day in range(begin, end + 1, int(step) if slash else 1)]
        if not found:
            raise ValueError(part)
        days += found
    return ",".join(days)


class Schedule:
    """Does what is due for one team, each job in a thread of its own. It is started and stopped like a worker."""

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
        kept: Collection[str] = (),
        claims: Collection[LeaseClaim] = (),
    ) -> None:
        """`kept`: jobs that others do without pause and note in the same table; `claims`: prolonged at each tick."""
        self._database = database
        self._team_id = team_id
        self._scheduled = dict(scheduled)
        self._kept = frozenset(kept)
        self._claims = tuple(claims)
        self._metrics = metrics
        self._zone = ZoneInfo(timezone)
        self._hold_s = hold_s
        self._owner = uuid.uuid4().hex
        self._running: dict[str, threading.Thread] = {}
        self._turn = threading.Lock()
        self._stopping = threading.Event()  # nothing more begins
        self._stopped = threading.Event()  # nothing is held any more
        self._ticked_at: float | None = None  # by the monotonic clock
        self._failing: Trouble | None = None
        # A tick that the database holds up is left out, of which APScheduler warns each time.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler = BackgroundScheduler(timezone=UTC)
        options = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        now = datetime.now(UTC)
        self._scheduler.add_job(self.tick, "interval", seconds=tick_s, next_run_time=now, **options)

    def start(self) -> None:
        if self._stopping.is_set():  # what was stopped has no threads any more that could do something
            return
        self._database.write_patiently(self._keep_jobs)
        self._ticked_at = time.monotonic()
        self._scheduler.start()

    def _keep_jobs(self, session: Session) -> None:
        now = time.time()
        jobs.drop_others(session, self._team_id, self._scheduled.keys() | self._kept)
        for name, one in sorted(self._scheduled.items()):
            jobs.keep(session, self._team_id, name, next_due(one.cron, now, self._zone), now)

    @property
    def is_alive(self) -> bool:
        return bool(self._scheduler.running)

    def dead(self) -> Trouble | None:
        """Why only a restart helps: no tick has ended for a long time, although nobody stopped it."""
        ticked_at = self._ticked_at
        if ticked_at is None or self._stopping.is_set() or time.monotonic() - ticked_at < HANGS_S:
            return None
        return Trouble(self.name, "hangs", time.time() - (time.monotonic() - ticked_at))

    def failing(self) -> Trouble | None:
        """The error with which its ticks end, and since when."""
        return self._failing

    def stop_soon(self) -> None:
        """Begin nothing more; what is under way is still held."""
        self._stopping.set()

    def stop(self, timeout_s: float) -> None:
        """Let what is under way end for at most `timeout_s` seconds; others do what then is left."""
        self.stop_soon()
        until = time.monotonic() + timeout_s
        self._await_tick(until)  # after it nothing more begins
        for thread in list(self._running.values()):
            thread.join(max(0.0, until - time.monotonic()))
        self._stopped.set()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        self._await_tick(until)
        self._give_up()

    def _await_tick(self, until: float) -> None:
        if self._turn.acquire(timeout=max(0.0, until - time.monotonic())):
            self._turn.release()

    def tick(self) -> None:
        """Hold what is under way, and begin what is due."""
        with self._turn:
            if self._stopped.is_set():
                return
            try:
                self._hold()
                while not self._stopping.is_set() and (job := self._claim()):
                    self._begin(job)
                self._show()
            except Exception as error:
                since = self._failing.since if self._failing else time.time()
                self._failing = Trouble(self.name, type(error).__name__, since)
                log.exception("tick failed")
                self._metrics.errors.labels(self.name).inc()
            else:
                self._failing = None
            self._ticked_at = time.monotonic()

    def _hold(self) -> None:
        for claim in self._claims:
            claim.prolong()
        if self._running:
            with self._database.writing() as session:
                for name in sorted(self._running):
                    jobs.prolong(session, self._team_id, name, self._owner, time.time() + self._hold_s)

    def _claim(self) -> Job | None:
        names = self._scheduled.keys() - self._running.keys()
        with self._database.writing() as session:
            return jobs.claim(session, self._team_id, self._owner, time.time(), self._hold_s, names)

    def _begin(self, job: Job) -> None:
        log.debug("job begun name=%s late_s=%.0f", job.name, time.time() - job.due_at)
        # As in a worker, the thread of a job that does not end keeps no process from ending.
        thread = threading.Thread(target=self._do, args=(job,), name=f"scheduled-{job.name}", daemon=True)
        self._running[job.name] = thread
        thread.start()

    def _do(self, job: Job) -> None:
        failed = self._run(job.name)
        # What is not noted would be done again: it stays held until it is.
        while not self._note(job, failed) and not self._stopping.wait(AFTER_ERROR_S):
            pass
        self._running.pop(job.name, None)

    def _run(self, name: str) -> str | None:
        """Do a job; what kind of error it ended with."""
        try:
            self._scheduled[name].run()
        except (Exception, SystemExit) as error:
            log.exception("job failed name=%s", name)
            self._metrics.errors.labels(self.name).inc()
            return type(error).__name__
        return None

    def _note(self, job: Job, failed: str | None) -> bool:
        now = time.time()
        # A clock that was set back meanwhile must not find the same time again.
        due = next_due(self._scheduled[job.name].cron, max(now, job.due_at), self._zone)
        try:
            with self._database.writing() as session:
                ours = jobs.finish(session, self._team_id, job.name, self._owner, now, due, failed)
        except Exception:
            log.exception("job not noted name=%s", job.name)
            self._metrics.errors.labels(self.name).inc()
            return False
        if not ours:
            log.warning("job ended when it was another's name=%s", job.name)
        return True

    def _show(self) -> None:
        """Metrics of all jobs, whichever replica did them."""
        with self._database.reading() as session:
            for job in jobs.every(session, self._team_id):
                self._metrics.job_due.labels(job.name, self._team_id).set(job.due_at)
                if job.succeeded_at:
                    self._metrics.job_success.labels(job.name, self._team_id).set(job.succeeded_at)

    def _give_up(self) -> None:
        left, self._running = self._running, {}
        try:
            with self._database.writing() as session:
                if left:
                    jobs.give_up(session, self._team_id, self._owner)
        except Exception:
            log.exception("jobs not given up")
