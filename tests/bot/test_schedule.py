from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlalchemy.exc import OperationalError

from bot.metrics import Metrics
from bot.schedule import CronError, Schedule, Scheduled, check_cron, next_due
from storage import jobs, leases
from storage.database import Database, open_database
from storage.leases import Claim
from storage.tables import Job
from tests.factories import TEAM
from tests.local.running import until

NEVER_SOON = "0 0 1 1 *"


class Replicas:
    """Some bots of one team, whose job counts how often it is done."""

    def __init__(self, database: Database, number: int, hold_s: float = 25.0) -> None:
        self.database = database
        self.done: list[float] = []
        self.failing = threading.Event()
        self.metrics = [Metrics() for _ in range(number)]
        scheduled = {"retrain": Scheduled(NEVER_SOON, self._do)}
        self.schedules = [
            Schedule(database, TEAM, scheduled, metrics, tick_s=0.05, hold_s=hold_s)
            for metrics in self.metrics
        ]
        for schedule in self.schedules:
            schedule.start()

    def _do(self) -> None:
        if self.failing.is_set():
            raise RuntimeError("no")
        self.done.append(time.time())

    def make_due(self, **changes: object) -> None:
        with self.database.writing() as session:
            job = session.get_one(Job, (TEAM, "retrain"))
            job.due_at = time.time() - 10 * 86_400
            for name, value in changes.items():
                setattr(job, name, value)

    def job(self) -> Job:
        with self.database.reading() as session:
            [job] = jobs.every(session, TEAM)
        return job

    def settle(self) -> None:
        """Until it is not due any more, and a moment longer."""
        until = time.monotonic() + 10
        while self.job().due_at < time.time():
            assert time.monotonic() < until
            time.sleep(0.02)
        time.sleep(0.3)


@pytest.fixture
def replicas(database: Database) -> Iterator[Replicas]:
    made = Replicas(database, 3)
    yield made
    for schedule in made.schedules:
        schedule.stop(2)


def test_of_three_replicas_one_does_what_is_due_and_time_missed_is_made_up_for_once(
    replicas: Replicas,
) -> None:
    for number in range(1, 4):
        replicas.make_due()
        replicas.settle()

        assert len(replicas.done) == number
    assert replicas.job().succeeded_at == pytest.approx(replicas.done[-1], abs=1)
    assert replicas.job().due_at > time.time()


def test_what_a_dead_replica_held_is_taken_over_when_its_hold_ends(replicas: Replicas) -> None:
    replicas.make_due(owner="the dead", held_until=time.time() + 1)
    time.sleep(0.5)
    assert replicas.done == []

    replicas.settle()

    assert len(replicas.done) == 1


def test_a_job_that_fails_is_due_again_at_its_next_time_and_says_why(replicas: Replicas) -> None:
    replicas.failing.set()
    replicas.make_due()

    replicas.settle()

    assert replicas.job().failed == "RuntimeError"
    assert replicas.job().succeeded_at is None


def test_a_job_that_settings_no_longer_name_is_forgotten(database: Database) -> None:
    with database.writing() as session:
        jobs.keep(session, TEAM, "something old", 0.0, 0.0)

    replicas = Replicas(database, 1)
    replicas.schedules[0].stop(2)

    assert replicas.job().name == "retrain"


def test_a_job_that_takes_long_holds_up_no_other_and_is_done_by_nobody_else(database: Database) -> None:
    ended, done = threading.Event(), list[str]()
    scheduled = {f"slow {number}": Scheduled(NEVER_SOON, lambda: _end(ended, done)) for number in range(5)}
    scheduled["quick"] = Scheduled(NEVER_SOON, lambda: done.append("quick"))
    with _three(database, scheduled, hold_s=0.5):
        _make_due(database)
        until(lambda: done == ["quick"])
        time.sleep(1.5)  # three times as long as a hold lasts where it is not prolonged
        ended.set()
        until(lambda: len(done) == 6)
        time.sleep(0.3)

    assert done == ["quick", *["slow"] * 5]


def test_a_stopped_replica_leaves_what_it_can_not_end_to_others_at_once(database: Database) -> None:
    ended, begun = threading.Event(), list[str]()

    def run(name: str) -> None:
        begun.append(name)
        ended.wait(10)

    one, other = (
        Schedule(
            database, TEAM, {"retrain": Scheduled(NEVER_SOON, partial(run, name))}, Metrics(), tick_s=0.1
        )
        for name in ("one", "other")
    )
    one.start()
    _make_due(database)
    until(lambda: begun == ["one"])
    one.stop(0.1)
    other.start()
    until(lambda: begun == ["one", "other"])
    ended.set()
    other.stop(5)
    until(lambda: not [one for one in threading.enumerate() if one.name.startswith("scheduled-")])

    assert not one.is_alive
    assert not other.is_alive


def test_what_was_stopped_does_not_begin_again(database: Database) -> None:
    schedule = Schedule(database, TEAM, {}, Metrics(), tick_s=0.01)
    schedule.start()
    schedule.stop(5)

    schedule.start()

    assert not schedule.is_alive


def test_a_stopping_replica_lets_end_what_it_began_and_begins_nothing(database: Database) -> None:
    ended, done = threading.Event(), list[str]()
    scheduled = {name: Scheduled(NEVER_SOON, lambda: _end(ended, done)) for name in ("drift", "retrain")}
    schedule = Schedule(database, TEAM, scheduled, Metrics(), tick_s=0.05)
    schedule.start()
    _make_due(database, "drift")
    until(lambda: _job(database, "drift").owner != "")
    schedule.stop_soon()
    _make_due(database, "retrain")
    threading.Timer(0.5, ended.set).start()
    schedule.stop(10)

    assert done == ["slow"]
    assert _job(database, "drift").succeeded_at
    assert _job(database, "retrain").owner == ""


def test_a_job_of_other_settings_is_left_to_who_knows_it(database: Database) -> None:
    with _three(database, {"retrain": Scheduled(NEVER_SOON, lambda: None)}):
        with database.writing() as session:
            jobs.keep(session, TEAM, "of a newer bot", 0.0, 0.0)
        _make_due(database)
        until(lambda: _job(database, "retrain").succeeded_at is not None)

    assert _job(database, "of a newer bot").owner == ""


def test_what_the_database_did_not_note_is_noted_later_and_not_done_again(database: Database) -> None:
    done: list[float] = []
    away = threading.Event()

    def run() -> None:
        done.append(time.time())
        away.set()

    metrics = Metrics()
    flaky = _Flaky(database, away)
    schedule = Schedule(flaky, TEAM, {"retrain": Scheduled(NEVER_SOON, run)}, metrics, tick_s=0.05)
    schedule.start()
    _make_due(database)
    until(lambda: _errors(metrics) > 1)
    away.clear()
    until(lambda: _job(database, "retrain").succeeded_at is not None)
    schedule.stop(5)

    assert len(done) == 1


def test_an_error_of_a_job_is_counted_and_all_replicas_show_when_it_is_due(replicas: Replicas) -> None:
    replicas.failing.set()
    replicas.make_due()
    replicas.settle()

    assert sum(map(_errors, replicas.metrics)) == 1
    for metrics in replicas.metrics:
        shown = metrics.job_due.labels("retrain", TEAM)._value.get()
        assert shown == replicas.job().due_at


def test_of_three_processes_one_does_what_is_due(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    with _processes(database_url, tmp_path / "begun"):
        for number in range(1, 6):
            _make_due(database)
            until(lambda: _job(database, "retrain").due_at > time.time())
            time.sleep(0.3)
            assert len(_begun(tmp_path)) == number


def test_what_a_killed_process_was_doing_is_done_by_another(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    with _processes(database_url, tmp_path / "begun", lasts_s=1.0, hold_s=2.0) as processes:
        _make_due(database)
        until(lambda: _begun(tmp_path))
        [first] = _begun(tmp_path)
        next(process for process in processes if process.pid == first).kill()
        until(lambda: _job(database, "retrain").succeeded_at is not None)

    [_, second] = _begun(tmp_path)
    assert second != first


def test_claims_of_work_that_never_pauses_are_prolonged_while_the_process_lives(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "HOLD_S", 1.0)
    ours, others = Claim(database, "outbox"), Claim(database, "outbox")
    assert ours.hold()
    schedule = Schedule(database, TEAM, {}, Metrics(), tick_s=0.1, claims=[ours])
    schedule.start()
    time.sleep(2.0)
    assert not others.hold()
    schedule.stop(5)

    until(others.hold)


def test_times_are_those_of_cron_in_the_zone_of_the_team() -> None:
    after = datetime(2026, 7, 1, 2, 30, tzinfo=UTC).timestamp()

    assert next_due("0 3 * * *", after) == datetime(2026, 7, 1, 3, tzinfo=UTC).timestamp()
    berlin = next_due("0 3 * * *", after, ZoneInfo("Europe/Berlin"))
    assert berlin == datetime(2026, 7, 2, 1, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("weekdays", "days"),
    [
        ("1", "Mon"),
        ("0", "Sun"),
        ("7", "Sun"),
        ("sun", "Sun"),
        ("1-5", "Mon Tue Wed Thu Fri"),
        ("5-7", "Fri Sat Sun"),
        ("Fri-Mon", "Fri Sat Sun Mon"),
        ("*/2", "Sun Tue Thu Sat"),
        ("mon,3-4", "Mon Wed Thu"),
        ("*", "Mon Tue Wed Thu Fri Sat Sun"),
    ],
)
def test_weekdays_are_counted_as_cron_counts_them(weekdays: str, days: str) -> None:
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    due = [next_due(f"0 3 * * {weekdays}", (noon + timedelta(day)).timestamp()) for day in range(7)]

    assert {f"{datetime.fromtimestamp(moment, UTC):%a}" for moment in due} == set(days.split())


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe"])
@pytest.mark.parametrize("cron", ["30 2 * * *", "*/10 * * * *"])
def test_a_next_time_is_later_also_when_clocks_change(zone: str, cron: str) -> None:
    for month, day in ((3, 28), (4, 4), (10, 3), (10, 24)):
        start = datetime(2026, month, day, tzinfo=UTC).timestamp()
        for moment in np.arange(start, start + 2 * 86_400, 1_799.5):
            assert moment < next_due(cron, float(moment), ZoneInfo(zone)) < moment + 2 * 86_400


@pytest.mark.parametrize(
    "text", ["", "daily", "61 * * * *", "* * * *", "* * * * 8", "* * * * 1-", "* * * * */0", "0 0 30 2 *"]
)
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(CronError, match=r"0 3 \* \* \*"):
        check_cron(text)


class _Flaky(Database):
    """A database that refuses to write while it is away."""

    def __init__(self, database: Database, away: threading.Event) -> None:
        super().__init__(database.engine)
        self.away = away

    @contextmanager
    def writing(self) -> Iterator[Any]:
        if self.away.is_set():
            raise OperationalError("", None, Exception("away"))
        with super().writing() as session:
            yield session


@contextmanager
def _three(database: Database, scheduled: Mapping[str, Scheduled], hold_s: float = 25.0) -> Iterator[None]:
    made = [Schedule(database, TEAM, scheduled, Metrics(), tick_s=0.05, hold_s=hold_s) for _ in range(3)]
    for schedule in made:
        schedule.start()
    yield
    for schedule in made:
        schedule.stop(5)


@contextmanager
def _processes(
    url: str, begun: Path, lasts_s: float = 0.0, hold_s: float = 25.0
) -> Iterator[list[BaseProcess]]:
    """Three bots' schedules, each in a process of its own."""
    spawn = multiprocessing.get_context("spawn")
    ready, stopping = spawn.Barrier(4), begun.with_name("stopping")
    processes: list[BaseProcess] = [
        spawn.Process(target=_replica, args=(url, begun, lasts_s, hold_s, ready, stopping)) for _ in range(3)
    ]
    for process in processes:
        process.start()
    try:
        ready.wait(60)
        yield processes
    finally:
        stopping.touch()
        for process in processes:
            process.join(20)
            process.kill()
            process.join()


def _replica(url: str, begun: Path, lasts_s: float, hold_s: float, ready: Barrier, stopping: Path) -> None:
    def run() -> None:
        with begun.open("a", encoding="utf-8") as file:
            file.write(f"{os.getpid()}\n")
        time.sleep(lasts_s)

    database = open_database(url)
    scheduled = {"retrain": Scheduled(NEVER_SOON, run)}
    schedule = Schedule(database, TEAM, scheduled, Metrics(), tick_s=0.05, hold_s=hold_s)
    schedule.start()
    ready.wait(60)
    until(stopping.exists, 60)
    schedule.stop(5)
    database.close()


def _begun(folder: Path) -> list[int]:
    file = folder / "begun"
    return [int(line) for line in file.read_text(encoding="utf-8").split()] if file.exists() else []


def _end(ended: threading.Event, done: list[str]) -> None:
    ended.wait(20)
    done.append("slow")


def _make_due(database: Database, *names: str) -> None:
    with database.writing() as session:
        for job in jobs.every(session, TEAM):
            if job.name in names or not names:
                job.due_at = time.time() - 10 * 86_400


def _job(database: Database, name: str) -> Job:
    with database.reading() as session:
        return session.get_one(Job, (TEAM, name))


def _errors(metrics: Metrics) -> float:
    return float(metrics.errors.labels("schedule")._value.get())
