"""The bot's background work: predicting what waits, refitting the head, swapping versions."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable

from bot.context.metrics import Metrics
from learning.active.vetting import Vetting
from learning.classifying.micro_batches import Classifier
from learning.serving.hot_swap import Following
from storage.database.engine import Database
from storage.feedback import resolution
from storage.feedback.resolution import State

log = logging.getLogger(__name__)

# How long a batch waits for more messages: not at all after a pause, and where batches come within BACK_TO_BACK_S of
# each other, longer each time up to GATHER_MOST_S.
GATHER_MOST_S = 0.010
GATHER_MORE_S = 0.002
BACK_TO_BACK_S = 0.020


class Predicting:
    """Predicts what waits in one lane, in micro-batches: what comes while one is predicted shares the next."""

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
        self._gather_s = 0.0
        self._is_more = False
        self._ended = -math.inf

    def step(self) -> float | None:
        """One batch; 0 where more may wait than fitted into it."""
        self._gather()
        batch = self._classifier.predict_waiting()
        self._is_more = batch.is_full
        if not batch.messages:
            return None
        self._ended = time.monotonic()
        self._tell()
        if batch.again:
            self._relearn()
        now = time.time()
        for message in batch.messages:
            self._metrics.predictions.inc()
            self._metrics.prediction_seconds.observe(now - message.received_at)
        self._metrics.errors.labels("model").inc(batch.unreadable)
        return 0.0 if batch.is_full else None

    def _gather(self) -> None:
        """Under load fewer and fuller batches cost less; nobody waits where there is none, or enough waits already."""
        if self._is_more:
            return
        is_busy = time.monotonic() - self._ended < BACK_TO_BACK_S
        self._gather_s = min(self._gather_s + GATHER_MORE_S, GATHER_MOST_S) if is_busy else 0.0
        if self._gather_s:
            time.sleep(self._gather_s)


class Learning:
    """Refits the head whenever people have said something new, here or through another replica, or imported labels."""

    def __init__(
        self, following: Following, database: Database, team_id: str, metrics: Metrics, vetting: Vetting
    ) -> None:
        self._following = following
        self._database = database
        self._team_id = team_id
        self._metrics = metrics
        self._vetting = vetting
        self.is_stopping: Callable[[], bool] = lambda: False
        self._fitted: State | None = None  # people may have spoken since the champion was fitted

    def start_over(self) -> None:
        """Refit although nobody said anything: something that was learned from is gone, or another version serves."""
        self._fitted = None

    def step(self) -> float | None:
        """Refit where something is new; where nothing is, end what was begun in haste."""
        state = self._state()
        if state == self._fitted and self._following.is_behind:
            if not self._following.catch_up():
                return 0.0  # a few at a time: somebody may say something meanwhile
        elif state == self._fitted and self._following.is_settled:
            return 0.0 if self._vetting.compare(self._following.refitter) else None
        elif state == self._fitted:
            return self._settle()
        else:
            self._vetting.look(self._following.refitter)
            state = self._state()  # a burst that is held back now is not learned from
        began = time.perf_counter()
        self._fitted = state
        served = self._following.refit()
        if served is None:
            self._fitted = None
            return 0.1
        took_s = time.perf_counter() - began
        self._metrics.refits.inc()
        self._metrics.refit_seconds.observe(took_s)
        log.info("refitted version=%s revision=%s seconds=%.3f", served.version, served.revision, took_s)
        return 0.0

    def _settle(self) -> float | None:
        began = time.perf_counter()
        served = self._following.settle(lambda: not self.is_stopping() and self._state() == self._fitted)
        if served and self._following.is_settled:
            took_s = time.perf_counter() - began
            log.info("settled version=%s revision=%s seconds=%.3f", served.version, served.revision, took_s)
        return 0.0

    def _state(self) -> State:
        with self._database.reading() as session:
            return resolution.state(session, self._team_id)


class Swapping:
    """Follows the alias: loads the version that it names beside the one in service, and swaps them."""

    def __init__(self, following: Following, metrics: Metrics, relearn: Callable[[], None]) -> None:
        self._following = following
        self._metrics = metrics
        self._relearn = relearn

    def step(self) -> float | None:
        """Swap where the alias has moved."""
        began = time.perf_counter()
        swap = self._following.follow()
        if swap is None:
            return None
        self._metrics.swaps.inc()
        self._metrics.swap_seconds.observe(time.perf_counter() - began)
        self._relearn()
        return 0.0
