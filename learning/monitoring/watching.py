"""Watching: a new champion that is corrected more often than the one before is rolled back within seconds."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from sqlmodel import Session

from learning.data import trust
from learning.data.trust import Belief
from learning.evaluation import watch
from learning.evaluation.watch import Rate
from storage.database.engine import Database
from storage.feedback import resolution
from storage.feedback.resolution import Evidence, State
from storage.models import predictions, versions
from storage.tables.models import Grounds, Ruling

log = logging.getLogger(__name__)

# Silence settles without anybody saying so: it is looked at so often.
SILENCE_S = 10.0
# Each of the two is known by this many of its latest messages.
MESSAGES_MOST = 1_000


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
        """`settle_s`: so long after a message silence means that nobody will correct it."""
        self._database = database
        self._team_id = team_id
        self._tolerance = tolerance
        self._settle_s = settle_s
        self._belief = belief
        self._on_change = on_change
        self._looked_at: tuple[str, State] | None = None
        self._next = 0.0

    def step(self) -> float | None:
        """Judge, where somebody said something or silence may have settled; roll back a model that is worse."""
        with self._database.reading() as session:
            promotion = versions.latest_promotion(session, self._team_id)
            if promotion is None:
                return None
            standing = promotion.id, resolution.state(session, self._team_id)
            if standing == self._looked_at and time.monotonic() < self._next:
                return None
            found = self._judge(session, promotion)
        self._looked_at, self._next = standing, time.monotonic() + SILENCE_S
        if found.is_worse:
            self._roll_back(promotion.challenger, f"v{promotion.challenger} {found.reason}")
        return None

    def _judge(self, session: Session, promotion: Ruling) -> watch.WatchStanding:
        since, now = promotion.made_at, time.time()
        lately = self._predicted(session, promotion.challenger, (since, now))
        settled = self._predicted(session, promotion.challenger, (since, now - self._settle_s))
        # People had longer to correct these than the challenger's, so silence about them counts at once.
        before = self._predicted(session, promotion.champion, (0.0, now))
        most = predictions.count_contradicted(session, self._team_id, promotion.challenger, since)
        lately_at_worst, settled_at_worst = (
            Rate(min(most, len(said)), len(said)) for said in (lately, settled)
        )
        found = watch.judge_soon(lately_at_worst, settled_at_worst, Rate(0, len(before)), self._tolerance)
        if not found.is_worse:
            return found  # whoever is believed; that takes much longer to find out
        corrected = self._corrected(session)
        return watch.judge_soon(
            _rate(lately, corrected), _rate(settled, corrected), _rate(before, corrected), self._tolerance
        )

    def _predicted(
        self, session: Session, version: int, between: tuple[float, float]
    ) -> list[tuple[str, str]]:
        """Message id and label id of what a version said last between two moments."""
        return predictions.of_version(session, self._team_id, version, *between, MESSAGES_MOST)

    def _corrected(self, session: Session) -> dict[str, str]:
        """Labels from reviewers and trusted users, by message id."""
        gathered, trusted = trust.gather(session, self._team_id, self._belief)
        said = {one: word.label_id for one, word in gathered.once.items() if word.user_id in trusted}
        for one in gathered.others:
            words = tuple(word for word in one.words if word.user_id in trusted)
            label_id = resolution.label_of(Evidence(one.message_id, words, one.verdict))
            if label_id:
                said[one.message_id] = label_id
        return said

    def _roll_back(self, number: int, reason: str) -> None:
        with self._database.writing() as session:
            if versions.in_service(session, self._team_id) != number:
                return
            ruling = versions.roll_back(session, self._team_id, "", reason, Grounds.WATCH)
            versions.rule(session, ruling)
        log.warning("rolled back version=%d", number)
        self._on_change()


def _rate(said: list[tuple[str, str]], corrected: dict[str, str]) -> Rate:
    """How many of these messages were corrected until now."""
    wrong = sum(corrected.get(message_id, label_id) != label_id for message_id, label_id in said)
    return Rate(wrong, len(said))
