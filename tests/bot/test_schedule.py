from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.metrics import Metrics
from bot.schedule import CronError, Schedule, Scheduled, check_cron, next_due
from storage import jobs
from storage.database import Database
from storage.tables import Job
from tests.factories import TEAM

NEVER_SOON = "0 0 1 1 *"


class Replicas:
    """Some bots of one team, whose job counts how often it is done."""

    def __init__(self, database: Database, number: int, hold_s: float = 25.0) -> None:
        self.database = database
        self.done: list[float] = []
        self.failing = threading.Event()
        self.schedules = [
            Schedule(
                database,
                TEAM,
                {"retrain": Scheduled(NEVER_SOON, self._do)},
                Metrics(),
                tick_s=0.05,
                hold_s=hold_s,
            )
            for _ in range(number)
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
        jobs.keep(session, TEAM, "something old", 0.0)

    replicas = Replicas(database, 1)
    replicas.schedules[0].stop(2)

    assert replicas.job().name == "retrain"


def test_times_are_those_of_cron_in_the_zone_of_the_team() -> None:
    after = datetime(2026, 7, 1, 2, 30, tzinfo=UTC).timestamp()

    assert next_due("0 3 * * *", after) == datetime(2026, 7, 1, 3, tzinfo=UTC).timestamp()
    berlin = next_due("0 3 * * *", after, ZoneInfo("Europe/Berlin"))
    assert berlin == datetime(2026, 7, 2, 1, tzinfo=UTC).timestamp()


@pytest.mark.parametrize("text", ["", "daily", "61 * * * *", "* * * *"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(CronError, match=r"0 3 \* \* \*"):
        check_cron(text)
