from __future__ import annotations

from functools import partial

from storage.database import jobs
from storage.database.engine import Database
from storage.tables.database import Job
from tests.factories import OTHER, TEAM, together

NOW = 1_000.0


def claim(database: Database, owner: str, now: float = NOW) -> Job | None:
    with database.writing() as session:
        return jobs.claim(session, TEAM, owner, now, hold_s=25.0)


def keep(database: Database, due_at: float) -> None:
    with database.writing() as session:
        jobs.keep(session, TEAM, "retrain", due_at, NOW)


def test_of_many_that_reach_for_a_due_job_one_gets_it(database: Database) -> None:
    keep(database, NOW - 1)

    found = together(*[partial(claim, database, f"owner {number}") for number in range(4)])

    assert len([job for job in found if job]) == 1


def test_a_job_is_nobodys_before_it_is_due_and_while_it_is_held(database: Database) -> None:
    keep(database, NOW)

    assert claim(database, "a", NOW - 1) is None
    assert claim(database, "a", NOW)
    assert claim(database, "b", NOW + 24) is None
    assert claim(database, "b", NOW + 26)


def test_who_lost_a_job_can_neither_prolong_nor_finish_it(database: Database) -> None:
    keep(database, NOW)
    claim(database, "a", NOW)
    claim(database, "b", NOW + 26)

    with database.writing() as session:
        assert not jobs.prolong(session, TEAM, "retrain", "a", NOW + 50)
        assert not jobs.finish(session, TEAM, "retrain", "a", NOW, NOW + 99, None)
        assert jobs.finish(session, TEAM, "retrain", "b", NOW + 30, NOW + 99, None)
        [job] = jobs.every(session, TEAM)

    assert (job.due_at, job.succeeded_at, job.failed) == (NOW + 99, NOW + 30, None)


def test_what_is_due_stays_due_and_a_later_time_follows_the_settings(database: Database) -> None:
    keep(database, NOW)
    keep(database, NOW + 50)
    assert claim(database, "a", NOW)

    with database.writing() as session:
        jobs.finish(session, TEAM, "retrain", "a", NOW, NOW + 9_000, None)
    keep(database, NOW + 60)

    assert claim(database, "a", NOW + 61)


def test_what_a_stopped_replica_held_is_free_at_once(database: Database) -> None:
    keep(database, NOW)
    claim(database, "a", NOW)
    with database.writing() as session:
        jobs.give_up(session, TEAM, "a")

    assert claim(database, "b", NOW + 1)


def test_work_that_never_pauses_is_noted_each_time_it_went_well_and_for_its_team_alone(
    database: Database,
) -> None:
    noted = []
    for team_id, at in ((OTHER, NOW), (TEAM, NOW), (TEAM, NOW + 10)):
        with database.writing() as session:
            jobs.note(session, team_id, "deliver", at, at + 60)
            noted.append([(job.name, job.succeeded_at, job.due_at) for job in jobs.every(session, TEAM)])

    assert noted == [[], [("deliver", NOW, NOW + 60)], [("deliver", NOW + 10, NOW + 70)]]
    with database.reading() as session:
        [theirs] = jobs.every(session, OTHER)
    assert (theirs.succeeded_at, theirs.due_at) == (NOW, NOW + 60)
