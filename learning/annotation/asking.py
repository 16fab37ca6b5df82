"""Asks reviewers about messages from the pool: within a budget, by a query strategy, and a tenth at random."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable

import numpy as np

from learning.champion import Champion
from learning.query_strategies import STRATEGIES, Pool
from storage import messages, predictions, questions
from storage.database import Database

log = logging.getLogger(__name__)

DAY_S = 86_400.0
POOL_MOST = 100_000
# A strategy that may take everything chooses nothing: of what waits, at most this share is asked at a time.
CHOICE = 0.2
# The budget is spent in portions over the day, so that the evening's messages have a chance too.
PORTIONS = 5
RANDOM_SHARE = 0.1
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
        """Ask about as many messages as the budget allows now."""
        allowance = self._allowance()
        if not allowance:
            return
        with self._database.reading() as session:
            pool = questions.pool(session, self._team_id, POOL_MOST)
        number = min(allowance, math.ceil(CHOICE * len(pool)))
        if number:
            self._ask(pool, number)

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
        at_random = min(number, max(0, math.ceil(RANDOM_SHARE * (before.total + number)) - before.random))
        random_ones = self._random(at_random, seed=before.total)
        rest = [message_id for message_id in pool if message_id not in set(random_ones)]
        chosen = self._choose(rest, number - len(random_ones), seed=before.total)
        with self._database.writing() as session:
            for message_id in (*random_ones, *chosen):
                is_random = message_id in random_ones
                source = questions.RANDOM if is_random else self._strategy
                if messages.is_standing(session, message_id):
                    questions.ask(session, self._team_id, message_id, source, is_random)
        log.info("asked reviewers random=%d chosen=%d pool=%d", len(random_ones), len(chosen), len(pool))
        self._on_asked()

    def _random(self, number: int, seed: int) -> list[str]:
        with self._database.reading() as session:
            every = questions.everything(session, self._team_id, time.time() - RANDOM_WINDOW_S)
        if not number or not every:
            return []
        picked = np.random.default_rng(seed).choice(len(every), size=min(number, len(every)), replace=False)
        return [every[index] for index in picked]

    def _choose(self, pool: list[str], number: int, seed: int) -> list[str]:
        served = self._champion.served
        with self._database.reading() as session:
            fingerprint = served.encoder.fingerprint
            vectors = predictions.vectors(session, fingerprint, pool)
            concerned = questions.concerned(session, self._team_id)
            labelled = list(predictions.vectors(session, fingerprint, concerned).values())
        known = [message_id for message_id in pool if message_id in vectors]
        if not known or not number:
            return []
        rows = np.stack([vectors[message_id] for message_id in known])
        asked = np.array(labelled, dtype=np.float32).reshape(len(labelled), rows.shape[1])
        options = Pool(served.centred(rows), served.head.probabilities(rows), served.centred(asked))
        return [known[index] for index in STRATEGIES[self._strategy](options, number, seed)]
