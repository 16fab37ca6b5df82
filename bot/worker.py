"""Background work: one thread that repeats one step, owned by whoever started it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from bot.metrics import Metrics

log = logging.getLogger(__name__)

IDLE_S = 2.0
AFTER_ERROR_S = (0.2, 0.5, 1.0, 2.0, 5.0)


class Worker:
    """Repeats `step`, which returns for how many seconds nothing will be due (None: until woken or IDLE_S).

    An error of a step is logged and counted, and the step repeated after a pause: nothing here ends the thread
    but `stop`.
    """

    def __init__(self, name: str, step: Callable[[], float | None], metrics: Metrics) -> None:
        self.name = name
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

    def _run(self) -> None:
        errors = 0
        while not self._stopping.is_set():
            try:
                pause_s = self._step()
            except Exception:
                log.exception("step failed part=%s", self.name)
                self._metrics.errors.labels(self.name).inc()
                self._stopping.wait(AFTER_ERROR_S[min(errors, len(AFTER_ERROR_S) - 1)])
                errors += 1
            else:
                self._woken.wait(IDLE_S if pause_s is None else min(pause_s, IDLE_S))
                errors = 0
            self._woken.clear()  # before looking whether to stop: `stop_soon` sets both
