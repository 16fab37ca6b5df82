"""Work that never pauses, in the schedule's table: when it last went well, whichever replica did it."""

from __future__ import annotations

from collections.abc import Callable

from learning.annotation.patience import Patience
from storage import jobs
from storage.database import Database

NOTE_S = 10.0


class Continuous:
    """A worker's step that notes its successes under a name, at most every NOTE_S seconds."""

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

    def step(self) -> float | None:
        """Work, and note it where it went well."""
        pause_s = self._step()
        at = self._patience.succeeded_at
        if at >= self._noted + NOTE_S:
            with self._database.writing() as session:
                jobs.note(session, self._team_id, self.name, at, at + NOTE_S)
            self._noted = at
        return pause_s
