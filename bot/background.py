"""The bot's background work: predicting what waits, and refitting the head."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from bot.metrics import Metrics
from learning.champion import Champion
from learning.classification import BATCH, Classifier
from learning.refit import Refitter
from storage.resolution import State

log = logging.getLogger(__name__)

GATHER_S = 0.010


class Predicting:
    """Predicts what waits, in micro-batches: messages that come within GATHER_S of each other share one."""

    def __init__(
        self,
        classifier: Classifier,
        metrics: Metrics,
        tell: Callable[[], None],
        relearn: Callable[[], None],
    ) -> None:
        self._classifier = classifier
        self._metrics = metrics
        self._tell = tell
        self._relearn = relearn

    def step(self) -> float | None:
        """One batch; 0 where more may wait than fitted into it."""
        time.sleep(GATHER_S)
        batch = self._classifier.predict_waiting()
        if not batch.messages:
            return None
        self._tell()
        if batch.again:
            self._relearn()
        now = time.time()
        for message in batch.messages:
            self._metrics.predictions.inc()
            self._metrics.prediction_seconds.observe(now - message.received_at)
        self._metrics.errors.labels("model").inc(batch.unreadable)
        return 0.0 if len(batch.messages) == BATCH else None


class Learning:
    """Refits the head whenever people have said something new, here or through another replica."""

    def __init__(self, refitter: Refitter, metrics: Metrics) -> None:
        self._refitter = refitter
        self._metrics = metrics
        self._fitted: State | None = refitter.state()
        self.champion = Champion(refitter.serve())

    def start_over(self) -> None:
        """Refit although nobody said anything: something that was learned from is gone."""
        self._fitted = None

    def step(self) -> float | None:
        """Refit where something is new."""
        state = self._refitter.state()
        if state == self._fitted:
            return None
        began = time.perf_counter()
        served = self._refitter.serve(self.champion.served)
        self.champion.swap(served)
        self._fitted = state
        took_s = time.perf_counter() - began
        self._metrics.refits.inc()
        self._metrics.refit_seconds.observe(took_s)
        log.info("refitted version=%s revision=%s seconds=%.3f", served.version, served.revision, took_s)
        return 0.0
