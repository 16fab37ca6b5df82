"""Drifting: looks whether last week's messages are like those that the model learned from."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import numpy as np

from learning.drift import falling, mmd
from storage import predictions, resolution, runs, splits, versions
from storage.database import Database

log = logging.getLogger(__name__)

WEEK_S = 7 * 86_400.0
LATELY_MOST = 1_000


class Drifting:
    """Compares vectors of the last week with those learned from, and how right the model was then and is now."""

    def __init__(self, database: Database, team_id: str, on_drift: Callable[[str], None]) -> None:
        self._database = database
        self._team_id = team_id
        self._on_drift = on_drift

    def look(self) -> None:
        """Look once; tell what has drifted."""
        for has_changed, reason in (self._words(), self._rightness()):
            log.info("drift found=%s reason=%s", has_changed, reason)
            if has_changed:
                self._on_drift(reason)
                return

    def _words(self) -> tuple[bool, str]:
        week_ago = time.time() - WEEK_S
        with self._database.reading() as session:
            number = versions.in_service(session, self._team_id)
            if number is None:
                return False, "no version yet"
            encoder = versions.get(session, self._team_id, number).encoder
            latest = runs.latest(session, self._team_id)
            learned = list(splits.lessons(session, latest.id)) if latest else []
            said = predictions.of_version(session, self._team_id, number, week_ago, time.time(), LATELY_MOST)
            recent = [message_id for message_id, _ in said if message_id not in set(learned)]
            before = list(predictions.vectors(session, encoder, learned).values())
            lately = list(predictions.vectors(session, encoder, recent).values())
        if not before or not lately:
            return False, "too few messages yet"
        found = mmd(np.stack(before), np.stack(lately), seed=0)
        return found.has_drifted, found.reason

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
