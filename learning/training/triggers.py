"""What sets a training run of a task off: the hour, enough that is new to learn, or drift."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from learning.tasks.task import Task
from storage.database.engine import Database
from storage.models import runs
from storage.models.runs import RunUnderWayError
from storage.tables.models import Phase

log = logging.getLogger(__name__)

STEP_S = 30.0
# At the set hour there should be something new to learn.
NEW_LEAST = 1
# A run that failed would fail again at once.
AFTER_FAILURE_S = 6 * 3_600.0


class Triggers:
    """Asks for runs of one task of a team. `after`: so much that is new sets one off, 0 never; `what` it is called."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        task: Task,
        after: int,
        what: str,
        begin: Callable[[], None],
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._task = task
        self._after = after
        self._what = what
        self._begin = begin
        self._next = 0.0

    def step(self) -> float | None:
        """Ask for a run where enough is new."""
        if time.monotonic() < self._next or not self._after:
            return STEP_S
        self._next = time.monotonic() + STEP_S
        new = self._task.new()
        if new >= self._after and not self._failed_lately():
            self.ask(f"{new} new {self._what}")
        return STEP_S

    def due(self) -> None:
        """The hour has come."""
        if self._task.new() < NEW_LEAST:
            log.info("nothing new to learn task=%s", self._task.name)
            return
        self.ask("the set time")

    def drifted(self, reason: str) -> None:
        """What people write has changed."""
        if self._task.new():
            self.ask(reason)

    def ask(self, cause: str) -> None:
        """Ask for a run, unless one is under way: also one in shadow, whose duel should end."""
        with self._database.writing() as session:
            if runs.under_way(session, self._team_id, self._task.name):
                return
            try:
                seed = int(time.time()) % 100_000
                runs.ask(session, self._team_id, cause, seed=seed, task=self._task.name)
            except RunUnderWayError:
                return
        self._begin()

    def _failed_lately(self) -> bool:
        with self._database.reading() as session:
            latest = runs.latest(session, self._team_id, self._task.name)
        if latest is None or latest.phase is not Phase.FAILED:
            return False
        return time.time() - (latest.ended_at or 0.0) < AFTER_FAILURE_S
