"""Background work: one thread that repeats one step, owned by whoever started it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from bot.context.health import Trouble
from bot.context.metrics import Metrics
from storage.database.faults import reason_of

log = logging.getLogger(__name__)

IDLE_S = 2.0
AFTER_ERROR_S = (0.2, 0.5, 1.0, 2.0, 5.0)


class Worker:
    """Repeats `step`, which returns for how many seconds nothing will be due (None: until woken or IDLE_S).

    An error of a step is logged and counted, and the step repeated after a pause: nothing here ends the thread
    but `stop`. `longest_s`: a step that takes longer hangs, and only a restart helps; None if a step may take any time.
    """

    def __init__(
        self, name: str, step: Callable[[], float | None], metrics: Metrics, longest_s: float | None = None
    ) -> None:
        self.name = name
        self._longest_s = longest_s
        self._seen_at = time.time()
        self._began: float | None = None  # by the monotonic clock
        self._failing: Trouble | None = None
        self._step = step
        self._metrics = metrics
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """There is something to do now."""
        self._woken.set()

    def stop_soon(self) -> None:
        """Begin no further step."""
        self._stopping.set()
        self._woken.set()

    def stop(self, timeout_s: float) -> None:
        """Begin no further step; let the one under way end, for at most `timeout_s` seconds."""
        self.stop_soon()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    @property
    def is_stopping(self) -> bool:
        """Should a step that takes long come to its end?"""
        return self._stopping.is_set()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def dead(self) -> Trouble | None:
        """Why only a restart helps: the thread is gone although nobody stopped it, or its step hangs."""
        if self._thread.ident is None or self.is_stopping:
            return None
        if not self._thread.is_alive():
            return Trouble(self.name, "thread_ended", self._seen_at)
        began = self._began
        if began is None or self._longest_s is None or time.monotonic() - began < self._longest_s:
            return None
        return Trouble(self.name, "hangs", self._seen_at)

    def failing(self) -> Trouble | None:
        """The error with which its steps end, and since when."""
        return self._failing

    def _run(self) -> None:
        errors = 0
        while not self._stopping.is_set():
            self._seen_at, self._began = time.time(), time.monotonic()
            try:
                pause_s = self._step()
            except Exception as error:
                self._began = None
                since = self._failing.since if self._failing else time.time()
                self._failing = Trouble(self.name, reason_of(error), since)
                log.exception("step failed part=%s", self.name)
                self._metrics.errors.labels(self.name).inc()
                self._stopping.wait(AFTER_ERROR_S[min(errors, len(AFTER_ERROR_S) - 1)])
                errors += 1
            else:
                self._began = self._failing = None
                self._woken.wait(IDLE_S if pause_s is None else min(pause_s, IDLE_S))
                errors = 0
            self._woken.clear()  # before looking whether to stop: `stop_soon` sets both
