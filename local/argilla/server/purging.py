"""Purging: what was deleted leaves the files of this home too. Deleting alone keeps its bytes in freed pages, in
write-ahead logs, in the index of words and in jobs of the queue.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

from argilla_server.database import AsyncSessionLocal
from argilla_server.jobs.queues import REDIS_CONNECTION
from argilla_server.models import Record
from argilla_server.security import auth
from fastapi import FastAPI, HTTPException, Security
from rq.exceptions import NoSuchJobError
from rq.job import Job
from sqlalchemy import select

from local.argilla.search import index, line

log = logging.getLogger(__name__)

WAIT_S = 5.0
DRAIN_MS = 200
LOOK_S = 0.02
_turn = asyncio.Lock()


def serve(api: FastAPI) -> None:
    """Answer `POST /api/v1/purge`: 204 once nothing deleted is left in any file, 503 while others keep one busy."""
    api.add_api_route(
        "/purge",
        _purge,
        methods=["POST"],
        status_code=204,
        response_model=None,
        dependencies=[Security(auth.get_current_user)],
    )


async def _purge() -> None:
    async with _turn:
        is_done = (
            await asyncio.to_thread(_is_in_line)  # or the reconciler may write what it read before
            and await _drop_jobs()
            and await asyncio.to_thread(_rewrite_files)
            and not await _jobs_of_gone_records()
        )
    if not is_done:
        raise HTTPException(503, "files are in use; try again")


def _is_in_line() -> bool:
    found = line.total()
    return found is not None and not found.left


async def _drop_jobs() -> bool:
    """Drop jobs of records that are gone; False if one of them is still being worked on.

    A webhook's job quotes its record, and is kept for as long as it may be tried again, a year if it failed.
    """
    until = time.monotonic() + WAIT_S
    while gone := await _jobs_of_gone_records():
        if time.monotonic() > until:
            return False
        for job in gone:
            if not job.is_started:  # or the worker would store it anew once it is done
                await asyncio.to_thread(job.delete)
        await asyncio.sleep(LOOK_S)
    return True


async def _jobs_of_gone_records() -> list[Job]:
    jobs = await asyncio.to_thread(lambda: list(_jobs()))
    async with AsyncSessionLocal() as db:
        standing = {
            id_
            for id_ in {id_ for _, id_ in jobs}
            if (await db.execute(select(Record.id).where(Record.id == id_))).scalar()
        }
    return [job for job, id_ in jobs if id_ not in standing]


def _jobs() -> Iterator[tuple[Job, UUID]]:
    """Every job that is about a record, and that record's id."""
    for key in REDIS_CONNECTION.scan_iter("rq:job:*"):
        name = key.decode().removeprefix("rq:job:")
        try:
            job = Job.fetch(name, connection=REDIS_CONNECTION)
            told: dict[str, Any] = job.args[-1]
            record = told.get("record", told)
            if "fields" in record:
                yield job, UUID(str(record["id"]))
        except (NoSuchJobError, AttributeError, IndexError, KeyError, TypeError, ValueError):
            continue  # another kind of job, or done meanwhile


def _rewrite_files() -> bool:
    try:
        with index.writing() as connection:
            connection.execute("INSERT INTO words (words) VALUES ('optimize')")
        is_done = all([_rewrite(index.file()), _rewrite(index.file().with_name("argilla.db"))])
    except sqlite3.OperationalError as error:
        log.warning("not purged reason=%s", error)
        return False
    return _rewrite_log() and is_done


def _rewrite(file: Path) -> bool:
    with closing(sqlite3.connect(file, timeout=WAIT_S, isolation_level=None)) as connection:
        connection.execute("VACUUM")
        connection.execute(
            f"PRAGMA busy_timeout = {DRAIN_MS}"
        )  # writers wait as long as this waits for readers
        [(is_busy, *_)] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return not is_busy


def _rewrite_log() -> bool:
    """The queue's log holds every job that ever was, until it is written anew."""
    until = time.monotonic() + WAIT_S
    if not _await_log(until):  # one that began earlier may hold what was dropped since
        return False
    REDIS_CONNECTION.bgrewriteaof()
    return _await_log(until) and bool(
        REDIS_CONNECTION.info("persistence")["aof_last_bgrewrite_status"] == "ok"
    )


def _await_log(until: float) -> bool:
    while _is_writing():
        if time.monotonic() > until:
            return False
        time.sleep(LOOK_S)
    return True


def _is_writing() -> bool:
    state = REDIS_CONNECTION.info("persistence")
    return bool(state["aof_rewrite_in_progress"] or state["aof_rewrite_scheduled"])
