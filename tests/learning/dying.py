"""A bot that goes on with what its team's database holds, and dies at the place that is named, as by kill -9.

`python -m tests.learning.dying DATABASE_URL FOLDER PLACE`; without a place it lives to the end.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from learning.artifacts import Artifacts
from learning.champion import Champion
from learning.registry import Registry
from learning.retraining import Retraining
from learning.tasks.classification import Classification
from learning.training.job import Job
from learning.training.process import TrainingProcess
from storage import leases, versions
from storage.database import Database, open_database
from storage.tables import Phase
from tests.factories import TEAM

# In the order in which a run comes by them.
OF_THE_RUN: dict[str, tuple[Any, str]] = {
    "before its lessons are written": (Job, "write"),
    "with its trainer started": (TrainingProcess, "_listen"),
    "before the verdict": (Retraining, "_conclude"),
    "before the version's files are stored": (Artifacts, "put"),
    "before the version is registered": (versions, "register"),
    "before the ruling is stored": (Classification, "concluded"),
    "with the ruling stored": (Retraining, "_discard"),
}
OF_THE_SWAP: dict[str, tuple[Any, str]] = {
    "before the version is loaded": (Registry, "load"),
    "before its answers are compared": (Registry, "check"),
    "before it serves": (Champion, "swap"),
}


def die() -> None:
    """As `kill -9` does it: nothing is cleaned up."""
    os.kill(os.getpid(), signal.SIGKILL)


def _dies(told: Callable[..., Any]) -> Callable[..., Any]:
    def instead(*arguments: Any, **options: Any) -> Any:
        die()
        return told(*arguments, **options)

    return instead


def _undo_the_promotion(database: Database) -> None:
    with database.writing() as session:
        if versions.latest_promotion(session, TEAM):
            versions.rule(session, versions.roll_back(session, TEAM, "U1", "a test"))


def main() -> None:
    """Begin as a bot does, then take the run to its end, promote what it made, and serve it."""
    from tests.learning.test_retraining import Desk

    url, folder, place = sys.argv[1], Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else ""
    leases.HOLD_S = 0.5
    database = open_database(url)
    if place in OF_THE_RUN:
        owner, name = OF_THE_RUN[place]
        setattr(owner, name, _dies(getattr(owner, name)))
    if place in OF_THE_SWAP:
        _undo_the_promotion(database)
    desk = Desk(database, folder)
    run = desk.until(desk.retraining, Phase.SHADOW, Phase.PROMOTED, Phase.REFUSED, Phase.FAILED)
    if place in OF_THE_RUN:
        sys.exit(f"it did not come by: {place}")
    with database.writing() as session:
        if versions.in_service(session, TEAM) != run.version:
            versions.rule(session, versions.promotion(session, TEAM, run.version or 0, "U1", "a test"))
    if place in OF_THE_SWAP:
        owner, name = OF_THE_SWAP[place]
        setattr(owner, name, _dies(getattr(owner, name)))
    desk.following.follow()
    if place in OF_THE_SWAP:
        sys.exit(f"it did not come by: {place}")
    desk.retraining.close()
    database.close()


if __name__ == "__main__":
    main()
