"""Watching: a new champion that is corrected more often than the one before is rolled back by itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from sqlmodel import Session

from learning import trust, watch
from learning.trust import Belief
from learning.watch import Rate
from storage import predictions, resolution, versions
from storage.database import Database
from storage.resolution import Evidence
from storage.tables import Grounds

log = logging.getLogger(__name__)

STEP_S = 10.0
# The champion before is known by this many of its latest messages.
BEFORE_MOST = 1_000


class Watching:
    """Looks at the corrections of whoever was promoted last."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        tolerance: float,
        settle_s: float,
        belief: Belief,
        on_change: Callable[[], None],
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._tolerance = tolerance
        self._settle_s = settle_s
        self._belief = belief
        self._on_change = on_change
        self._next = 0.0

    def step(self) -> float | None:
        """Judge; roll back where it is worse."""
        if time.monotonic() < self._next:
            return self._next - time.monotonic()
        self._next = time.monotonic() + STEP_S
        with self._database.reading() as session:
            promotion = versions.latest_promotion(session, self._team_id)
            if promotion is None:
                return STEP_S
            corrected = self._corrected(session)
            now = self._rate(session, promotion.challenger, promotion.made_at, corrected)
            before = self._rate(session, promotion.champion, 0.0, corrected)
        found = watch.judge(now, before, self._tolerance)
        if found.is_worse:
            self._roll_back(promotion.challenger, f"v{promotion.challenger} {found.reason}")
        return STEP_S

    def _corrected(self, session: Session) -> dict[str, str]:
        """Labels from reviewers and trusted users, by message id."""
        evidence, trusted = trust.read(session, self._team_id, self._belief)
        said: dict[str, str] = {}
        for one in evidence:
            words = tuple(word for word in one.words if word.user_id in trusted)
            label_id = resolution.label_of(Evidence(one.message_id, words, one.verdict))
            if label_id:
                said[one.message_id] = label_id
        return said

    def _rate(self, session: Session, version: int, since: float, corrected: dict[str, str]) -> Rate:
        """Messages that people had time to correct: a correction comes sooner than its absence shows."""
        until = time.time() - self._settle_s
        said = predictions.of_version(session, self._team_id, version, since, until, BEFORE_MOST)
        wrong = sum(corrected.get(message_id, label_id) != label_id for message_id, label_id in said)
        return Rate(wrong, len(said))

    def _roll_back(self, number: int, reason: str) -> None:
        with self._database.writing() as session:
            if versions.in_service(session, self._team_id) != number:
                return
            ruling = versions.roll_back(session, self._team_id, "", reason, Grounds.WATCH)
            versions.rule(session, ruling)
        log.warning("rolled back version=%d", number)
        self._on_change()
