"""Asks reviewers about messages from the pool: within a budget, by a query strategy, and a tenth at random."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable

import numpy as np
from sqlmodel import Session

from learning.active import doubting
from learning.active.query_strategies import Fair, Pool, pick
from learning.encoders.encoder import Vectors
from learning.heads.champion import Champion
from storage.database.engine import Database
from storage.feedback import questions
from storage.messages import messages
from storage.models import predictions

log = logging.getLogger(__name__)

DAY_S = 86_400.0
POOL_MOST = 100_000
# A strategy that may take everything chooses nothing: of what waits, at most this share is asked at a time.
CHOICE = 0.2
# The budget is spent in portions over the day, so that the evening's messages have a chance too.
PORTIONS = 5
RANDOM_WINDOW_S = 7 * DAY_S


class Asking:
    """Spends a team's daily budget of questions to reviewers; one replica at a time, which is the caller's concern."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        champion: Champion,
        strategy: str,
        per_day: int,
        on_asked: Callable[[], None],
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._champion = champion
        self._strategy = strategy
        self._per_day = per_day
        self._on_asked = on_asked

    def ask(self) -> None:
        """Ask about as many messages as the budget allows now, and about labels that look wrong while that pays."""
        self._doubt()
        allowance = self._allowance()
        if not allowance:
            return
        with self._database.reading() as session:
            pool = questions.pool(session, self._team_id, POOL_MOST)
        number = min(allowance, math.ceil(CHOICE * len(pool)))
        if number:
            self._ask(pool, number)

    def _doubt(self) -> None:
        with self._database.reading() as session:
            due = doubting.due(session, self._team_id)
        if not due:
            return
        with self._database.writing() as session:
            number = doubting.ask(session, self._team_id, due)
        if number:
            log.info("asked reviewers doubted=%d", number)
            self._on_asked()

    def _allowance(self) -> int:
        """How many may be asked now: so that neither a day nor a portion of it is overspent."""
        portion = math.ceil(self._per_day / PORTIONS)
        portion_s = DAY_S * portion / max(self._per_day, 1)
        now = time.time()
        with self._database.reading() as session:
            today = questions.asked(session, self._team_id, now - DAY_S).total
            lately = questions.asked(session, self._team_id, now - portion_s).total
        return max(0, min(self._per_day - today, portion - lately))

    def _ask(self, pool: list[str], number: int) -> None:
        with self._database.reading() as session:
            before = questions.asked(session, self._team_id)
            anything = questions.everything(session, self._team_id, time.time() - RANDOM_WINDOW_S)
        known, options = self._options(pool)
        row = {message_id: number for number, message_id in enumerate(known)}
        rows = np.array([row.get(message_id, -1) for message_id in anything], dtype=np.int64)
        fair = Fair(rows, before.total, before.random)
        picked = pick(self._strategy, options, number, before.total, fair)
        with self._database.writing() as session:
            for at in picked.at_random:
                self._ask_about(session, anything[at], questions.RANDOM, is_random=True)
            for at in picked.chosen:
                self._ask_about(session, known[at], self._strategy, is_random=False)
        log.info(
            "asked reviewers random=%d chosen=%d pool=%d",
            len(picked.at_random),
            len(picked.chosen),
            len(pool),
        )
        self._on_asked()

    def _ask_about(self, session: Session, message_id: str, source: str, is_random: bool) -> None:
        if messages.is_standing(session, message_id):
            questions.ask(session, self._team_id, message_id, source, is_random)

    def _options(self, pool: list[str]) -> tuple[list[str], Pool]:
        """Those of the pool that have a vector, and what a strategy chooses them by."""
        served = self._champion.served
        with self._database.reading() as session:
            fingerprint = served.encoder.fingerprint
            vectors = predictions.vectors(session, fingerprint, pool)
            concerned = questions.concerned(session, self._team_id)
            labelled = list(predictions.vectors(session, fingerprint, concerned).values())
        known = [message_id for message_id in pool if message_id in vectors]
        rows = _matrix([vectors[message_id] for message_id in known], served.encoder.dimensions)
        asked = _matrix(labelled, served.encoder.dimensions)
        return known, Pool(served.centred(rows), served.head.probabilities(rows), served.centred(asked))


def _matrix(vectors: list[Vectors], dimensions: int) -> Vectors:
    return np.array(vectors, dtype=np.float32).reshape(len(vectors), dimensions)
