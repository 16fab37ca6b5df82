"""What sets a training run off: the hour, enough new labels, or drift."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from learning.trust import admit
from storage import resolution, runs, splits
from storage.database import Database
from storage.runs import RunUnderWayError
from storage.tables import Phase

log = logging.getLogger(__name__)

STEP_S = 30.0
# At the set hour there should be something new to learn.
NEW_LEAST = 1
# A run that failed would fail again at once.
AFTER_FAILURE_S = 6 * 3_600.0


class Triggers:
    """Asks for runs for one team."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        trust_at_least: float,
        uncontested_most: int,
        after_labels: int,
        begin: Callable[[], None],
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._trust = trust_at_least, uncontested_most
        self._after_labels = after_labels
        self._begin = begin
        self._next = 0.0

    def step(self) -> float | None:
        """Ask for a run where enough labels are new; 0 labels is never enough."""
        if time.monotonic() < self._next or not self._after_labels:
            return STEP_S
        self._next = time.monotonic() + STEP_S
        new = self.new_labels()
        if new >= self._after_labels and not self._failed_lately():
            self.ask(f"{new} new labels")
        return STEP_S

    def due(self) -> None:
        """The hour has come."""
        new = self.new_labels()
        if new < NEW_LEAST:
            log.info("nothing new to learn")
            return
        self.ask("the set time")

    def drifted(self, reason: str) -> None:
        """What people write has changed."""
        if self.new_labels():
            self.ask(reason)

    def ask(self, cause: str) -> None:
        """Ask for a run, unless one is under way: also one in shadow, whose duel should end."""
        with self._database.writing() as session:
            if runs.under_way(session, self._team_id):
                return
            try:
                runs.ask(session, self._team_id, cause, seed=int(time.time()) % 100_000)
            except RunUnderWayError:
                return
        self._begin()

    def _failed_lately(self) -> bool:
        with self._database.reading() as session:
            latest = runs.latest(session, self._team_id)
        if latest is None or latest.phase is not Phase.FAILED:
            return False
        return time.time() - (latest.ended_at or 0.0) < AFTER_FAILURE_S

    def new_labels(self) -> int:
        """Labels to train on that the latest run did not learn from, or learned otherwise."""
        with self._database.reading() as session:
            found = admit(resolution.evidence(session, self._team_id), *self._trust).admitted
            latest = runs.latest(session, self._team_id)
            known = splits.lessons(session, latest.id) if latest else {}
            held = splits.held_out(session, self._team_id)
        return sum(known.get(one) != label for one, (label, _) in found.items() if one not in held)
