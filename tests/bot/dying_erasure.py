"""Erasures of a team that go on with what is left of it; each dies at another place, as by kill -9.

`python -m tests.bot.dying_erasure DATABASE_URL FOLDER ARGILLA_URL ARGILLA_KEY` lives all of them, one after the other,
and prints how each one ended and how many rows the team's messages and its erasure then had. They are forked from one
process, which has loaded what all of them need.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from sqlmodel import func, select

from bot.cli import privacy
from bot.context.settings import Settings
from learning.argilla import erasing
from learning.argilla.connection import Access, ArgillaConnection
from learning.model_files.artifacts import Artifacts
from storage.database.engine import open_database
from storage.database.purging import Purging
from storage.privacy import team_erasure
from storage.tables.database import Erasure
from storage.tables.messages import Message
from tests.factories import TEAM

# In the order in which an erasure comes by them.
PLACES: dict[str, tuple[Any, str]] = {
    "with rows deleted and nothing committed": (team_erasure, "begin"),
    "with the rows gone": (Purging, "purge"),
    "with the database's files rewritten": (privacy, "_remove_files"),
    "with the run's folder gone": (Artifacts, "remove"),
    "with the models gone": (privacy, "_erase_in_argilla"),
    "with a dataset gone": (erasing, "_delete"),
    "with Argilla's files rewritten": (ArgillaConnection, "close"),
    "with all gone": (team_erasure, "end"),
}
BEHIND = {"begin", "_delete"}
# Argilla does the same, whichever database the rows were in.
IN_ARGILLA = {"with a dataset gone", "with Argilla's files rewritten"}


def lives(url: str) -> list[str]:
    """The places at which an erasure in this database dies, one after the other; the last one dies nowhere."""
    told_apart = [place for place in PLACES if url.startswith("sqlite") or place not in IN_ARGILLA]
    return [*told_apart, ""]


def settings(url: str, folder: Path) -> Settings:
    """Settings with a workspace and a dataset in Argilla that no other test has."""
    own = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    return Settings(
        _env_file=None,
        database_url=url,
        models_url=str(folder / "models"),
        workplace=folder / "training",
        argilla_workspace=f"corrigible-{own}",
        argilla_dataset=f"slack-{own}",
    )


def _dies(told: Callable[..., Any]) -> Callable[..., Any]:
    def instead(*arguments: Any, **options: Any) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)
        return told(*arguments, **options)

    return instead


def _dies_behind(told: Callable[..., Any]) -> Callable[..., Any]:
    def instead(*arguments: Any, **options: Any) -> Any:
        told(*arguments, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    return instead


def _live(url: str, folder: Path, find: Callable[[], Access], place: str) -> None:
    if place:
        owner, name = PLACES[place]
        dies = _dies_behind if name in BEHIND else _dies
        setattr(owner, name, dies(getattr(owner, name)))
    chosen = settings(url, folder)
    with privacy.erasing(chosen, TEAM) as at:
        privacy.erase(chosen, at, find)
    if place:
        raise AssertionError("it did not come by")


def _fork(url: str, folder: Path, find: Callable[[], Access], place: str) -> int:
    if pid := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        _live(url, folder, find, place)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _rows(url: str) -> list[int]:
    with closing(open_database(url)) as database, database.reading() as session:
        of_team = select(func.count()).select_from(Message).where(Message.team_id == TEAM)
        return [session.exec(of_team).one(), session.exec(select(func.count()).select_from(Erasure)).one()]


def main() -> None:
    """Print a JSON object: by the place at which each life dies, its exit status and those numbers of rows."""
    url, folder, argilla_url, key = sys.argv[1:]
    find = partial(Access, argilla_url, key)
    print(  # noqa: T201
        json.dumps({place: [_fork(url, Path(folder), find, place), *_rows(url)] for place in lives(url)})
    )


if __name__ == "__main__":
    main()
