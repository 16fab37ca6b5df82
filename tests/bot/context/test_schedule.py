"""Jobs among replicas: each is done once at its time, whoever dies, stops or is slow meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from time_machine import TimeMachineFixture

from bot.context import schedule as schedules
from bot.context.metrics import Metrics
from bot.context.schedule import HOLD_S, Schedule, Scheduled
from storage.database import jobs
from storage.database.engine import Database
from storage.database.leases import LeaseClaim
from storage.tables.database import Job, Lease
from tests.bot.replicas import NEVER_SOON, Processes
from tests.databases import on_both
from tests.factories import TEAM, together
from tests.local.running import PATIENCE_S, until

pytestmark = on_both
BY_HAND_S = 86_400.0  # between ticks of its own: here the tests tick


@pytest.fixture
def clock(time_machine: TimeMachineFixture) -> TimeMachineFixture:
    """The time of day, which stands still until a test shifts it."""
    time_machine.move_to(time.time(), tick=False)
    return time_machine


class Replicas:
    """Some bots of one team, which do the same jobs."""

    def __init__(self, database: Database, scheduled: Mapping[str, Scheduled], number: int = 3) -> None:
        self.metrics = [Metrics() for _ in range(number)]
        self.schedules = [
            Schedule(database, TEAM, scheduled, metrics, tick_s=BY_HAND_S) for metrics in self.metrics
        ]
        for schedule in self.schedules:
            schedule.start()

    def tick(self) -> None:
        """All of them look for what is due, at the same time."""
        together(*[schedule.tick for schedule in self.schedules])

    def tick_until_done(self) -> None:
        """The same, until nothing is under way any more."""
        self.tick()
        until(lambda: not _under_way())

    def stop(self) -> None:
        for schedule in self.schedules:
            schedule.stop(PATIENCE_S)


@contextmanager
def running(database: Database, **jobs_of_all: Callable[[], Any]) -> Iterator[Replicas]:
    """Three bots that do these jobs, and are stopped at the end."""
    made = Replicas(database, {name: Scheduled(NEVER_SOON, run) for name, run in jobs_of_all.items()})
    yield made
    made.stop()


def test_of_three_replicas_one_does_what_is_due_and_time_missed_is_made_up_for_once(
    database: Database,
) -> None:
    done: list[float] = []
    with running(database, retrain=lambda: done.append(time.time())) as replicas:
        for number in range(1, 4):
            _make_due(database)
            replicas.tick_until_done()
            replicas.tick_until_done()

            assert len(done) == number

    job = _job(database, "retrain")
    assert job.succeeded_at == pytest.approx(done[-1], abs=PATIENCE_S)
    assert job.due_at > time.time()


def test_what_a_dead_replica_held_is_taken_over_when_its_hold_ends(
    database: Database, clock: TimeMachineFixture
) -> None:
    done: list[str] = []
    with running(database, retrain=lambda: done.append("retrain")) as replicas:
        _make_due(database, owner="the dead", held_until=time.time() + HOLD_S)
        replicas.tick_until_done()
        clock.shift(HOLD_S - 1)
        replicas.tick_until_done()
        assert done == []

        clock.shift(2)
        replicas.tick_until_done()

    assert done == ["retrain"]


def test_a_job_that_fails_is_due_again_at_its_next_time_and_is_counted_once(database: Database) -> None:
    def fail() -> None:
        raise RuntimeError("no")

    with running(database, retrain=fail) as replicas:
        _make_due(database)
        replicas.tick_until_done()
        replicas.tick_until_done()

    job = _job(database, "retrain")
    assert (job.failed, job.succeeded_at) == ("RuntimeError", None)
    assert job.due_at > time.time()
    assert sum(map(_errors, replicas.metrics)) == 1


def test_all_replicas_show_when_a_job_is_due_whoever_did_it(database: Database) -> None:
    with running(database, retrain=_nothing) as replicas:
        _make_due(database)
        replicas.tick_until_done()
        replicas.tick_until_done()

    shown = [metrics.job_due.labels("retrain", TEAM)._value.get() for metrics in replicas.metrics]
    assert shown == [_job(database, "retrain").due_at] * 3


def test_a_job_that_settings_no_longer_name_is_forgotten(database: Database) -> None:
    with database.writing() as session:
        jobs.keep(session, TEAM, "something old", 0.0, 0.0)

    with running(database, retrain=_nothing), database.reading() as session:
        assert [job.name for job in jobs.every(session, TEAM)] == ["retrain"]


def test_a_job_that_takes_long_holds_up_no_other_and_is_done_by_nobody_else(
    database: Database, clock: TimeMachineFixture
) -> None:
    ended, done = threading.Event(), list[str]()
    slow = {f"slow {number}": partial(_end, ended, done) for number in range(5)}
    with running(database, **slow, quick=lambda: done.append("quick")) as replicas:
        _make_due(database)
        replicas.tick()
        until(lambda: done == ["quick"])
        for _ in range(3):  # more than two holds, each prolonged before it ends
            clock.shift(0.8 * HOLD_S)
            for schedule in replicas.schedules:
                schedule.tick()
        ended.set()
        replicas.tick_until_done()

    assert done == ["quick", *["slow"] * 5]


def test_a_stopped_replica_leaves_what_it_can_not_end_to_others_at_once(database: Database) -> None:
    ended, begun = threading.Event(), list[str]()

    def run(name: str) -> None:
        begun.append(name)
        ended.wait(PATIENCE_S)

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
    other.stop(PATIENCE_S)
    until(lambda: not _under_way())

    assert not one.is_alive
    assert not other.is_alive


def test_what_was_stopped_does_not_begin_again(database: Database) -> None:
    schedule = Schedule(database, TEAM, {}, Metrics(), tick_s=0.01)
    schedule.start()
    schedule.stop(PATIENCE_S)

    schedule.start()

    assert not schedule.is_alive


def test_a_stopping_replica_lets_end_what_it_began_and_begins_nothing(database: Database) -> None:
    ended, done = threading.Event(), list[str]()
    scheduled = {name: Scheduled(NEVER_SOON, partial(_end, ended, done)) for name in ("drift", "retrain")}
    schedule = Schedule(database, TEAM, scheduled, Metrics(), tick_s=BY_HAND_S)
    schedule.start()
    _make_due(database, "drift")
    schedule.tick()
    schedule.stop_soon()
    stopping = threading.Thread(target=schedule.stop, args=(PATIENCE_S,))
    stopping.start()
    _make_due(database, "retrain")
    schedule.tick()
    assert stopping.is_alive()

    ended.set()
    stopping.join(PATIENCE_S)

    assert done == ["slow"]
    assert _job(database, "drift").succeeded_at
    assert _job(database, "retrain").owner == ""


def test_a_job_of_other_settings_is_left_to_who_knows_it(database: Database) -> None:
    with running(database, retrain=_nothing) as replicas:
        with database.writing() as session:
            jobs.keep(session, TEAM, "of a newer bot", 0.0, 0.0)
        _make_due(database)
        replicas.tick_until_done()

    assert _job(database, "retrain").succeeded_at is not None
    assert _job(database, "of a newer bot").owner == ""


def test_what_the_database_did_not_note_is_noted_later_and_not_done_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedules, "AFTER_ERROR_S", 0.01)
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
    schedule.stop(PATIENCE_S)

    assert len(done) == 1


@pytest.mark.slow
def test_of_three_processes_one_does_what_is_due_and_when_it_is_killed_another(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    with Processes(database_url, TEAM, tmp_path) as processes:
        for number in range(1, 6):
            _make_due(database)
            until(lambda: _job(database, "retrain").due_at > time.time())
            assert len(processes.begun) == number

        processes.hold_up()
        _make_due(database)
        until(lambda: len(processes.begun) == 6)
        before = time.time()
        processes.kill(processes.begun[-1])
        left = _job(database, "retrain")
        _make_due(database, held_until=0.0)  # as it is when its hold has run out
        processes.go_on()
        until(lambda: _job(database, "retrain").due_at > time.time())

    assert left.owner
    assert left.held_until > before
    assert len(processes.begun) == 7  # and nobody began what another had
    assert processes.begun[6] != processes.begun[5]


def test_claims_of_work_that_never_pauses_are_prolonged_while_the_process_lives(
    database: Database, clock: TimeMachineFixture
) -> None:
    ours, others = LeaseClaim(database, "outbox"), LeaseClaim(database, "outbox")
    assert ours.hold()
    schedule = Schedule(database, TEAM, {}, Metrics(), tick_s=BY_HAND_S, claims=[ours])
    schedule.start()
    for _ in range(3):
        clock.shift(0.8 * HOLD_S)
        schedule.tick()
        assert not others.hold()
    schedule.stop(PATIENCE_S)

    clock.shift(HOLD_S + 1)
    assert others.hold()


def test_a_running_schedule_prolongs_by_itself_what_it_holds(database: Database) -> None:
    ended, ours = threading.Event(), LeaseClaim(database, "outbox")
    retrain = Scheduled(NEVER_SOON, partial(_end, ended, []))
    schedule = Schedule(database, TEAM, {"retrain": retrain}, Metrics(), tick_s=0.05, claims=[ours])
    assert ours.hold()
    schedule.start()
    _make_due(database)
    until(lambda: _job(database, "retrain").owner)
    job, claim = _job(database, "retrain").held_until, _expires_at(database, "outbox")

    until(lambda: _job(database, "retrain").held_until > job)
    until(lambda: _expires_at(database, "outbox") > claim)

    ended.set()
    schedule.stop(PATIENCE_S)


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


def _under_way() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name.startswith("scheduled-")]


def _nothing() -> None:
    """A job that is done at once."""


def _end(ended: threading.Event, done: list[str]) -> None:
    ended.wait(PATIENCE_S)
    done.append("slow")


def _make_due(database: Database, *names: str, **changes: object) -> None:
    with database.writing() as session:
        for job in jobs.every(session, TEAM):
            if job.name in names or not names:
                job.sqlmodel_update({"due_at": time.time() - 10 * 86_400, **changes})


def _job(database: Database, name: str) -> Job:
    with database.reading() as session:
        return session.get_one(Job, (TEAM, name))


def _expires_at(database: Database, name: str) -> float:
    with database.reading() as session:
        return session.get_one(Lease, name).expires_at


def _errors(metrics: Metrics) -> float:
    return float(metrics.errors.labels("schedule")._value.get())
