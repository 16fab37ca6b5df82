"""Lives of a bot that goes on with what its team's database holds; each dies at another place, as by kill -9.

`python -m tests.learning.dying DATABASE_URL FOLDER ENCODER` lives all of them, one after the other, and prints how each
one ended. They are forked from one process, which has loaded the libraries that all of them need.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from learning.classifying.task import Classification
from learning.heads.champion import Champion
from learning.model_files.artifacts import Artifacts
from learning.serving.registry import Registry
from learning.tasks.job import TrainingJob
from learning.training.retraining import Retraining
from storage.database import leases
from storage.database.engine import Database, open_database
from storage.models import versions
from tests.factories import TEAM
from tests.learning.reviewed_team import ENDED, ReviewedTeam
from tests.learning.training_here import TrainingHere

# In the order in which a run comes by them.
OF_THE_RUN: dict[str, tuple[Any, str]] = {
    "before its lessons are written": (TrainingJob, "write"),
    "with training started": (TrainingHere, "_run"),
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


# The last life dies nowhere.
LIVES = (*OF_THE_RUN, *OF_THE_SWAP, "")


def _dies(told: Callable[..., Any]) -> Callable[..., Any]:
    def instead(*arguments: Any, **options: Any) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)
        return told(*arguments, **options)

    return instead


def _undo_the_promotion(database: Database) -> None:
    with database.writing() as session:
        if versions.latest_promotion(session, TEAM):
            versions.rule(session, versions.roll_back(session, TEAM, "U1", "a test"))


def _live(url: str, folder: Path, encoder: str, place: str) -> None:
    """Begin as a bot does, then take the run to its end, promote what it made, and serve it."""
    database = open_database(url)
    if place in OF_THE_RUN:
        owner, name = OF_THE_RUN[place]
        setattr(owner, name, _dies(getattr(owner, name)))
    if place in OF_THE_SWAP:
        _undo_the_promotion(database)
    team = ReviewedTeam(database, folder, encoder)
    run = team.until(*ENDED)
    if place in OF_THE_RUN:
        raise AssertionError(f"it did not come by; the run {run.phase}: {run.failed}")
    following = team.following
    with database.writing() as session:
        if versions.in_service(session, TEAM) != run.version:
            versions.rule(session, versions.promotion(session, TEAM, run.version or 0, "U1", "a test"))
    if place in OF_THE_SWAP:
        owner, name = OF_THE_SWAP[place]
        setattr(owner, name, _dies(getattr(owner, name)))
    following.follow()
    if place in OF_THE_SWAP:
        raise AssertionError(f"it did not come by; the run {run.phase}: {run.failed}")
    team.retraining.close()
    database.close()


def _fork(url: str, folder: Path, encoder: str, place: str) -> int:
    """Live, in another process; its exit status."""
    if pid := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        _live(url, folder, encoder, place)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main() -> None:
    """Print a JSON object: by the place at which each life dies, how its process ended."""
    import cleanlab.filter  # noqa: F401
    from transformers import AutoModel, Trainer  # noqa: F401

    import learning.fine_tuning.fine_tune
    import learning.fine_tuning.model
    import learning.run_reports.picture  # noqa: F401

    url, folder, encoder = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    leases.HOLD_S = 0.0  # what the dead held is free: enough time has passed
    print(json.dumps({place: _fork(url, folder, encoder, place) for place in LIVES}))  # noqa: T201


if __name__ == "__main__":
    main()
