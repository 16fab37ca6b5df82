"""Switching: an operator wants another encoder, which is made ready beside the one in service and takes its place.

A switch is a run that trains nothing (`Run.encoder`), so it survives the process: its note, the App Home and
`corrigible status` follow it, and whoever holds the lease goes on with what the new encoder has not read yet.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from learning.encoders import vectors
from learning.encoders.encoder import Encoder, EncoderNotFoundError
from learning.encoders.vectors import AT_ONCE
from learning.model_files import multilingual
from learning.serving.registry import Registry
from storage.database.engine import Database
from storage.database.leases import LeaseClaim
from storage.models import predictions, runs, versions
from storage.tables.models import Phase, Run

log = logging.getLogger(__name__)

ATTEMPTS_MOST = 4
# So many messages are read again before the new encoder serves; an older one is read when it is needed.
READ_MOST = 20_000
PREPARING, READING, DONE = (
    "the encoder is made ready",
    "messages are read again",
    "it reads messages from now on",
)
DIES = "its process died again and again"
# Getting ready is so much of the whole.
PREPARED = 0.1


@dataclass
class _SwitchUnderWay:
    """The switch that this process works on: messages still to be read, latest last, of `messages` in all."""

    run_id: str
    version: int
    encoder: Encoder
    unread: list[str]
    messages: int

    @property
    def done(self) -> float:
        read = 1 - len(self.unread) / self.messages if self.messages else 1.0
        return round(PREPARED + (1 - PREPARED) * read, 2)


class Switching:
    """Takes a team's switch to its end; one process at a time. `on_change`: there is something to tell, or to swap."""

    def __init__(
        self, database: Database, team_id: str, registry: Registry, on_change: Callable[[], None]
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._registry = registry
        self._on_change = on_change
        self.claim = LeaseClaim(database, f"switching {team_id}")
        self._work: _SwitchUnderWay | None = None

    def step(self) -> float | None:
        """Make the encoder ready, read a few messages by it, or put it into service; None where nobody wants that."""
        with self._database.reading() as session:
            run = runs.to_switch(session, self._team_id)
        if run is None or not self.claim.hold():
            self._work = None
            return None
        if self._work is None or self._work.run_id != run.id:
            self._begin(run)
        elif self._work.unread:
            self._read(self._work)
        else:
            self._end(run, self._work)
        return 0.0

    def close(self) -> None:
        """Let another process go on at once."""
        self.claim.give_up()

    def _begin(self, run: Run) -> None:
        if run.attempts >= ATTEMPTS_MOST:
            self._fail(run, DIES)
            return
        self._tell(
            run.id,
            phase=Phase.TRAINING,
            stage=PREPARING,
            attempts=run.attempts + 1,
            started_at=run.started_at or time.time(),
        )
        name = str(run.encoder)
        if name == multilingual.NAME:
            multilingual.prepare()
        try:
            version = self._registry.switch(name)
        except EncoderNotFoundError as error:
            self._fail(run, str(error))
            return
        self._work = self._gather(run, version.number)
        self._tell(run.id, stage=READING, done=self._work.done, attempts=0)
        log.info("switching version=%d unread=%d", version.number, len(self._work.unread))

    def _gather(self, run: Run, number: int) -> _SwitchUnderWay:
        encoder = self._registry.load(number).encoder
        with self._database.reading() as session:
            latest = predictions.latest(session, self._team_id, READ_MOST)
            known = predictions.having_vectors(session, encoder.fingerprint, latest)
        unread = [message_id for message_id in reversed(latest) if message_id not in known]
        return _SwitchUnderWay(run.id, number, encoder, unread, len(latest))

    def _read(self, work: _SwitchUnderWay) -> None:
        before = work.done
        vectors.read(self._database, work.encoder, work.unread[-AT_ONCE:][::-1])
        del work.unread[-AT_ONCE:]
        if work.done > before:
            self._tell(work.run_id, done=work.done)

    def _end(self, run: Run, work: _SwitchUnderWay) -> None:
        """Its head is fitted where it is swapped in: in each process that serves."""
        self._registry.load(work.version).read_again()
        with self._database.writing() as session:
            versions.lock(session, self._team_id)
            if runs.is_ended(session, run.id):
                return
            ruling = versions.promotion(session, self._team_id, work.version, run.asked_by, run.cause)
            ruling.run_id = run.id
            runs.end(session, run.id, Phase.PROMOTED, DONE, version=work.version, done=1.0)
            if ruling.champion != work.version:
                versions.rule(session, ruling)
        log.info("switched version=%d previous=%d", work.version, ruling.champion)
        self._work = None
        self._on_change()

    def _fail(self, run: Run, reason: str) -> None:
        log.error("the encoder was not switched: %s", reason)
        with self._database.writing() as session:
            runs.end(session, run.id, Phase.FAILED, reason, failed=reason)
        self._on_change()

    def _tell(self, run_id: str, **changes: object) -> None:
        with self._database.writing() as session:
            runs.tell(session, run_id, **changes)
        self._on_change()
