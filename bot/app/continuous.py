"""Work that never pauses, in the schedule's table: when it last went well, or why it fails, in whichever replica."""

from __future__ import annotations

import time
from collections.abc import Callable

from learning.argilla.backoff import Patience
from storage.database import jobs
from storage.database.engine import Database

NOTE_S = 10.0


class Continuous:
    """A worker's step that notes how it went under a name.

    Successes are noted at most every NOTE_S seconds, failures whenever their reason changes.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], float | None],
        patience: Patience,
        database: Database,
        team_id: str,
    ) -> None:
        self.name = name
        self._step = step
        self._patience = patience
        self._database = database
        self._team_id = team_id
        self._noted = 0.0
        self._failed = ""
        self._failed_at = 0.0

    def step(self) -> float | None:
        """Work, and note how it went."""
        pause_s = self._step()
        self._note_failure()
        at = self._patience.succeeded_at
        if at >= self._noted + NOTE_S or (self._failed and at > self._failed_at):
            with self._database.writing() as session:
                jobs.note(session, self._team_id, self.name, at, at + NOTE_S)
            self._noted, self._failed = at, ""
        return pause_s

    def _note_failure(self) -> None:
        failing = self._patience.failing
        if failing is None or failing[0] == self._failed:
            return
        with self._database.writing() as session:
            since = jobs.note_failure(session, self._team_id, self.name, *failing)
        self._patience.failing_since(since)
        self._failed, self._failed_at = failing[0], time.time()
