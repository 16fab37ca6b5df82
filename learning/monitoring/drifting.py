"""Drifting: looks whether last week's messages are like those from which the model in service was made."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import numpy as np

from learning.encoders import vectors
from learning.encoders.encoder import Vectors
from learning.evaluation.drift import SAMPLE_MOST, falling, mmd
from learning.heads.champion import Champion, Served
from storage.database.engine import Database
from storage.feedback import resolution
from storage.models import predictions, versions

log = logging.getLogger(__name__)

WEEK_S = 7 * 86_400.0
LATELY_MOST = 1_000


class Drifting:
    """Compares messages of the last week with those of the time before, and how right the model was then and is now.

    Before: when the version in service was trained. All messages count, not the labelled ones alone: these are picked
    for being doubtful, so they need not be like a week's messages (docs/decisions/0011-gate-duel-watch.md).
    """

    def __init__(
        self, database: Database, team_id: str, champion: Champion, on_drift: Callable[[str], None]
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._champion = champion
        self._on_drift = on_drift

    def look(self) -> None:
        """Look once; tell what has drifted."""
        for has_changed, reason in (self._words(), self._rightness()):
            log.info("drift found=%s reason=%s", has_changed, reason)
            if has_changed:
                self._on_drift(reason)
                return

    def _words(self) -> tuple[bool, str]:
        served, now = self._champion.served, time.time()
        with self._database.reading() as session:
            version = versions.get(session, self._team_id, served.version)
            # One that is not fine-tuned was made from no messages: all before this week are before.
            until = min(version.created_at, now - WEEK_S) if version.run_id else now - WEEK_S
            before, lately = (
                predictions.between(session, self._team_id, *span, LATELY_MOST)
                for span in ((0.0, until), (now - WEEK_S, now))
            )
        found = mmd(self._vectors(before, served), self._vectors(lately, served), seed=0)
        return found.has_drifted, found.reason

    def _vectors(self, message_ids: list[str], served: Served) -> Vectors:
        """Of some of the messages, centred: (messages, dimensions). What another encoder read is read again."""
        order = np.random.default_rng(0).permutation(len(message_ids))
        chosen = [message_ids[at] for at in order[:SAMPLE_MOST]]
        found = vectors.of_messages(self._database, served.encoder, chosen)
        rows = np.vstack([np.zeros((0, served.encoder.dimensions), dtype=np.float32), *found.values()])
        return served.centred(rows)

    def _rightness(self) -> tuple[bool, str]:
        """Of the judged messages of the version in service: the last week against before."""
        now = time.time()
        with self._database.reading() as session:
            number = versions.in_service(session, self._team_id)
            if number is None:
                return False, "no version yet"
            labels = resolution.labelled(session, self._team_id)
            spans = [
                predictions.of_version(session, self._team_id, number, after, until, LATELY_MOST)
                for after, until in ((0.0, now - WEEK_S), (now - WEEK_S, now))
            ]
        judged = [[labels[one] == label for one, label in said if one in labels] for said in spans]
        before, lately = ((sum(right), len(right)) for right in judged)
        found = falling(before, lately)
        return found.has_fallen, found.reason
