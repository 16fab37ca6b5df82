"""The server's process: Argilla's own application with our search engine, its database migrated, its owner made."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from pathlib import Path

from local.argilla.search import steps
from local.argilla.server.logs import withhold


def main(port: int) -> None:
    """Serve on this port of the loopback address."""
    import uvicorn

    withhold()
    steps.reach(steps.LOADING)
    _migrate()  # first: Alembic switches off all loggers that are there
    steps.reach(steps.MIGRATED)
    logging.getLogger("local").setLevel(logging.INFO)
    # `engine` registers itself before the application is made.
    from local.argilla.server import bulk_responses, engine, speedups  # noqa: F401

    speedups.apply()
    bulk_responses.apply()
    _serve_purging()
    asyncio.run(_prepare())
    steps.reach(steps.OPENING)
    uvicorn.run(
        "argilla_server:app", host="127.0.0.1", port=port, access_log=False, timeout_graceful_shutdown=1
    )


def _migrate() -> None:
    from argilla_server.cli.database.migrate import migrate_db

    migrate_db("head")


def _serve_purging() -> None:
    from argilla_server.api.routes import api_v1

    from local.argilla.server import purging

    purging.serve(api_v1)


async def _prepare() -> None:
    from argilla_server.database import async_engine

    await _use_wal()
    await _make_owner()
    await async_engine.dispose()  # its connections belong to this loop, not to the server's


async def _use_wal() -> None:
    """Readers do not wait for a writer, and what was answered to is on the disk."""
    from argilla_server.database import async_engine
    from sqlalchemy import text

    async with async_engine.connect() as connection:
        await connection.execute(text("PRAGMA journal_mode = WAL"))


async def _make_owner() -> None:
    from argilla_server.contexts import accounts
    from argilla_server.database import AsyncSessionLocal
    from argilla_server.models import User, UserRole

    known = json.loads(
        (Path(os.environ["ARGILLA_HOME_PATH"]) / "credentials.json").read_text(encoding="utf-8")
    )
    async with AsyncSessionLocal() as db:
        if await accounts.get_user_by_username(db, known["username"]):
            return
        await User.create(
            db,
            first_name="Owner",
            username=known["username"],
            role=UserRole.owner,
            password_hash=accounts.hash_password(known["password"]),
            api_key=known["api_key"],
        )


if __name__ == "__main__":
    main(int(sys.argv[1]))
