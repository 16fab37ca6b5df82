from __future__ import annotations

import inspect

from time_machine import TimeMachineFixture

from bot.app.continuous import NOTE_S, Continuous
from bot.context.metrics import Metrics
from bot.context.schedule import Schedule, Scheduled
from learning.argilla.backoff import Patience
from learning.argilla.connection import ArgillaUnavailableError
from storage.database import jobs, leases
from storage.database.engine import Database
from storage.tables.database import Job
from tests.factories import TEAM
from tests.local.running import PATIENCE_S


def _noted(database: Database) -> Job | None:
    with database.reading() as session:
        return session.get(Job, (TEAM, "deliver"))


def _work(database: Database, patience: Patience) -> Continuous:
    return Continuous("deliver", lambda: 1.5, patience, database, TEAM)


def test_work_that_went_well_is_noted_and_its_pause_is_kept(
    database: Database, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(1_000.0, tick=False)
    patience = Patience("delivery")
    patience.succeeded()

    assert _work(database, patience).step() == 1.5

    noted = _noted(database)
    assert noted
    assert (noted.succeeded_at, noted.due_at) == (1_000.0, 1_000.0 + NOTE_S)


def test_work_that_fails_or_is_another_replicas_is_not_noted(database: Database) -> None:
    _work(database, Patience("delivery")).step()

    assert _noted(database) is None


def test_why_it_fails_is_noted_with_since_when_also_across_a_restart(
    database: Database, time_machine: TimeMachineFixture
) -> None:
    seen = []
    for moment in (1_000.0, 2_000.0):
        time_machine.move_to(moment, tick=False)
        patience = Patience("delivery")  # of a process that has just started
        patience.failed(ArgillaUnavailableError("down", "connection_refused"))
        _work(database, patience).step()
        noted = _noted(database)
        seen.append((noted and (noted.failed, noted.failing_since), patience.failing))

    assert seen == [(("connection_refused", 1_000.0), ("connection_refused", 1_000.0))] * 2


def test_another_reason_takes_the_place_of_the_first_and_success_of_both(
    database: Database, time_machine: TimeMachineFixture
) -> None:
    patience = Patience("delivery")
    work = _work(database, patience)
    seen: list[tuple[str, float] | None] = []
    for moment, reason in ((1_000.0, ""), (1_003.0, "no_answer"), (1_004.0, "key_rejected"), (1_005.0, "")):
        time_machine.move_to(moment, tick=False)
        if reason:
            patience.failed(ArgillaUnavailableError("down", reason))
        else:
            patience.succeeded()
        work.step()
        with database.reading() as session:
            seen += [(one.reason, one.since) for one in jobs.failing(session, TEAM)] or [None]

    assert seen == [None, ("no_answer", 1_003.0), ("key_rejected", 1_003.0), None]


def test_it_is_noted_again_only_after_a_while(database: Database, time_machine: TimeMachineFixture) -> None:
    patience = Patience("delivery")
    work = _work(database, patience)
    seen = []
    for moment in (1_000.0, 1_004.0, 1_011.0):
        time_machine.move_to(moment, tick=False)
        patience.succeeded()
        work.step()
        noted = _noted(database)
        seen.append(noted and noted.succeeded_at)

    assert seen == [1_000.0, 1_000.0, 1_011.0]


def test_the_schedule_shows_it_and_never_takes_it_for_its_own(database: Database) -> None:
    with database.writing() as session:
        jobs.note(session, TEAM, "deliver", at=1_000.0, next_due=1_010.0)
    metrics, times = Metrics(), {"drift": Scheduled("0 0 1 1 *", lambda: None)}
    schedule = Schedule(database, TEAM, times, metrics, tick_s=600, kept=("deliver",))
    schedule.start()
    schedule.tick()
    schedule.stop(PATIENCE_S)

    noted = _noted(database)
    assert noted
    assert (noted.owner, noted.succeeded_at) == ("", 1_000.0)
    assert metrics.job_success.labels("deliver", TEAM)._value.get() == 1_000.0


def test_what_is_held_is_prolonged_in_time_and_taken_over_within_half_a_minute_after_a_death() -> None:
    standard = inspect.signature(Schedule).parameters
    tick_s, hold_s = standard["tick_s"].default, standard["hold_s"].default

    assert tick_s < min(hold_s, leases.HOLD_S)
    assert tick_s + max(hold_s, leases.HOLD_S) <= 30
