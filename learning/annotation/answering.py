"""The way back: reviewers' answers are fetched when a webhook hints at them, and by polling always.

A hint says which record to look at; nothing depends on its coming. Polling compares the time of the dataset's last
activity with the one up to which everything is stored, and reads all records again where they differ: Argilla gives
no way to ask for what changed since then, as a changed answer leaves its record's own time alone.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from learning.annotation.asking_again import ask_again
from learning.annotation.collection import by_id, store, sweep
from learning.annotation.datasets import Datasets, TeamDatasets
from learning.annotation.moving import Move
from learning.argilla.backoff import Patience
from learning.argilla.connection import (
    ArgillaConnection,
    ArgillaNotFoundError,
    ArgillaRefusedError,
    ArgillaUnavailableError,
)
from learning.argilla.ownership import ForeignDatasetError
from storage.database.engine import Database
from storage.database.leases import LeaseClaim
from storage.messages import datasets
from storage.tables.annotation import Dataset

log = logging.getLogger(__name__)

Fault = ArgillaNotFoundError | ArgillaRefusedError | ForeignDatasetError

# Reading everything again may take this share of the time.
DUTY = 0.1
# Answers that were written by Argilla's client leave no trace of activity.
SWEEP_AT_LEAST_EVERY_S = 600.0
MOVED_KEPT_S = 86_400.0


class Answering:
    """Keeps the stored answers of one team in line with Argilla's; tells `on_news` when something changed."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        connection: ArgillaConnection,
        kept: TeamDatasets,
        on_news: Callable[[int], None],
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._connection = connection
        self._kept = kept
        self._on_news = on_news
        self.claim = LeaseClaim(database, f"answers {team_id}")
        self._hints: set[tuple[str, str]] = set()
        self._hinting = threading.Lock()
        self._next_sweep: dict[str, float] = {}
        self._swept_at: dict[str, float] = {}
        self.patience = Patience("fetching of answers")

    def hint(self, dataset_id: str, record_id: str) -> None:
        """Something happened to this record."""
        with self._hinting:
            self._hints.add((dataset_id, record_id))

    def step(self) -> float | None:
        """Fetch what is new."""
        if self.patience.left_s():
            return self.patience.left_s()
        made = {kept: current for kept in self._kept.panels.values() if (current := kept.current())}
        if not made or not self.claim.hold():
            self.patience.leave_to_others()
            return None
        with self._hinting:
            hints, self._hints = self._hints, set()
        try:
            collected = [self._collect(kept, current, hints) for kept, current in made.items()]
        except ArgillaUnavailableError as error:
            return self.patience.failed(error)
        faults = [fault for fault in collected if fault]
        if faults:
            return self.patience.failed(faults[0])
        self.patience.succeeded()
        return None

    def _collect(self, kept: Datasets, current: Dataset, hints: set[tuple[str, str]]) -> Fault | None:
        """Fetch from one dataset and from those that it took the place of; why that failed for this one alone."""
        try:
            self._follow_hints(current, hints)
            self._poll(current)
            ask_again(self._connection, self._database, current.id)
            for one in kept.left():
                self._carry_over(one, kept)
        except ArgillaNotFoundError as error:
            kept.look_again()
            return error
        except (ArgillaRefusedError, ForeignDatasetError) as error:
            return error
        return None

    def close(self) -> None:
        """Let another replica fetch at once."""
        self.claim.give_up()

    def _follow_hints(self, current: Dataset, hints: set[tuple[str, str]]) -> None:
        wanted = sorted(record_id for dataset_id, record_id in hints if dataset_id == current.id)
        if wanted:
            found = list(by_id(self._connection, current.id, wanted))
            same_request_s = self._connection.same_request_s()
            self._tell(store(self._database, self._team_id, current.id, found, same_request_s))

    def _poll(self, current: Dataset) -> None:
        activity = self._activity(current)
        since_sweep = time.monotonic() - self._swept_at.get(current.id, float("-inf"))
        is_quiet = activity == current.seen and since_sweep < SWEEP_AT_LEAST_EVERY_S
        if is_quiet or time.monotonic() < self._next_sweep.get(current.id, 0.0):
            return
        began = time.monotonic()
        self._tell(sweep(self._connection, self._database, self._team_id, current.id))
        self._swept_at[current.id] = time.monotonic()
        self._next_sweep[current.id] = time.monotonic() + (time.monotonic() - began) / DUTY
        with self._database.writing() as session:
            datasets.see(session, current.id, activity)

    def _activity(self, dataset: Dataset) -> str:
        return str(self._connection.call("GET", f"datasets/{dataset.id}")["last_activity_at"])

    def _tell(self, changed: int) -> None:
        if changed:
            log.info("answers stored records=%d", changed)
            self._on_news(changed)

    def _carry_over(self, left: Dataset, kept: Datasets) -> None:
        """What is still answered in a dataset that reviewers have left goes to the new one; then it is deleted."""
        try:
            activity = self._activity(left)
        except ArgillaNotFoundError:
            return self._is_gone(left)
        if activity != left.seen:
            form = kept.form()
            Move(self._connection, self._database, left.id, form).latecomers(left.seen)
            with self._database.writing() as session:
                datasets.see(session, left.id, activity)
            return None
        if left.moved_at and time.time() - left.moved_at > MOVED_KEPT_S:
            self._connection.call("DELETE", f"datasets/{left.id}")
            self._is_gone(left)
        return None

    def _is_gone(self, left: Dataset) -> None:
        with self._database.writing() as session:
            datasets.gone(session, left.id)
